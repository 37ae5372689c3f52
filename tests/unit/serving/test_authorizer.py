"""The decision of each guard for each kind of client."""

import threading
from uuid import UUID, uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from pulp_contentroutes.serving.access.authorizer import Authorizer, Decision
from pulp_contentroutes.serving.access.credentials import MAX_LENGTH, new_token
from pulp_contentroutes.serving.access.guards import GuardNeeds
from pulp_contentroutes.serving.access.tokens import Tokens
from pulp_contentroutes.serving.database import access_sql
from pulp_contentroutes.serving.errors import GuardGone
from pulp_contentroutes.serving.handover import Handover
from tests.fakes import FakeDatabase, FakeGuards
from tests.unit.serving.conftest import basic

ADMITTED, UNAUTHENTICATED, NEEDS_TOKEN, FORBIDDEN, TOO_LARGE = Decision
UNDECIDED = Handover.AUTHENTICATION
REQUEST, SLOWLY, URL, TOKEN, PULP = GuardNeeds


class World:
    """An authorizer whose listener runs, and one guard of each kind."""

    def __init__(self) -> None:
        self.database, self.guards = FakeDatabase(), FakeGuards()
        self.tokens = Tokens(self.database)
        self.authorizer = Authorizer(self.guards, self.tokens)
        self.ids = {needs: self.guards.add(needs) for needs in GuardNeeds}
        self.tokens.resume()
        self.authorizer.known_guards.resume()

    def authorization(self, kind: str, guard_id: UUID) -> str:
        """Return the value of an Authorization header."""
        match kind:
            case "password":
                return basic("password")
            case "malformed":
                return "Bearer pcr_short"
            case "foreign":
                return "Negotiate abc"
            case "unknown token":
                return f"Bearer {new_token()}"
        may_download = kind == "token with permission"
        return f"Bearer {self.database.add_token(guard_id, may_download)}"


@pytest.fixture
def world() -> World:
    return World()


def asked(key: str = "no", authorization: str | None = None) -> web.Request:
    """Return a request; guards that look at the request permit the key `yes`."""
    headers = {"X-Key": key} | ({"Authorization": authorization} if authorization else {})
    return make_mocked_request("GET", "/", headers)


#: Guard and credentials → the decisions with and without the key that the guard requires.
DECISIONS = {
    # No credentials could satisfy these: no challenge.
    (REQUEST, "nothing"): (ADMITTED, FORBIDDEN),
    (SLOWLY, "nothing"): (ADMITTED, FORBIDDEN),
    (URL, "nothing"): (ADMITTED, FORBIDDEN),
    (TOKEN, "nothing"): (NEEDS_TOKEN, NEEDS_TOKEN),
    (PULP, "nothing"): (UNDECIDED, UNDECIDED),
    # A wrong password is reported as wrong, whatever the guard needs.
    (REQUEST, "password"): (UNDECIDED, UNDECIDED),
    (SLOWLY, "password"): (UNDECIDED, UNDECIDED),
    (URL, "password"): (UNDECIDED, UNDECIDED),
    (TOKEN, "password"): (NEEDS_TOKEN, NEEDS_TOKEN),
    (PULP, "password"): (UNDECIDED, UNDECIDED),
    (REQUEST, "foreign"): (UNDECIDED, UNDECIDED),
    (SLOWLY, "foreign"): (UNDECIDED, UNDECIDED),
    (TOKEN, "foreign"): (NEEDS_TOKEN, NEEDS_TOKEN),
    (PULP, "foreign"): (UNDECIDED, UNDECIDED),
    (REQUEST, "malformed"): (UNAUTHENTICATED, UNAUTHENTICATED),
    (SLOWLY, "malformed"): (UNAUTHENTICATED, UNAUTHENTICATED),
    (TOKEN, "malformed"): (NEEDS_TOKEN, NEEDS_TOKEN),
    (PULP, "malformed"): (UNAUTHENTICATED, UNAUTHENTICATED),
    (REQUEST, "unknown token"): (UNAUTHENTICATED, UNAUTHENTICATED),
    (SLOWLY, "unknown token"): (UNAUTHENTICATED, UNAUTHENTICATED),
    (TOKEN, "unknown token"): (NEEDS_TOKEN, NEEDS_TOKEN),
    (PULP, "unknown token"): (UNAUTHENTICATED, UNAUTHENTICATED),
    # A valid token does not satisfy a guard by itself; as its owner is known, it is 403, not 401.
    (REQUEST, "token without permission"): (ADMITTED, FORBIDDEN),
    (SLOWLY, "token without permission"): (ADMITTED, FORBIDDEN),
    (TOKEN, "token without permission"): (FORBIDDEN, FORBIDDEN),
    (PULP, "token without permission"): (UNDECIDED, UNDECIDED),
    (REQUEST, "token with permission"): (ADMITTED, FORBIDDEN),
    (SLOWLY, "token with permission"): (ADMITTED, FORBIDDEN),
    (URL, "token with permission"): (ADMITTED, FORBIDDEN),
    (TOKEN, "token with permission"): (ADMITTED, ADMITTED),
    (PULP, "token with permission"): (UNDECIDED, UNDECIDED),
}


@pytest.mark.parametrize(("needs", "kind"), DECISIONS)
async def test_each_guard_decides_for_each_client(
    world: World, needs: GuardNeeds, kind: str
) -> None:
    guard_id = world.ids[needs]
    authorization = None if kind == "nothing" else world.authorization(kind, guard_id)
    for _ in ("loaded", "from memory"):
        for key, expected in zip(("yes", "no"), DECISIONS[needs, kind], strict=True):
            request = asked(key, authorization)
            assert await world.authorizer.decide(guard_id, request) is expected
            # The guard is cached by now, unless it needs Pulp.
            is_certain = expected is ADMITTED and needs is not SLOWLY
            assert world.authorizer.admits_now(guard_id, request) is is_certain
    assert world.guards.asked == []


