"""`ansible-galaxy` as the oracle: what a release builds and installs, without a server."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.clients.environments import program

_SERVER = Path(__file__).with_name("answer_as_client.py")


@dataclass
class Oracle:
    """One release, in one process that is asked many questions. `home` is an empty folder."""

    release: str
    home: Path
    _process: subprocess.Popen[str] = field(init=False)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [str(program(self.release).with_name("python")), str(_SERVER)],
            env={"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8"},
            cwd=self.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.communicate(timeout=30)

    def ask(self, *arguments: str) -> str | None:
        """Run a command; return None if it succeeds, otherwise its output."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(arguments), file=self._process.stdin, flush=True)
        code, output = json.loads(self._process.stdout.readline())
        return None if code == 0 else str(output)

    def problem_of_installing(self, tarball: bytes, *others: bytes) -> str | None:
        """Return why the first collection cannot be installed, the others being at hand."""
        shutil.rmtree(self.home / "got", ignore_errors=True)
        paths = []
        for number, data in enumerate((tarball, *others)):
            path = self.home / f"{number}.tar.gz"
            path.write_bytes(data)
            paths.append(str(path))
        depends = [] if others else ["--no-deps"]
        return self.ask("collection", "install", *paths, "-p", "got", "--offline", *depends)

    def problem_of_verifying(self, name: str) -> str | None:
        """Return what `verify` says of an installed collection."""
        return self.ask("collection", "verify", name, "-p", "got", "--offline")

    def problem_of_role(self, archive: bytes) -> str | None:
        """Return why a role cannot be installed."""
        shutil.rmtree(self.home / "roles", ignore_errors=True)
        path = self.home / "role.tar.gz"
        path.write_bytes(archive)
        return self.ask("role", "install", f"file://{path},,role", "-p", "roles", "--force")
