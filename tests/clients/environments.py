"""Every supported release of `ansible-galaxy`, each in a virtual environment of its own."""

import sys
from pathlib import Path

from tests.harness.environments import make_environment

#: Release of ansible-core → the oldest and the newest Python 3 that it is made for.
_PYTHONS = {
    "2.14": (9, 11),
    "2.16": (10, 12),
    "2.18": (11, 13),
    "2.19": (11, 13),
    "2.20": (12, 14),
    "2.21": (12, 14),
}
#: The releases that run on this Python, the oldest first.
RELEASES = [
    release
    for release, (oldest, newest) in _PYTHONS.items()
    if oldest <= sys.version_info.minor <= newest
]


def program(release: str) -> Path:
    """Return the path of `ansible-galaxy` in the newest patch of a release at installation time."""
    folder = make_environment(f"ansible-core-{release}", f"ansible-core~={release}.0")
    return folder / "bin/ansible-galaxy"
