"""A real Pulp for the tests: `pulp-contentroutes serve` in a process of its own."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pulp_contentroutes.standalone import nginx

HAS_NGINX = nginx.find() is not None
requires_nginx = pytest.mark.skipif(
    not HAS_NGINX, reason="nginx is not installed (Debian package nginx)"
)
SCRIPTS = Path(sysconfig.get_path("scripts"))
PROGRAM = str(SCRIPTS / "pulp-contentroutes")
PASSWORD = "the password of the tests"
READY_SECONDS = 150
# Every request of the API costs 0.4 s with Pulp's default of 1 000 000 rounds.
FAST_HASHER = 'PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]'


def wait_until(condition: Callable[[], Any], seconds: float = 30, what: str = "") -> Any:
    """Return the first true value of `condition`; fail when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or condition}"
        time.sleep(0.05)


def free_ports(count: int) -> int:
    """Return the first of `count` consecutive ports that are free on loopback."""
    while True:
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(socket.socket())
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                for offset in range(1, count):
                    other = stack.enter_context(socket.socket())
                    other.bind(("127.0.0.1", port + offset))
            except (OSError, OverflowError):
                continue
            return port


def connects(port: int) -> bool:
    """Tell whether something listens on a port of loopback."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `pulp-contentroutes` to its end."""
    return subprocess.run(
        [PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=120, **options
    )


@dataclass
class Standalone:
    """One instance in `data`; `port` is the first port, nginx's or without it the API's."""

    data: Path
    options: list[str] = field(default_factory=list)
    port: int = field(default_factory=lambda: free_ports(3))
    process: subprocess.Popen[bytes] | None = None

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

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        offset = self.log.stat().st_size if self.log.exists() else 0
        command = [PROGRAM, "serve", "--data", str(self.data), "--port", str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--set", FAST_HASHER, *self.options],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "CONTENTROUTES_ADMIN_PASSWORD": PASSWORD},
            )
        process = self.process

        def is_ready() -> bool:
            assert process.poll() is None, self.log.read_text()[offset:]
            return b"Pulp is ready after" in self.log.read_bytes()[offset:]

        wait_until(is_ready, READY_SECONDS, f"ready: see {self.log}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Stop it and return the seconds that took."""
        assert self.process
        started = time.monotonic()
        self.process.send_signal(number)
        assert self.process.wait(timeout=30) == 0
        return time.monotonic() - started

    def end(self) -> None:
        """Stop it if it runs, and remove its data."""
        if self.process and self.process.poll() is None:
            self.stop()
        run("reset", "--yes", "--data", str(self.data))

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

    @contextlib.contextmanager
    def further_content_app(self, **settings: str) -> Iterator[int]:
        """Run one more content app on this instance, as the README says; yield its port."""
        port = free_ports(1)
        command = [str(SCRIPTS / "pulpcore-content"), "--bind", f"127.0.0.1:{port}"]
        with subprocess.Popen(
            [*command, "--no-control-socket"],
            env={**self.variables(), **{f"PULP_{name}": value for name, value in settings.items()}},
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as further:
            try:
                wait_until(lambda: connects(port), what="a further content app")
                yield port
            finally:
                further.terminate()

    def shell(self, code: str) -> str:
        """Run `code` in Pulp's Django and return what it prints."""
        ended = run("manage", "--data", str(self.data), "shell", "--no-imports", "-c", code)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()


_DUMP = "import json, os; print(json.dumps(dict(os.environ)))"


@contextlib.contextmanager
def running(data: Path, *options: str) -> Iterator[Standalone]:
    """Run an instance for the block, and remove it after."""
    instance = Standalone(data, list(options))
    try:
        instance.start()
        yield instance
    finally:
        instance.end()
