"""Real clients fetch guarded content with a token, and say why they cannot without one."""

import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness.pulp import Pulp

WHEEL = "demo-1.0-py3-none-any.whl"
METADATA = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"
TAGS = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
PAGE = f'<!DOCTYPE html><html><body><a href="../../{WHEEL}">{WHEEL}</a></body></html>'


@dataclass(frozen=True)
class Index:
    """A guarded package index, and a token that is good for it."""

    port: int
    path: str
    token: str

    def url(self, path: str, user: str = "") -> str:
        return f"http://{user}127.0.0.1:{self.port}{self.path}{path}"


def wheel(tmp_path: Path) -> bytes:
    path = tmp_path / WHEEL
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (("METADATA", METADATA), ("WHEEL", TAGS), ("RECORD", "")):
            archive.writestr(f"demo-1.0.dist-info/{name}", text)
    return path.read_bytes()


@pytest.fixture
def index(pulp: Pulp, tmp_path: Path) -> Index:
    files = {WHEEL: wheel(tmp_path), "simple/demo/index.html": PAGE.encode()}
    base = pulp.publish(files, content_guard=pulp.rest.guard("contentroutes/token"))
    return Index(pulp.ours.port, pulp.ours.url(f"{base}/"), str(pulp.rest.token()["token"]))


def run(*command: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )


def pip(index_url: str, tmp_path: Path, may_ask: bool = False) -> subprocess.CompletedProcess[str]:
    """Download with a pip that has no configuration; its questions get no answer."""
    options = ["--isolated", "--no-cache-dir", *([] if may_ask else ["--no-input"])]
    places = ["--dest", str(tmp_path / "got"), "--index-url", index_url]
    pip = (sys.executable, "-m", "pip", "download")
    return run(*pip, *options, *places, "demo", home=tmp_path)


def test_pip_downloads_with_a_token_in_the_url(index: Index, tmp_path: Path) -> None:
    ended = pip(index.url("simple/", f"token:{index.token}@"), tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "got" / WHEEL).read_bytes() == (tmp_path / WHEEL).read_bytes()
    assert index.token not in ended.stdout + ended.stderr


def test_pip_downloads_with_a_token_in_its_netrc(index: Index, tmp_path: Path) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text(f"machine 127.0.0.1 login token password {index.token}\n")
    netrc.chmod(0o600)
    ended = pip(index.url("simple/"), tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "got" / WHEEL).exists()


def test_pip_says_401_with_a_wrong_token(index: Index, tmp_path: Path) -> None:
    ended = pip(index.url("simple/", "token:pcr_wrong@"), tmp_path)
    assert ended.returncode != 0
    assert "401 Error, Credentials not correct" in ended.stdout + ended.stderr


def test_pip_asks_for_a_user_without_a_token(index: Index, tmp_path: Path) -> None:
    """pip asks only after a 401 with a challenge."""
    ended = pip(index.url("simple/"), tmp_path, may_ask=True)
    assert ended.returncode != 0
    assert f"User for 127.0.0.1:{index.port}" in ended.stdout + ended.stderr


def test_curl_downloads_with_its_netrc_and_says_401_without(index: Index, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login token password {index.token}\n")
    options = ("curl", "--silent", "--show-error", "--fail", "--output", str(tmp_path / "got.whl"))
    ended = run(*options, "--netrc-file", str(netrc), index.url(WHEEL), home=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "got.whl").read_bytes() == (tmp_path / WHEEL).read_bytes()
    refused = run(*options, index.url(WHEEL), home=tmp_path)
    assert (refused.returncode, "401" in refused.stderr) == (22, True)
