"""The environment in which the suites run: Pulp's wheel as installed here, and its clients."""

import importlib.metadata
from pathlib import Path

from tests.harness.environments import make_environment

_CLIENTS = ("pulpcore-client", "pulp-file-client", "pulp-certguard-client")
#: The suites import these, and no wheel of Pulp's asks for them.
_TOOLS = ("aiofiles", "beautifulsoup4", "proxy.py", "pytest", "pytest-timeout", "trustme")


def python() -> Path:
    """Return the interpreter of an environment with the suites of the installed pulpcore."""
    pulpcore = importlib.metadata.version("pulpcore")
    minor = pulpcore.rpartition(".")[0]
    clients = [f"{client}~={minor}.0" for client in _CLIENTS]
    folder = make_environment(f"pulpcore-{pulpcore}", f"pulpcore=={pulpcore}", *clients, *_TOOLS)
    return folder / "bin/python"
