"""The request path without Django: aiohttp and yarl only, so that it tests in milliseconds."""
