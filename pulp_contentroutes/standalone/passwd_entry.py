"""A name for a user id without one, as in a container that runs under an arbitrary user id.

initdb looks up the name of its user even when it is given another; no other part of Pulp does.
"""

import os
import pwd
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pulp_contentroutes.standalone import environment

#: initdb's message when there is no name, whatever the user's language: see `variables`.
NO_NAME: Final = "could not look up effective user ID"
# https://cwrap.org/nss_wrapper.html; ignored where it is not installed.
_WRAPPER: Final = "libnss_wrapper.so"


def is_missing() -> bool:
    """Tell whether the user of this process has no entry in the user database."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return True
    return False


@contextmanager
def variables(name: str) -> Iterator[dict[str, str]]:
    """Yield an environment in which the user is called `name`, if nss_wrapper is installed."""
    inherited = environment.for_system_programs()
    with tempfile.TemporaryDirectory() as folder:
        passwd, group = Path(folder) / "passwd", Path(folder) / "group"
        ids = f"{os.geteuid()}:{os.getegid()}"
        passwd.write_text(f"{name}:x:{ids}::/:/sbin/nologin\n", encoding="ascii")
        group.write_text(f"{name}:x:{os.getegid()}:\n", encoding="ascii")
        yield {
            **inherited,
            "LC_ALL": "C",
            "LD_PRELOAD": f"{_WRAPPER} {inherited.get('LD_PRELOAD', '')}".strip(),
            "NSS_WRAPPER_PASSWD": str(passwd),
            "NSS_WRAPPER_GROUP": str(group),
        }
