"""Access to content: guards, credentials, and the answers to clients that are refused."""
