"""The guides as a reader uses them: blocks of commands, pasted into one shell in order."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.harness.documentation import blocks
from tests.harness.standalone import SCRIPTS
from tests.harness.template import PASSWORD

_SET_UP, _DOMAIN, *FIRST_STEPS = blocks("docs/first-steps.md")
ACCESS: Final = blocks("docs/access.md")
GALAXY: Final = blocks("docs/galaxy.md")
ROUTES: Final = blocks("docs/routes.md")
#: The names of the objects that the guides create in a Pulp.
_NAMES: Final = re.compile(
    r"\b(mine|my/own(?:/place)?|my/other/place|my laptop|customers|alice|team|(?<=name=)ci)\b"
)
_MARK: Final = "--- end of a block ---"
_SECONDS: Final = 240


def run(
    address: str,
    home: Path,
    pasted: list[str],
    *,
    has_domains: bool,
    variables: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Paste blocks into a shell that is set up for the Pulp at an address; a failure ends it.

    `variables` are added to the environment of the shell.
    """
    home.mkdir(exist_ok=True)
    set_up = [_SET_UP, *([_DOMAIN] if has_domains else [])]
    marked = (f"{block}\necho '{_MARK}'" for block in pasted)
    script = "\n".join(["set -e -o pipefail", *set_up, *marked])
    script = script.replace("http://127.0.0.1:8080", address)
    own = {"HOME": str(home), "PATH": f"{SCRIPTS}:{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", "-c", script.replace("the password of admin", PASSWORD)],
        cwd=home,
        env={**os.environ, **own, **(variables or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )


def paste(
    address: str,
    home: Path,
    pasted: list[str],
    *,
    has_domains: bool,
    variables: Mapping[str, str] | None = None,
) -> list[str]:
    """Paste blocks as `run` does; return the output of each block."""
    ended = run(address, home, pasted, has_domains=has_domains, variables=variables)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count(f"{_MARK}\n") == len(pasted), ended.stdout
    return ended.stdout.split(f"{_MARK}\n")[:-1]


def with_names(prefix: str, pasted: list[str]) -> list[str]:
    """Rename the objects that the blocks create: they were pasted in this Pulp before."""
    return [_NAMES.sub(rf"{prefix}-\1", block) for block in pasted]


def make_signing_key(home: Path) -> None:
    """Make the signing key that the chapter on signatures assumes."""
    home.mkdir(exist_ok=True)
    key = ["gpg", "--batch", "--passphrase", "", "--quick-generate-key", "team@example.org"]
    subprocess.run(key, env={**os.environ, "HOME": str(home)}, check=True, capture_output=True)


def assert_installed_from_galaxy(home: Path) -> None:
    """Assert that the guide to the Galaxy has installed and built the files that it names."""
    assert (home / "installed/ansible_collections/acme/tools/MANIFEST.json").exists()
    assert (home / "roles/acme.motd/meta/main.yml").exists()
    assert (home / "build/acme-tools-1.0.0.tar.gz.asc").exists()
