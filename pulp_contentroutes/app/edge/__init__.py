"""The parts that join Pulp's content app: the fast path, and Pulp's handler under our prefix."""
