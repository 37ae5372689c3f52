"""A fake of Pulp's authentication."""

import asyncio
import warnings

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware


class User:
    def __init__(self, is_authenticated: bool) -> None:
        self.is_authenticated = is_authenticated


class Authentication:
    """A fake of Pulp's authentication: takes the user from `X-User`, and counts the checks."""

    def __init__(self) -> None:
        #: The `X-Name` of each request whose password was checked, in order.
        self.checked: list[str] = []
        self.most_at_once = 0
        self._at_once = 0
        #: If not None, passwords wait for this event.
        self.gate: asyncio.Event | None = None
        #: Whether requests end here, like those for a domain that does not exist.
        self.is_missing = False

    @property
    def middleware(self) -> Middleware:
        @web.middleware
        async def authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.headers.get("Authorization", "").startswith("Basic"):
                await self._check(request)
            if self.is_missing:
                raise web.HTTPNotFound
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                request["user"] = User("X-User" in request.headers)
            return await handler(request)

        return authenticate

    async def _check(self, request: web.Request) -> None:
        self.checked.append(request.headers.get("X-Name", ""))
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        await (self.gate.wait() if self.gate else asyncio.sleep(0))
        self._at_once -= 1

    async def until_checked(self, count: int) -> None:
        """Wait until the check of `count` passwords has begun."""
        while len(self.checked) < count:  # noqa: ASYNC110  not worth an event in a fake
            await asyncio.sleep(0)
