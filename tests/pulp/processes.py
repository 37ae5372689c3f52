"""The processes of a running Pulp."""

import psutil

from tests.harness.standalone import HAS_NGINX, Standalone

SERVICES = {"postgresql", "api", "content", "worker-1", *(["nginx"] if HAS_NGINX else [])}


def is_healthy(instance: Standalone) -> bool:
    return instance.status()[0] == 0


def processes(instance: Standalone) -> list[psutil.Process]:
    """Return every process of the instance: the supervisor and its descendants."""
    assert instance.process
    top = psutil.Process(instance.process.pid)
    return [top, *top.children(recursive=True)]


def is_alive(process: psutil.Process) -> bool:
    """Tell whether a process runs; a zombie that the machine's init has not yet reaped does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
