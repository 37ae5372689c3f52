"""Notifications of changes in the database, and the proof that a worker hears them."""
