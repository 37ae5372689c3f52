"""The Pulp that the clients ask: one instance, which may have both plugins."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.benchmarks import processes
from tests.benchmarks.galaxy.environment import Environment
from tests.harness.standalone import Standalone
from tests.harness.template import FAST_HASHER, PASSWORD
from tests.harness.waiting import wait_until

#: Processes of each kind; the defaults of `serve` are for a trial.
WORKERS: Final = 2
_ROOT: Final = Path(__file__).parents[3]
#: Long enough for the migrations of both plugins.
_READY_SECONDS: Final = 300
_STOP_SECONDS: Final = 30
_COMMAND_SECONDS: Final = 900
_SETTINGS: Final = (
    # Content is uploaded with a password; clients are anonymous and cost no hash.
    *(f"{name}={value}" for name, value in FAST_HASHER.items()),
    # Tarballs of pulp_ansible go through Pulp's own handler, as they do without this plugin.
    "CONTENTROUTES_ACCELERATE_CONTENT_PREFIX=false",
    # Its access policies require a known user; ours let every client read without a guard.
    'ANSIBLE_PERMISSION_CLASSES=["rest_framework.permissions.AllowAny"]',
)


class CommandFailed(Exception):
    """`str(error)` is the end of the command's output."""


@dataclass
class Pulp(Standalone):
    """An instance of the programs of `environment`, out of reach of the terminal's Ctrl-C."""

    environment: Environment | None = None
    #: Variables for its processes, beside those that are inherited.
    further: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_pulp_ansible(self) -> bool:
        assert self.environment
        return self.environment.has_pulp_ansible

    @property
    def program(self) -> str:
        assert self.environment
        return self.environment.program

    def start(self) -> None:
        workers = [f"--{kind}-workers={WORKERS}" for kind in ("api", "content", "task")]
        settings = [*_SETTINGS, f"ANSIBLE_API_HOSTNAME={self.front}"]
        command = [
            *(self.program, "serve", "--data", str(self.data), "--port", str(self.port)),
            *workers,
            *(argument for setting in settings for argument in ("--set", setting)),
        ]
        variables = {**os.environ, **self.further, "CONTENTROUTES_ADMIN_PASSWORD": PASSWORD}
        with self.log.open("ab") as log:
            self.process = processes.start(command, log.fileno(), variables)
        process = self.process

        def is_ready() -> bool:
            text = self.log.read_text()
            assert process.poll() is None, text
            return "Pulp is ready after" in text

        wait_until(is_ready, _READY_SECONDS, f"ready: see {self.log}")

    def end(self) -> None:
        self.close_console()
        if self.process:
            processes.stop(self.process, _STOP_SECONDS)
        self._ended("reset", "--yes", "--data", str(self.data))

    def shell(self, code: str) -> str:
        """Run `code`, which may import from tests, in Pulp's Django; return its output."""
        arguments = ("manage", "--data", str(self.data), "shell", "--no-imports", "-c", code)
        ended = self._ended(*arguments, PYTHONPATH=str(_ROOT))
        if ended.returncode:
            raise CommandFailed(ended.stderr[-3000:])
        return ended.stdout.strip()

    def _ended(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=_COMMAND_SECONDS,
            env={**os.environ, **variables},
        )


@contextmanager
def running(data: Path, environment: Environment, variables: Mapping[str, str]) -> Iterator[Pulp]:
    """Run an instance for the block, with `variables` in its environment; remove it after."""
    instance = Pulp(data, environment=environment, further=variables)
    try:
        instance.start()
        yield instance
    finally:
        instance.end()
