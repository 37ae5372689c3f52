"""Install a wheel into a new environment, and run its program: `python -m tests.wheel FILE`.

The other libraries are those of this environment. Separate tests check that all of them are
required, and that an installation from the package index works (tests/pulp/test_install.py).
"""

import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def build(folder: Path) -> Path:
    """Build the wheel of this work tree into `folder`, and return it."""
    _run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "-o", str(folder), str(ROOT))
    [wheel] = folder.glob("*.whl")
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """Make an environment in `folder` with only `wheel` in it; return its folder of programs."""
    _run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    scripts = folder / "bin"
    pip = (sys.executable, "-m", "pip", "--python", str(scripts / "python"))
    _run(*pip, "--disable-pip-version-check", "install", "--no-deps", "--no-index", str(wheel))
    return scripts


def check(scripts: Path) -> str:
    """Run the program of the wheel; return the version that it prints."""
    libraries = {**os.environ, "PYTHONPATH": sysconfig.get_path("purelib")}
    where = "import pulp_contentroutes; print(pulp_contentroutes.__file__)"
    found = _run(str(scripts / "python"), "-c", where)
    assert found.startswith(str(scripts.parent)), found
    return _run(str(scripts / "pulp-contentroutes"), "--version", env=libraries)


def _run(*command: str, env: dict[str, str] | None = None) -> str:
    ended = subprocess.run(
        command, cwd="/", env=env, capture_output=True, text=True, check=False, timeout=120
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        sys.stdout.write(check(install(Path(sys.argv[1]).resolve(), Path(made) / "venv")))
