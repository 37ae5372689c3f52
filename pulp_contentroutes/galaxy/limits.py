"""How large a collection may be, and what is small enough to be imported at once."""

from dataclasses import dataclass
from typing import Final

_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes are in bytes. The largest collection on galaxy.ansible.com has some 100 MB unpacked."""

    unpacked: int = 1024 * _MIB
    members: int = 100_000
    #: MANIFEST.json and FILES.json, each: as Python's objects they take some 25 times as much.
    document: int = 16 * _MIB
    #: All headers for long names together: tarfile's own reading of them is slow.
    headers: int = 4 * _MIB


#: Uploads up to here are imported by the API itself, within these limits: half a second at most.
SMALL_UPLOAD: Final = 2 * _MIB
SMALL: Final = Limits(unpacked=128 * _MIB, members=10_000, document=4 * _MIB, headers=_MIB // 4)