@pytest.mark.parametrize("needs", GuardNeeds)
async def test_nothing_is_certain_before_the_guard_and_the_token_were_loaded(
    world: World, needs: GuardNeeds
) -> None:
    guard_id = world.ids[needs]
    request = asked("yes", world.authorization("token with permission", guard_id))
    assert not world.authorizer.admits_now(guard_id, request)
    assert not world.authorizer.admits_now(guard_id, asked("yes"))
    await world.authorizer.decide(guard_id, asked("yes"))
    assert not world.authorizer.admits_now(guard_id, request)


@pytest.mark.parametrize("needs", GuardNeeds)
async def test_without_our_tokens_pulp_authenticates_every_token(needs: GuardNeeds) -> None:
    guards = FakeGuards()
    authorizer, guard_id = Authorizer(guards, None), guards.add(needs)
    authorizer.known_guards.resume()
    request = asked("yes", f"Bearer {new_token()}")
    assert await authorizer.decide(guard_id, request) is UNDECIDED
    assert not authorizer.admits_now(guard_id, request)


async def test_credentials_may_be_as_long_as_allowed(world: World) -> None:
    longest = "Negotiate ".ljust(MAX_LENGTH, "x")
    assert await world.authorizer.decide(world.ids[REQUEST], asked("yes", longest)) is UNDECIDED
    decision = await world.authorizer.decide(world.ids[REQUEST], asked("yes", longest + "x"))
    assert decision is TOO_LARGE


async def test_a_guard_that_is_gone_is_left_to_pulp(world: World) -> None:
    gone = uuid4()
    assert await world.authorizer.decide(gone, asked("yes")) is Handover.GUARD_GONE
    assert not world.authorizer.admits_now(gone, asked("yes"))
    with pytest.raises(GuardGone, match=str(gone)):
        await world.authorizer.permits_with_user(gone, asked("yes"))


@pytest.mark.parametrize("needs", GuardNeeds)
async def test_after_pulps_authentication_only_guards_that_need_the_user_are_asked_of_pulp(
    world: World, needs: GuardNeeds
) -> None:
    guard_id = world.ids[needs]
    assert await world.authorizer.permits_with_user(guard_id, asked("yes")) is True
    assert await world.authorizer.permits_with_user(guard_id, asked("no")) is False
    needs_user = needs in (TOKEN, PULP)
    assert world.guards.asked == ([world.guards.guards[guard_id]] * 2 if needs_user else [])


@pytest.mark.parametrize("needs", [REQUEST, SLOWLY])
async def test_only_a_guard_that_takes_its_time_is_asked_in_a_thread(
    world: World, needs: GuardNeeds
) -> None:
    """On the event loop such a guard would delay every other client."""
    threads: list[int] = []

    def permits(request: web.Request) -> bool:
        threads.append(threading.get_ident())
        return True

    guard_id = world.ids[needs]
    world.guards.put(guard_id, needs, permits)
    token = world.authorization("token with permission", guard_id)
    assert await world.authorizer.decide(guard_id, asked()) is ADMITTED
    assert await world.authorizer.decide(guard_id, asked(authorization=token)) is ADMITTED
    assert await world.authorizer.permits_with_user(guard_id, asked())
    assert len(threads) == 3
    assert all((each == threading.get_ident()) is (needs is REQUEST) for each in threads)


@pytest.mark.parametrize(("path", "is_in_a_thread"), [("/short", False), ("/" + "a" * 600, True)])
async def test_a_guard_of_the_url_is_asked_in_a_thread_about_a_long_one(
    world: World, path: str, is_in_a_thread: bool
) -> None:
    threads: list[int] = []

    def permits(request: web.Request) -> bool:
        threads.append(threading.get_ident())
        return True

    guard_id = world.guards.add(URL)
    world.guards.put(guard_id, URL, permits)
    request = make_mocked_request("GET", path, headers={"Host": "pulp.example.com"})
    assert await world.authorizer.decide(guard_id, request) is ADMITTED
    [thread] = threads
    assert (thread != threading.get_ident()) is is_in_a_thread
    assert world.authorizer.admits_now(guard_id, request) is not is_in_a_thread


async def test_one_query_of_a_token_is_enough_for_guards_that_need_no_permission(
    world: World,
) -> None:
    request = asked("yes", world.authorization("token with permission", world.ids[TOKEN]))
    for needs in (REQUEST, SLOWLY, PULP):
        await world.authorizer.decide(world.ids[needs], request)
    assert world.database.count(access_sql.TOKEN) == 1
    await world.authorizer.decide(world.ids[TOKEN], request)
    assert world.database.count(access_sql.TOKEN) == 2


@pytest.mark.parametrize("news", ["invalidate", "reset", "suspend", "resume"])
async def test_whatever_the_listener_tells_reaches_the_guards(world: World, news: str) -> None:
    guard_id = world.ids[REQUEST]
    await world.authorizer.decide(guard_id, asked("yes"))
    assert world.authorizer.admits_now(guard_id, asked("yes"))
    getattr(world.authorizer.known_guards, news)(
        *([[str(guard_id)]] if news == "invalidate" else [])
    )
    assert not world.authorizer.admits_now(guard_id, asked("yes"))
