"""The mapping from a URL to the content that it means."""
