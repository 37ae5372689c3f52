"""Each block of the guides works when it is pasted into a shell, in the order of the guides."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.harness.documentation import blocks
from tests.harness.pulp import Pulp
from tests.harness.standalone import SCRIPTS, requires_nginx
from tests.harness.template import PASSWORD

_SET_UP, _DOMAIN, *_FIRST_STEPS = blocks("docs/first-steps.md")
_MARK = "--- end of a block ---"


def run(pulp: Pulp, home: Path, pasted: list[str]) -> subprocess.CompletedProcess[str]:
    """Paste blocks into one shell, which a failed command ends."""
    home.mkdir(exist_ok=True)
    set_up = [_SET_UP, *([_DOMAIN] if pulp.domain else [])]
    marked = (f"{block}\necho '{_MARK}'" for block in pasted)
    script = "\n".join(["set -e -o pipefail", *set_up, *marked])
    script = script.replace("http://127.0.0.1:8080", f"http://127.0.0.1:{pulp.instance.port}")
    return subprocess.run(
        ["bash", "-c", script.replace("the password of admin", PASSWORD)],
        cwd=home,
        env={**os.environ, "HOME": str(home), "PATH": f"{SCRIPTS}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def paste(pulp: Pulp, home: Path, pasted: list[str]) -> list[str]:
    """Return the output of each block."""
    ended = run(pulp, home, pasted)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout.split(f"{_MARK}\n")[:-1]


@requires_nginx  # the one port of all URLs
@pytest.mark.domains
def test_the_first_steps_and_guards(pulp: Pulp, tmp_path: Path) -> None:
    guards = blocks("docs/access.md")
    printed = paste(pulp, tmp_path / "home", [*_FIRST_STEPS, *guards])
    steps, guarded = printed[: len(_FIRST_STEPS)], printed[len(_FIRST_STEPS) :]
    assert [steps[1], steps[2].splitlines()[-1]] == ["My own file.\n", "My second file."]
    assert '"token":"pcr_' in guarded[0]
    assert guarded[-2].splitlines()[-1] == "My own file."
    assert guarded[-1] == "401\n"


@requires_nginx
@pytest.mark.domains
def test_a_private_galaxy(pulp: Pulp, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    # A socket's path is bounded, and gpg's agent has one in its home.
    key = ["gpg", "--batch", "--passphrase", "", "--quick-generate-key", "team@example.org"]
    subprocess.run(key, env={**os.environ, "HOME": str(home)}, check=True, capture_output=True)
    # Other tests have a team, too.
    paste(pulp, home, [block.replace("team", "our-team") for block in blocks("docs/galaxy.md")])
    installed = home / "installed/ansible_collections/acme/tools/MANIFEST.json"
    assert installed.exists()
    assert (home / "roles/acme.motd/meta/main.yml").exists()
    assert (home / "build/acme-tools-1.0.0.tar.gz.asc").exists()


@requires_nginx
@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("href --data name= $api/repositories/file/file/", "This field may not be blank."),
        ("href $api/repositories/file/file/?name=none", "Nothing is found."),
    ],
    ids=["refused", "not there"],
)
def test_a_request_that_fails_ends_the_example_and_says_why(
    pulp: Pulp, tmp_path: Path, command: str, said: str
) -> None:
    ended = run(pulp, tmp_path / "home", [f"found=$({command})"])
    assert ended.returncode != 0
    assert said in ended.stderr
    assert _MARK not in ended.stdout
