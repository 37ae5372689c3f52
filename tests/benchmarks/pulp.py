"""The Pulp that is measured: one instance, and content apps with other settings beside it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pulp_contentroutes.standalone.state import State
from tests.benchmarks import processes
from tests.harness.standalone import PROGRAM, READY_SECONDS, Standalone, run
from tests.harness.template import PASSWORD
from tests.harness.waiting import free_ports, wait_until

_STOP_SECONDS: Final = 30


class Pulp(Standalone):
    """An instance with one worker for each app, out of reach of the terminal's Ctrl-C."""

    def start(self) -> None:
        command = [
            *(PROGRAM, "serve", "--data", str(self.data), "--port", str(self.port)),
            # With Pulp's own hash of passwords, whose cost is a part of the measurements.
            *("--content-workers", "1"),
        ]
        environment = {**os.environ, "CONTENTROUTES_ADMIN_PASSWORD": PASSWORD}
        with self.log.open("ab") as log:
            self.process = processes.start(command, log.fileno(), environment)
        process = self.process

        def is_ready() -> bool:
            text = self.log.read_text()
            assert process.poll() is None, text
            return "Pulp is ready after" in text

        wait_until(is_ready, READY_SECONDS, f"ready: see {self.log}")

    def end(self) -> None:
        self.close_console()
        if self.process:
            processes.stop(self.process, _STOP_SECONDS)
        run("reset", "--yes", "--data", str(self.data))


def content_pid(instance: Standalone) -> int:
    """Return the process of the instance's own content app."""
    state = State.load(instance.data / "run")
    assert state
    found = {service.name: service.pid for service in state.services}["content"]
    assert found
    return found


@contextmanager
def running(data: Path) -> Iterator[Pulp]:
    """Run an instance for the block, and remove it after."""
    instance = Pulp(data)
    try:
        instance.start()
        yield instance
    finally:
        instance.end()


@contextmanager
def content_app(
    instance: Standalone, log: Path, settings: dict[str, str]
) -> Iterator[tuple[int, int]]:
    """Run one more content app on `instance` with other settings; yield its port and process."""
    port = free_ports(1)
    command = [
        *(
            str(instance.scripts / "pulpcore-content"),
            "--bind",
            f"127.0.0.1:{port}",
            "--workers",
            "1",
        ),
        *("--timeout", "60", "--graceful-timeout", "4", "--no-control-socket"),
    ]
    environment = {
        **instance.variables(),
        **{f"PULP_{name}": value for name, value in settings.items()},
    }
    with processes.running(command, port, log, environment) as pid:
        yield port, pid
