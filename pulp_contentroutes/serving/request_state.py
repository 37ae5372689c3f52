"""The state of a request that is not answered from memory: one value for it and all its clones."""

from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.model import Mount, Snapshot, Target

# aiohttp has typed keys since 3.14, and warns about others.
_STATE: Final[Any] = getattr(web, "RequestKey", lambda name, _: name)("contentroutes", object)


@dataclass(slots=True)
class RequestState:
    """The findings of the fast path about a request; aiohttp's `Request.clone` passes them on."""

    #: The reason why Pulp's handler answers; None while undecided, and once we have answered.
    handover: Handover | None = None
    #: The mount that the URL is below, if aiohttp has no route for it.
    mount: Mount | None = None
    #: Whether the content has a guard.
    is_guarded: bool = False
    #: The snapshot and the target of a request whose guard waits for Pulp's authentication.
    waiting: tuple[Snapshot, Target] | None = None


def begin_state(request: web.BaseRequest) -> RequestState:
    """Give the request a state, and return it."""
    state = RequestState()
    request[_STATE] = state
    return state


def state_of(request: web.BaseRequest) -> RequestState | None:
    """Return the state of the request; None if it has not passed the fast path."""
    state: RequestState | None = request.get(_STATE)
    return state


def mount_of(request: web.BaseRequest) -> Mount | None:
    """Return the mount that the request's URL is below, None without one."""
    state = state_of(request)
    return None if state is None else state.mount


def mark_guarded(request: web.BaseRequest) -> None:
    """Record that the content has a guard, whichever handler answers."""
    state = state_of(request)
    if state is not None:
        state.is_guarded = True
