"""A filter that keeps unreadable requests out of the log: aiohttp would log them, secrets too."""

import logging

from aiohttp.http_exceptions import BadHttpMessage

#: The loggers of aiohttp's server: below gunicorn, and on its own.
_LOGGERS = ("gunicorn.error", "aiohttp.server")


class _WithoutRequest(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, BadHttpMessage):
            # The traceback ends with the bytes that the client sent.
            record.msg = f"{record.getMessage()}: it cannot be read ({type(error).__name__})"
            record.args = record.exc_info = record.exc_text = None
        return True


def hide_unreadable_requests() -> None:
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_WithoutRequest())
