"""A real Pulp for the tests: `pulp-contentroutes serve` in a process of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from pulp_contentroutes.standalone import configuration, data_dir
from tests.harness import pulpcore
from tests.harness.console import Console
from tests.harness.template import FAST_HASHER, PASSWORD, copy_template
from tests.harness.waiting import connects, free_ports, wait_until

HAS_NGINX = configuration.find_nginx() is not None
requires_nginx = pytest.mark.skipif(
    not HAS_NGINX, reason="nginx is not installed (Debian package nginx)"
)
SCRIPTS = Path(sysconfig.get_path("scripts"))
_NAME = "pulp-contentroutes"
PROGRAM = str(SCRIPTS / _NAME)
READY_SECONDS = 240
#: The time limit of a command, on a machine that is busy with other tests.
COMMAND_SECONDS = 120
_END_SECONDS = 30


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `pulp-contentroutes` to its end."""
    return subprocess.run(
        [PROGRAM, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_SECONDS,
        **options,
    )


@dataclass
class Standalone:
    """One instance in `data`; `port` is its first port: nginx's, or without nginx the API's."""

    data: Path
    #: Options of `serve`.
    options: list[str] = field(default_factory=list)
    port: int = field(default_factory=lambda: free_ports(3))
    #: The folder with the programs of its environment: of the one that runs the tests, or another.
    scripts: Path = SCRIPTS
    process: subprocess.Popen[bytes] | None = None
    _console: Console | None = None

    @property
    def log(self) -> Path:
        return self.data.with_suffix(".log")

    @property
    def front(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api_port(self) -> int:
        return self.port + (1 if HAS_NGINX else 0)

    @property
    def content_port(self) -> int:
        return self.port + (2 if HAS_NGINX else 1)

    @property
    def command(self) -> list[str]:
        # Verbose, so that the output has the services' logs, which tests search.
        where = ["--data", str(self.data), "--port", str(self.port)]
        return [str(self.scripts / _NAME), "serve", "--verbose", *where, *self.options]

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        with self.log.open("ab") as log:
            offset = log.tell()
            self.process = subprocess.Popen(
                self.command,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "CONTENTROUTES_ADMIN_PASSWORD": PASSWORD},
            )
        process = self.process

        def is_ready() -> bool:
            said = self.log.read_bytes()[offset:]
            assert process.poll() is None, said.decode()
            return b"Pulp is ready after" in said

        wait_until(is_ready, READY_SECONDS, f"ready: see {self.log}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Stop it and return how many seconds that took."""
        assert self.process
        started = time.monotonic()
        self.process.send_signal(number)
        assert self.process.wait(timeout=30) == 0
        return time.monotonic() - started

    def end(self) -> None:
        """Stop it if it runs, without waiting for requests or tasks, and remove its data."""
        self.close_console()
        deadline = time.monotonic() + _END_SECONDS
        while self.process and self.process.poll() is None and time.monotonic() < deadline:
            # The second signal kills PostgreSQL's clients, which take seconds to end by themselves.
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.2)
        if self.process:
            assert self.process.returncode is not None, f"still running: see {self.log}"
        if data_dir.is_ours(self.data):
            data_dir.remove_contents(self.data)

    def status(self) -> tuple[int, dict[str, dict[str, Any]]]:
        """Return the exit code of `status` and its services by name."""
        ended = run("status", "--json", "--data", str(self.data))
        services = json.loads(ended.stdout) if ended.stdout else []
        return ended.returncode, {service["name"]: service for service in services}

    def variables(self) -> dict[str, str]:
        """Return the environment of a process started after `eval "$(pulp-contentroutes env)"`."""
        script = f'eval "$({PROGRAM} env --data {self.data})"; exec {sys.executable} -c "{_DUMP}"'
        ended = subprocess.run(
            ["bash", "-c", script], capture_output=True, text=True, check=True, timeout=60
        )
        variables: dict[str, str] = json.loads(ended.stdout)
        return variables

    def further_content_app(self, **settings: str) -> contextlib.AbstractContextManager[int]:
        """Run one more content app on this instance, as the README says; yield its port."""
        return self._further("pulpcore-content", settings)

    def further_api(self, **settings: str) -> contextlib.AbstractContextManager[int]:
        """Run one more API on this instance; yield its port."""
        return self._further("pulpcore-api", settings)

    @contextlib.contextmanager
    def _further(self, program: str, settings: Mapping[str, str]) -> Iterator[int]:
        port = free_ports()
        command = [str(self.scripts / program), "--bind", f"127.0.0.1:{port}"]
        with subprocess.Popen(
            [*command, "--no-control-socket"],
            env={**self.variables(), **{f"PULP_{name}": value for name, value in settings.items()}},
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as further:
            try:
                wait_until(lambda: connects(port), READY_SECONDS, f"a further {program}")
                yield port
            finally:
                kill_with_children(further.pid)

    @property
    def console(self) -> Console:
        """Pulp's Django shell; the same one until the instance ends."""
        if self._console is None:
            manager = str(self.scripts / "pulpcore-manager")
            self._console = Console(manager, self.variables(), self.log)
        return self._console

    def close_console(self) -> None:
        if self._console:
            self._console.close()
            self._console = None


def kill_with_children(pid: int) -> None:
    """Kill gunicorn and its workers: after a SIGTERM they would take three seconds."""
    with contextlib.suppress(psutil.NoSuchProcess):
        master = psutil.Process(pid)
        # The master first, or it would replace killed workers.
        for process in (master, *master.children(recursive=True)):
            process.kill()


_DUMP = "import json, os; print(json.dumps(dict(os.environ)))"


@contextlib.contextmanager
def run_pulp(
    data: Path,
    *options: str,
    settings: Mapping[str, str] | None = None,
    environment: Path | None = None,
) -> Iterator[Standalone]:
    """Run a Pulp for the block, and remove it afterwards.

    It starts from the template, or in another `environment`, a folder, from nothing.
    """
    environment = environment or pulpcore.find_environment()
    values = {**FAST_HASHER, **(settings or {})}
    arguments = [each for name, value in values.items() for each in ("--set", f"{name}={value}")]
    instance = Standalone(data, [*options, *arguments])
    if environment:
        instance.scripts = environment / "bin"
    try:
        if environment is None:
            copy_template(data)
        instance.start()
        yield instance
    finally:
        instance.end()
