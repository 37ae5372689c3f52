"""Limits on the size of a collection, and on the size of one that is imported at once."""

import math
import time
from dataclasses import dataclass
from typing import Final

from pulp_contentroutes.galaxy.errors import TooSlow

_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on an archive; sizes are in bytes.

    The largest collection on galaxy.ansible.com has some 100 MB unpacked.
    """

    unpacked: int = 1024 * _MIB
    members: int = 100_000
    #: MANIFEST.json and FILES.json, each; the latter has some 215 bytes for each member.
    document: int = 32 * _MIB
    #: All extended headers together. `ansible-galaxy collection build` writes one of 1 KiB for each
    #: member, because of the fractions of seconds in modification times.
    headers: int = 256 * _MIB
    #: The time at which reading has to end, on the clock of `time.monotonic()`.
    deadline: float = math.inf

    @property
    def json_values(self) -> int:
        """The most keys and values that a JSON document may have: FILES.json has ten per member."""
        return 16 * self.members + 1000

    def check_time(self) -> None:
        """Raise TooSlow after the deadline."""
        if time.monotonic() > self.deadline:
            raise TooSlow("The archive takes too long to read.")


#: Uploads up to this size are imported by the API itself if they keep within these limits, which
#: takes half a second at most. All others are left to a task worker.
SMALL_UPLOAD: Final = 2 * _MIB
SMALL: Final = Limits(unpacked=128 * _MIB, members=10_000, document=4 * _MIB, headers=16 * _MIB)
