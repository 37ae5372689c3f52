"""Collections, roles, their repositories and distributions."""
