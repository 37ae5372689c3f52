"""A whole Pulp in one command: PostgreSQL, settings, processes, nginx."""
