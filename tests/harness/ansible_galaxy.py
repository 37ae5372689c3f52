"""The real `ansible-galaxy`, with a home of its own."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.harness.standalone import SCRIPTS

Ended = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Client:
    home: Path
    program: Path = SCRIPTS / "ansible-galaxy"
    #: Additional environment variables.
    variables: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str) -> Ended:
        own = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8"}
        return subprocess.run(
            [str(self.program), *arguments],
            env={**own, **self.variables},
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def build(self, namespace: str, name: str, **values: Any) -> Path:
        """Return a tarball made by `ansible-galaxy collection init` and `build`."""
        self.run("collection", "init", f"{namespace}.{name}", "--force")
        description = self.home / namespace / name / "galaxy.yml"
        fields = yaml.safe_load(description.read_text()) | values
        description.write_text(yaml.safe_dump(fields))
        ended = self.run("collection", "build", f"{namespace}/{name}", "--force")
        assert ended.returncode == 0, ended.stderr
        return self.home / f"{namespace}-{name}-{fields['version']}.tar.gz"

    def version_of(self, namespace: str, name: str) -> str | None:
        """Return the version of the collection installed in `got`, or None."""
        manifest = self.home / "got/ansible_collections" / namespace / name / "MANIFEST.json"
        if not manifest.exists():
            return None
        return str(yaml.safe_load(manifest.read_text())["collection_info"]["version"])
