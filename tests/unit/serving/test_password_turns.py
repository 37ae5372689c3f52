"""The order of password checks, and the wait of strangers after a wrong password."""

import asyncio
from typing import Any

import pytest

from pulp_contentroutes.serving.access import throttle
from pulp_contentroutes.serving.access.throttle import PasswordChecks, Turn


@pytest.fixture
def rests_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "_RESTS", 1e12)
    monkeypatch.setattr(throttle, "_LONGEST_REST", 3600)


async def take(checks: PasswordChecks, address: str | None) -> Turn:
    turn = await asyncio.wait_for(checks.wait(address), 10)
    assert turn is not None
    return turn


async def check(checks: PasswordChecks, address: str | None, *, is_right: bool) -> None:
    turn = await take(checks, address)
    # If no time passed during the check, there would be no rest.
    await asyncio.sleep(0.01)
    turn.end(is_right=is_right)


async def waits(checks: PasswordChecks, address: str | None) -> bool:
    """Tell whether a password of the address would wait, and give it up."""
    try:
        turn = await asyncio.wait_for(checks.wait(address), 0.05)
    except TimeoutError:
        return True
    assert turn is not None
    turn.give_up()
    return False


@pytest.mark.usefixtures("rests_for_ever")
@pytest.mark.parametrize("address", ["another", "the same", None])
async def test_after_a_wrong_password_strangers_wait(address: str | None) -> None:
    """Or a flood of passwords would take a whole processor from readers without a password."""
    checks = PasswordChecks()
    await check(checks, "the same", is_right=False)
    assert await waits(checks, address)


@pytest.mark.usefixtures("rests_for_ever")
async def test_an_address_that_has_sent_a_right_password_does_not_wait_for_strangers() -> None:
    checks = PasswordChecks()
    await check(checks, "known", is_right=True)
    await check(checks, "stranger", is_right=False)
    assert not await waits(checks, "known")
    # Until it sends a wrong one.
    await check(checks, "known", is_right=False)
    assert await waits(checks, "known")


@pytest.mark.usefixtures("rests_for_ever")
async def test_clients_without_an_address_are_never_known() -> None:
    checks = PasswordChecks()
    await check(checks, None, is_right=True)
    await check(checks, "stranger", is_right=False)
    assert await waits(checks, None)


@pytest.mark.usefixtures("rests_for_ever")
@pytest.mark.parametrize("ending", ["right", "given up", "twice"])
async def test_only_a_wrong_password_makes_others_wait(ending: str) -> None:
    checks = PasswordChecks()
    turn = await take(checks, "a")
    await asyncio.sleep(0.01)
    if ending == "given up":
        turn.give_up()
    else:
        turn.end(is_right=True)
    if ending == "twice":
        # The later actions of Pulp do not change the result of the check.
        turn.end(is_right=False)
    assert not await waits(checks, "b")


@pytest.mark.parametrize(("took", "rest"), [(0.4, 1.2), (0.9, 2.7), (20.0, 3.0)])
async def test_the_rest_is_three_times_the_check_and_bounded(
    monkeypatch: pytest.MonkeyPatch, took: float, rest: float
) -> None:
    loop, rests = asyncio.get_running_loop(), list[float]()

    def call_later(seconds: float, *function: Any) -> None:
        rests.append(seconds)

    turn = await take(PasswordChecks(), "a")
    monkeypatch.setattr(turn, "_begun", loop.time() - took)
    with monkeypatch.context() as patch:
        patch.setattr(loop, "call_later", call_later)
        turn.end(is_right=False)
    assert rests == [pytest.approx(rest, abs=0.2)]


async def test_strangers_go_on_after_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "_LONGEST_REST", 0.02)
    checks = PasswordChecks()
    for _ in range(3):
        await check(checks, "a", is_right=False)
    await check(checks, "b", is_right=True)


@pytest.mark.usefixtures("rests_for_ever")
async def test_one_password_is_checked_at_a_time_whoever_has_sent_it() -> None:
    checks = PasswordChecks()
    await check(checks, "known", is_right=True)
    turn = await take(checks, "stranger")
    assert await waits(checks, "known")
    turn.end(is_right=False)
    assert not await waits(checks, "known")


async def test_known_addresses_are_kept_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "_KNOWN", 2)
    checks = PasswordChecks()
    for address in "abc":
        await check(checks, address, is_right=True)
    assert [checks._known.get(address) is not None for address in "abc"] == [False, True, True]
