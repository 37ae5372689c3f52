"""The Galaxy API, which ansible-galaxy uses."""
