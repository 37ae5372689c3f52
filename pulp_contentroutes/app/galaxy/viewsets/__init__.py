"""Collections, roles, their repositories and distributions in Pulp's REST API."""
