"""The check whether the operating system lets Pulp's handler send the file of its answer."""

import asyncio
import errno
import os
import stat

from aiohttp import web

from pulp_contentroutes.serving.errors import FileUnreadable


async def check_readable(response: web.FileResponse) -> None:
    """Raise FileUnreadable if aiohttp would answer 403 or 404 for a file that exists.

    aiohttp's FileResponse opens the file after every middleware, takes each OSError for a missing
    file, and sends the headers of the file with that answer. A file that does not exist is left to
    aiohttp.
    """
    # There is no public name for it, from aiohttp 3.10 to 3.14.
    path = getattr(response, "_path", None)
    if path is not None:
        await asyncio.to_thread(_check, str(path))


def _check(path: str) -> None:
    """Open the file and read a byte of it. Blocking."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(number).st_mode):
                raise FileUnreadable(f"{path} is no file.")
            os.pread(number, 1, 0)
        finally:
            os.close(number)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            raise FileUnreadable(f"{path} cannot be read: {error.strerror}.") from error
