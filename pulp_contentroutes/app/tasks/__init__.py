"""What workers of Pulp do for us; names and arguments of tasks are frozen once released."""
