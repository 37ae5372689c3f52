"""The tasks that Pulp's workers run."""
