"""Collections, roles, their repositories and distributions, as Pulp's REST API shows them."""
