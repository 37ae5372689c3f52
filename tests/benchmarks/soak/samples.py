"""Requests with their answers, and times of harm to the server; both are sent between processes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

#: The status of a request whose connection failed, or whose body ended early.
BROKEN: Final = "broken off"


@dataclass(frozen=True, slots=True)
class Sample:
    """One request; times are of `time.monotonic`, which all processes of a machine share."""

    kind: str
    asked: float
    seconds: float
    #: In digits, or BROKEN with a reason.
    status: str
    #: How the bytes differ from the published ones, or an answer that the client must not get.
    wrong: str = ""
    #: Number of the publication whose file was answered, where it changes.
    number: int | None = None

    @property
    def ended(self) -> float:
        return self.asked + self.seconds

    @property
    def is_right(self) -> bool:
        return self.status in ("200", "206") and not self.wrong


@dataclass(frozen=True, slots=True)
class Period:
    """A time in which a condition holds."""

    begin: float
    end: float
    text: str = ""

    def contains(self, sample: Sample) -> bool:
        """Tell whether the request was sent in this period."""
        return self.begin <= sample.asked < self.end

    def touches(self, sample: Sample) -> bool:
        """Tell whether any part of the request was in this period."""
        return sample.asked < self.end and sample.ended > self.begin

    def overlaps(self, other: "Period") -> bool:
        return self.begin < other.end and other.begin < self.end


def touches_any(periods: Iterable[Period], sample: Sample) -> bool:
    return any(period.touches(sample) for period in periods)
