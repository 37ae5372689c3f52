"""The pulpcore that a Pulp of the tests runs: the installed one, or one that PULPCORE names.

`PULPCORE=3.105` is the newest patch of that version, in an environment that is made if there is
none. The tests themselves still run with the installed one.
"""

import importlib.metadata
import os
from pathlib import Path
from typing import Final

from packaging.version import Version

from tests.harness.environments import make_environment
from tests.harness.template import ROOT

_NAMED: Final = os.environ.get("PULPCORE")
VERSION: Final = Version(_NAMED or importlib.metadata.version("pulpcore"))


def find_environment() -> Path | None:
    """Return the folder of the environment of another pulpcore, None for the installed one."""
    if _NAMED is None:
        return None
    checkout = f"--editable={ROOT}[standalone]"
    # pulp_python as in our own environment: a plugin with hooks.
    requirements = (checkout, f"pulpcore=={_NAMED}.*", "pulp-python")
    return make_environment(f"pulpcore-{_NAMED}", *requirements, made_of=[ROOT / "pyproject.toml"])


#: Versions that brought what our answers depend on.
SUPERSEDED: Final = Version("3.109")
TODAYS_CHOICE: Final = Version("3.106")
CACHE_CONTROL: Final = Version("3.122")
