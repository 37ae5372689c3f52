"""Dates in conditions (RFC 9110 §5.6.7): three formats, and invalid dates."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from pulp_contentroutes.serving.http.preconditions import (
    Verdict,
    evaluate,
    range_applies,
)
from pulp_contentroutes.serving.model import Validators

TAG = '"any"'
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def headers(name: str, value: str) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict([(name, value)]))


def is_read_as(http_date: str, seconds: int) -> bool:
    """Tell whether a date is parsed to these seconds: If-Range matches only the exact second."""
    return range_applies(headers("If-Range", http_date), Validators(TAG, seconds))


def is_no_date(http_date: str) -> bool:
    """Tell whether both conditions ignore the date; for any valid date, one of them would not."""
    return all(
        evaluate(headers(name, http_date), Validators(TAG, seconds)) is Verdict.PROCEED
        for name in ("If-Modified-Since", "If-Unmodified-Since")
        for seconds in (-(10**12), 10**12)
    )


def imf_fixdate(when: datetime) -> str:
    weekday, month = WEEKDAYS[when.weekday()][:3], MONTHS[when.month - 1]
    return f"{weekday}, {when.day:02} {month} {when.year:04} {when:%H:%M:%S} GMT"


def rfc850_date(when: datetime) -> str:
    weekday, month = WEEKDAYS[when.weekday()], MONTHS[when.month - 1]
    return f"{weekday}, {when.day:02}-{month}-{when.year % 100:02} {when:%H:%M:%S} GMT"


def asctime_date(when: datetime) -> str:
    weekday, month = WEEKDAYS[when.weekday()][:3], MONTHS[when.month - 1]
    return f"{weekday} {month} {when.day:2} {when:%H:%M:%S} {when.year:04}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "784111777",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "sun, 06 nov 1994 08:49:37 gmt",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Tue, 29 Feb 2023 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT; length=5",
        "Sun, \u0660\u0666 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT\n",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  6 08:49:37 1994 GMT",
    ],
)
def test_a_date_that_is_none_is_ignored(text: str) -> None:
    assert is_no_date(text)


def test_a_wrong_weekday_and_a_leap_second_are_read() -> None:
    assert is_read_as("Mon, 06 Nov 1994 08:49:37 GMT", 784_111_777)
    assert is_read_as("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800)


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_second_is_read_in_both_formats_with_a_full_year(when: datetime) -> None:
    seconds = int(when.replace(microsecond=0).timestamp())
    assert is_read_as(imf_fixdate(when), seconds)
    assert is_read_as(asctime_date(when), seconds)


@pytest.mark.parametrize(
    ("years", "day", "is_past"),
    [
        pytest.param(-49, 0, False, id="49 years ago"),
        pytest.param(0, 0, False, id="this year"),
        pytest.param(49, 0, False, id="in 49 years"),
        pytest.param(50, -1, False, id="a day less than 50 years ahead"),
        pytest.param(50, 1, True, id="a day more than 50 years ahead"),
        pytest.param(51, 0, True, id="in 51 years"),
    ],
)
def test_a_two_digit_year_more_than_fifty_years_ahead_is_past(
    years: int, day: int, is_past: bool
) -> None:
    """The dates are a day off the boundary, as the clock advances while the test runs."""
    now = datetime.now(UTC).replace(microsecond=0) + timedelta(days=day)
    if (now.month, now.day) == (2, 29):
        # Other years do not have this day.
        now += timedelta(days=day or -1)
    ahead = now.replace(year=now.year + years)
    meant = ahead.replace(year=ahead.year - 100) if is_past else ahead
    assert is_read_as(rfc850_date(ahead), int(meant.timestamp()))


@pytest.mark.parametrize(
    ("more", "is_past"),
    [
        pytest.param(timedelta(0), False, id="exactly fifty years ahead"),
        pytest.param(timedelta(seconds=1), True, id="a second more"),
        pytest.param(timedelta(minutes=1, seconds=-45), True, id="the next minute"),
        pytest.param(timedelta(hours=1, minutes=-30), True, id="the next hour"),
        pytest.param(timedelta(days=1, hours=-12), True, id="the next day"),
        pytest.param(timedelta(days=17, hours=-12), True, id="the next month"),
        pytest.param(timedelta(days=-15, hours=11), False, id="the last day of the month before"),
    ],
)
def test_the_fifty_years_end_to_the_second(
    monkeypatch: pytest.MonkeyPatch, more: timedelta, is_past: bool
) -> None:
    now = datetime(2026, 5, 15, 12, 30, 45, tzinfo=UTC)
    monkeypatch.setattr(time, "gmtime", lambda *_: now.timetuple())
    ahead = now.replace(year=2076) + more
    meant = ahead.replace(year=1976) if is_past else ahead
    assert is_read_as(rfc850_date(ahead), int(meant.timestamp()))
