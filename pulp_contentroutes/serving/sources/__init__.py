"""The sources of bytes: stored files."""
