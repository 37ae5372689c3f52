"""Failed log-ins are counted by address and minute."""

import pytest

from pulp_contentroutes.serving.access import throttle
from pulp_contentroutes.serving.access.throttle import FailedLogins


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_address_has_so_many_failures_in_a_minute() -> None:
    clock = Clock()
    failed = FailedLogins(2, clock)
    for expected in (False, False, True, True):
        assert failed.are_too_many("a") is expected
        failed.note("a")
    assert not failed.are_too_many("b")
    clock.now = 59.9
    assert failed.are_too_many("a")
    clock.now = 60
    assert not failed.are_too_many("a")


def test_a_failure_in_a_new_minute_is_the_first_of_it() -> None:
    """An address that once failed too often must not be locked out by its next typing error."""
    clock = Clock()
    failed = FailedLogins(2, clock)
    for _ in range(5):
        failed.note("a")
    clock.now = 60
    failed.note("a")
    assert not failed.are_too_many("a")
    failed.note("a")
    assert failed.are_too_many("a")


def test_a_limit_of_one_is_reached_by_one_failure() -> None:
    failed = FailedLogins(1, Clock())
    assert not failed.are_too_many("a")
    failed.note("a")
    assert failed.are_too_many("a")


def test_zero_is_no_limit() -> None:
    failed = FailedLogins(0)
    for _ in range(1000):
        failed.note("a")
    assert not failed.are_too_many("a")


def test_a_flood_of_addresses_is_counted_in_bounded_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(throttle, "_ADDRESSES", 2)
    failed = FailedLogins(1, Clock())
    for address in ("a", "b", "c"):
        failed.note(address)
    assert [failed.are_too_many(address) for address in ("a", "b", "c")] == [False, True, True]
