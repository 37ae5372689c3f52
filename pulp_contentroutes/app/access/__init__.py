"""API tokens and token guards."""
