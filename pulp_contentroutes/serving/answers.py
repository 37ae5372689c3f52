"""Route → snapshot → authorize → look up → respond: an answer, or why Pulp must answer."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, NamedTuple
from uuid import UUID

from aiohttp import hdrs, web

from pulp_contentroutes.serving.access.admission import Admission
from pulp_contentroutes.serving.errors import (
    DatabaseUnavailable,
    FileDamaged,
    FileGone,
    FileUnreadable,
    GuardGone,
    RequestRefused,
)
from pulp_contentroutes.serving.handover import Handover
from pulp_contentroutes.serving.http.responder import (
    Responder,
    not_allowed,
    not_found,
    redirection,
    refuse,
    respond_to_fault,
    unavailable,
)
from pulp_contentroutes.serving.http.responses import RenderedResponse
from pulp_contentroutes.serving.model import (
    Missing,
    Representation,
    Routed,
    Snapshot,
    Target,
)
from pulp_contentroutes.serving.request_memory import Remembered, RequestMemory
from pulp_contentroutes.serving.request_state import RequestState, enter_mount
from pulp_contentroutes.serving.resolve.resolver import Resolver
from pulp_contentroutes.serving.router import Router
from pulp_contentroutes.serving.routing.routes import DEFAULT_DOMAIN, Routes

METHODS: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})

#: Asks a guard about a request: None if the client is admitted, as in `Admission.check`.
Check = Callable[[UUID, web.Request], Awaitable[RenderedResponse | Handover | None]]


class _Refused(NamedTuple):
    """The answer to a client that a guard refuses."""

    response: web.StreamResponse


_Found = web.StreamResponse | _Refused | Missing | Handover


class Answers:
    """The steps of the fast path. `mark_request` sets the correlation id of log lines."""

    def __init__(
        self,
        routes: Routes,
        router: Router,
        resolver: Resolver,
        admission: Admission,
        responder: Responder,
        mark_request: Callable[[], object],
    ) -> None:
        self._routes = routes
        self._router = router
        self._resolver = resolver
        self._admission = admission
        self._responder = responder
        self._mark_request = mark_request
        self._memory = RequestMemory(routes, router.table, resolver.snapshots)
        #: Off until the database was found to match our SQL's expectations.
        self.is_on = False

    def from_memory(self, request: web.Request) -> web.StreamResponse | None:
        """Return the whole of a small file that was requested with exactly this URL before."""
        remembered = self._memory.find(request)
        if remembered is None:
            return None
        # Guards do not know the URLs of content routes.
        knows_url = remembered.generation is None
        for guard_id in remembered.guards:
            if not self._admission.is_certain(guard_id, request, knows_url=knows_url):
                return None
        if request.protocol.access_logger is not None:
            self._mark_request()
        return self._responder.respond_at_once(
            request, remembered.found, remembered.domain, is_private=bool(remembered.guards)
        )

    async def enter(self, request: web.Request, state: RequestState) -> web.StreamResponse | None:
        """Find the content route of a URL that aiohttp has no route for.

        Return the refusal of a request that cannot be answered there.
        """
        table = self._router.table
        # Before it is asked: a change meanwhile makes another one.
        state.generation = table.generation if table.is_certain else None
        try:
            routed = state.routed = await self._router.find(request)
        except RequestRefused as refused:
            is_allowed = request.method in METHODS
            return refuse(request, refused) if is_allowed else not_allowed(METHODS)
        except DatabaseUnavailable:
            return unavailable(request)
        if routed is None:
            return None
        if request.method not in METHODS:
            return not_allowed(METHODS)
        if routed.mounts:
            enter_mount(request, state, 0)
        return None

    async def answer(
        self, request: web.Request, state: RequestState
    ) -> web.StreamResponse | Handover:
        """Answer a request that Pulp has not authenticated."""
        if request.method not in METHODS:
            return Handover.METHOD
        if state.routed is not None:
            return await self._answer_routed(request, state, self._admission.check)
        try:
            target = self._routes.target(request)
        except RequestRefused as refused:
            return refuse(request, refused)
        if isinstance(target, Handover):
            return target
        if not self.is_on:
            return Handover.OFF
        if request.protocol.access_logger is not None:
            self._mark_request()
        found = await self._answer_target(request, state, target, self._admission.check)
        return _finish(request, state, found)

    async def answer_authenticated(
        self, request: web.Request, state: RequestState
    ) -> web.StreamResponse | Handover:
        """Answer a request that waited for Pulp's authentication."""
        if state.routed is not None:
            return await self._answer_routed(request, state, self._admission.check_with_user)
        assert state.waiting
        snapshot, target = state.waiting
        assert snapshot.guard_id
        check = self._admission.check_with_user
        verdict = await self._ask(snapshot.guard_id, request, state, check)
        if verdict is not None:
            return verdict
        return _finish(request, state, await self._deliver(request, state, snapshot, target))

    async def _answer_routed(
        self, request: web.Request, state: RequestState, check: Check
    ) -> web.StreamResponse | Handover:
        routed = state.routed
        assert routed is not None
        if routed.guard_id is not None and not state.is_admitted:
            verdict = await self._ask(routed.guard_id, request, state, check)
            if verdict is not None:
                return verdict
        state.is_admitted = True
        if routed.redirect is not None:
            return redirection(
                request, *routed.redirect, routed.fields, is_private=state.is_guarded
            )
        if not self.is_on:
            return Handover.OFF
        if request.protocol.access_logger is not None:
            self._mark_request()
        return _finish(request, state, await self._search(request, state, routed, check))

    async def _search(
        self, request: web.Request, state: RequestState, routed: Routed, check: Check
    ) -> _Found:
        """Return the first answer of the mounts of a route."""
        targets = [
            Target(mount.domain or DEFAULT_DOMAIN, routed.path_in(mount), fields=routed.fields)
            for mount in routed.mounts
        ]
        if len(targets) > 1:
            # It fills our memory only: nothing of it is said before the guards have admitted.
            with suppress(DatabaseUnavailable):
                await self._resolver.look_ahead(targets)
        for position in range(state.position, len(targets)):
            enter_mount(request, state, position)
            found = await self._answer_target(request, state, targets[position], check)
            if isinstance(found, _Refused):
                # It must not be known whether the content is there: the others may have it.
                if state.refused is None:
                    state.refused = found.response
            elif found is not Missing.PROVEN:
                return found
        return Missing.PROVEN if state.refused is None else _Refused(state.refused)

    async def _answer_target(
        self, request: web.Request, state: RequestState, target: Target, check: Check
    ) -> _Found:
        try:
            snapshot = await self._resolver.snapshot(target)
        except DatabaseUnavailable:
            return Handover.DATABASE_UNAVAILABLE
        if not isinstance(snapshot, Snapshot):
            return snapshot
        if snapshot.guard_id:
            verdict = await self._ask(snapshot.guard_id, request, state, check)
            if isinstance(verdict, Handover):
                state.waiting = snapshot, target
                return verdict
            if verdict is not None:
                return _Refused(verdict)
        return await self._deliver(request, state, snapshot, target)

    async def _ask(
        self, guard_id: UUID, request: web.Request, state: RequestState, check: Check
    ) -> RenderedResponse | Handover | None:
        state.is_guarded = True
        try:
            return await check(guard_id, request)
        except DatabaseUnavailable:
            return Handover.DATABASE_UNAVAILABLE
        except GuardGone:
            return Handover.GUARD_GONE

    async def _deliver(
        self, request: web.Request, state: RequestState, snapshot: Snapshot, target: Target
    ) -> _Found:
        """Answer a client that may have the content of the distribution."""
        if snapshot.handover is not None:
            return snapshot.handover
        domain = target.domain
        try:
            found = await self._resolver.look_up(snapshot, target)
            if found is Handover.DIRECTORY and _is_unlisted(state, target):
                found = Missing.PROVEN
            if isinstance(found, Handover):
                return found
            if isinstance(found, Missing):
                if state.routed is not None:
                    state.before += (snapshot,)
                return found
            self._remember(request, state, snapshot, found, domain)
            return await self._responder.respond(
                request, found, domain, is_private=state.is_guarded
            )
        except DatabaseUnavailable:
            return Handover.DATABASE_UNAVAILABLE
        except FileGone:
            return Handover.FILE_GONE
        except (FileDamaged, FileUnreadable) as fault:
            if state.waiting is None:
                # Otherwise Pulp has marked it already.
                self._mark_request()
            return respond_to_fault(request, fault)

    def _remember(
        self,
        request: web.Request,
        state: RequestState,
        snapshot: Snapshot,
        found: Representation,
        domain: str,
    ) -> None:
        guards: tuple[UUID, ...] = () if snapshot.guard_id is None else (snapshot.guard_id,)
        routed, generation = state.routed, state.generation
        if routed is None:
            self._memory.remember(request, Remembered(snapshot, found, domain, guards))
        # If a guard has refused, another client may get another file.
        elif state.refused is None and generation is not None:
            others = (routed.guard_id, *(each.guard_id for each in state.before))
            guards += tuple(filter(None, others))
            entry = Remembered(snapshot, found, domain, guards, state.before, generation)
            self._memory.remember(request, entry)


def _is_unlisted(state: RequestState, target: Target) -> bool:
    """Tell whether the target is a directory that its route does not list."""
    routed = state.routed
    # Without its slash, it is redirected, as Pulp does where it has an index.
    return routed is not None and not routed.has_listings and target.path.endswith("/")


def _finish(
    request: web.Request, state: RequestState, found: _Found
) -> web.StreamResponse | Handover:
    if isinstance(found, Missing):
        return not_found(request, is_private=state.is_guarded)
    return found.response if isinstance(found, _Refused) else found
