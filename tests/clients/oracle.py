"""`ansible-galaxy` as the oracle: a release builds and installs archives, without a server."""

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

    def build(self, source: Path) -> bytes:
        """Return the collection acme.tools that is built from a folder."""
        problem = self.ask("collection", "build", str(source), "--force")
        assert problem is None, problem
        return (self.home / "acme-tools-1.2.3.tar.gz").read_bytes()

    def problem_of_collection(self, tarball: bytes) -> str | None:
        """Return why a collection cannot be installed or, after that, cannot be verified."""
        shutil.rmtree(self.home / "got", ignore_errors=True)
        path = self.home / "collection.tar.gz"
        path.write_bytes(tarball)
        options = ("-p", "got", "--offline")
        problem = self.ask("collection", "install", str(path), "--no-deps", *options)
        if problem is not None:
            return problem
        [manifest] = (self.home / "got").glob("ansible_collections/*/*/MANIFEST.json")
        name = ".".join(manifest.parts[-3:-1])
        return self.ask("collection", "verify", name, *options)

    def problem_of_requirement(self, version: str, requirement: str) -> str | None:
        """Return why a version cannot be compared with a requirement."""
        return self.ask("meets_requirements", version, requirement)

    def problem_of_role(self, archive: bytes) -> str | None:
        """Return why a role cannot be installed."""
        shutil.rmtree(self.home / "roles", ignore_errors=True)
        path = self.home / "role.tar.gz"
        path.write_bytes(archive)
        return self.ask("role", "install", f"file://{path},,role", "-p", "roles", "--force")
