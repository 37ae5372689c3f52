"""The current snapshot of a distribution, and the look-up of the file at a path of it."""
