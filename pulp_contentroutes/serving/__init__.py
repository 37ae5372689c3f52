"""Request handling without Django: tested in milliseconds, usable by any aiohttp application."""
