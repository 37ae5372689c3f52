"""The state of a request that is not answered from memory: one value for it and all its clones."""

from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.model import Mount, Routed, Snapshot, Target

# aiohttp has typed keys since 3.14, and warns about others.
_STATE: Final[Any] = getattr(web, "RequestKey", lambda name, _: name)("contentroutes", object)


@dataclass(slots=True)
class RequestState:
    """The findings of the fast path about a request; aiohttp's `Request.clone` passes them on."""

    #: The reason why Pulp's handler answers; None while undecided, and once we have answered.
    handover: Handover | None = None
    #: The content route of a URL that aiohttp has no route for.
    routed: Routed | None = None
    #: The generation of the table of routes that it was found in; None if that was not certain.
    generation: int | None = None
    #: The mount of `routed` whose content is being looked for, and the number of those before it.
    mount: Mount | None = None
    position: int = 0
    #: The distributions of the mounts before it that lack the file, and the answer of the first
    #: that has refused the client.
    before: tuple[Snapshot, ...] = ()
    refused: web.StreamResponse | None = None
    #: The listings of mounts that have the directory, as Pulp's handler has made them.
    listed: tuple[Any, ...] = ()
    #: Whether the guard of the content route has admitted the client.
    is_admitted: bool = False
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


def routed_of(request: web.BaseRequest) -> Routed | None:
    """Return what the content route of the request's URL says about it, None without a route."""
    state = state_of(request)
    return None if state is None else state.routed


def mount_of(request: web.BaseRequest) -> Mount | None:
    """Return the mount that the request's URL is below, None without one."""
    state = state_of(request)
    return None if state is None else state.mount


def enter_mount(request: web.Request, state: RequestState, position: int) -> None:
    """Let the request be for the content at one of the mounts of its route.

    Recorded in the state, and in the match that Pulp's middleware and handler read.
    """
    assert state.routed is not None
    state.position, state.mount = position, state.routed.mounts[position]
    request.match_info["path"] = state.routed.path_in(state.mount)
    if state.mount.domain is not None:
        request.match_info["pulp_domain"] = state.mount.domain


def record_listing(request: web.BaseRequest, listing: Any) -> None:
    """Record the listing of a directory at one of several mounts."""
    state = state_of(request)
    assert state is not None
    state.listed += (listing,)


def recorded_listings(request: web.BaseRequest) -> tuple[Any, ...]:
    """Return the listings in the order of their mounts."""
    state = state_of(request)
    return () if state is None else state.listed


def mark_guarded(request: web.BaseRequest) -> None:
    """Record that the content has a guard, whichever handler answers."""
    state = state_of(request)
    if state is not None:
        state.is_guarded = True
