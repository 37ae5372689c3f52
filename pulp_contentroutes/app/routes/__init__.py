"""Content routes, as operators make them: models and their REST API."""
