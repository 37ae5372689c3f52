"""Keys and signatures of the real gpg, in a home of its own."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

requires_gpg = pytest.mark.skipif(
    shutil.which("gpg") is None, reason="gpg is not installed (Debian package gnupg)"
)


@dataclass(frozen=True)
class Gpg:
    home: Path

    def run(self, *arguments: str, data: bytes = b"") -> bytes:
        ended = subprocess.run(
            ["gpg", "--batch", "--homedir", str(self.home), *arguments],
            env={"PATH": os.environ["PATH"], "HOME": str(self.home)},
            input=data,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert ended.returncode == 0, ended.stderr.decode()
        return ended.stdout

    def make_key(self, name: str) -> None:
        unprotected = ("--pinentry-mode", "loopback", "--passphrase", "")
        self.run(*unprotected, "--quick-generate-key", self._user(name), "ed25519", "sign", "never")

    def public_key(self, name: str) -> str:
        return self.run("--armor", "--export", self._user(name)).decode()

    def signature(self, name: str, data: bytes) -> str:
        """Return a detached signature in ASCII armor."""
        signer = ("--local-user", self._user(name))
        return self.run("--armor", "--detach-sign", *signer, data=data).decode()

    def import_into(self, key_ring: Path, *names: str) -> None:
        """Make a key ring in the way that users of ansible-galaxy are told to."""
        # Without the option gpg complains that its own keys are not in this ring.
        options = ("--no-auto-check-trustdb", "--no-default-keyring", "--keyring", str(key_ring))
        for name in names:
            self.run(*options, "--import", data=self.public_key(name).encode())

    @staticmethod
    def _user(name: str) -> str:
        return f"{name} <{name}@example.com>"


@contextlib.contextmanager
def gpg_with_keys(*names: str) -> Iterator[Gpg]:
    # The path of a pytest folder could be too long for the socket of gpg's agent.
    with TemporaryDirectory(prefix="gpg") as folder:
        gpg = Gpg(Path(folder))
        try:
            for name in names:
                gpg.make_key(name)
            yield gpg
        finally:
            kill = ["gpgconf", "--homedir", folder, "--kill", "gpg-agent"]
            subprocess.run(kill, capture_output=True, check=True, timeout=60)
