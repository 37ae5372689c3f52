"""A persistent Django shell: starting one takes seconds, a call milliseconds."""

import base64
import pickle
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.harness.template import ROOT

_CLOSE_SECONDS: Final = 30
# Some libraries install a package of the name `tests`, which would be found before our folder.
_LOOP: Final = f"""
import sys, types
sys.modules["tests"] = tests = types.ModuleType("tests")
tests.__path__ = [{str(ROOT / "tests")!r}]
from tests.harness.in_pulp import answer_forever
answer_forever()
"""


class Console:
    """A shell in one process; names that `run` defines remain for the next `run`."""

    def __init__(self, manager: str, environment: Mapping[str, str], log: Path) -> None:
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [manager, "shell", "--no-imports", "-c", _LOOP],
                env={**environment, "PYTHONPATH": str(ROOT)},
                cwd="/",
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        self._log = log

    def run(self, code: str) -> str:
        """Execute `code` and return its output, without white space around it."""
        return str(self.call("execute", code)).strip()

    def call(self, function: str, /, *arguments: Any, **values: Any) -> Any:
        """Call a function of `tests.harness.in_pulp`; its result must be plain data."""
        assert self._process.stdin
        assert self._process.stdout
        question = pickle.dumps((function, arguments, values))
        self._process.stdin.write(base64.b64encode(question) + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the console has ended: see {self._log}"
        failure, result = pickle.loads(base64.b64decode(line))
        assert failure is None, failure
        return result

    def close(self) -> None:
        """End the process; kill it if it is still busy with a call that a test gave up."""
        try:
            self._process.communicate(timeout=_CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
