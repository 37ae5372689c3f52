"""A prepared data folder, one for each set of versions, migrations and policies; tests copy it.

Preparing takes half a minute, nearly all of it for migrations; a copy takes less than a second.
Templates are kept in `.cache/templates`; one that is out of date is removed.
"""

import contextlib
import fcntl
import hashlib
import importlib.metadata
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name

from pulp_contentroutes.standalone import copies, data_dir
from pulp_contentroutes.standalone.environment import SYSTEM_FOLDER
from pulp_contentroutes.standalone.options import Options
from pulp_contentroutes.standalone.postgres import Cluster
from pulp_contentroutes.standalone.prepare import instance_of, prepare
from pulp_contentroutes.standalone.programs import Account

ROOT: Final = Path(__file__).parents[2]
PASSWORD: Final = "the password of the tests"
#: Every request of the API costs 0.4 s with Pulp's default of 1 000 000 rounds.
FAST_HASHER: Final = {"PASSWORD_HASHERS": '["django.contrib.auth.hashers.MD5PasswordHasher"]'}
_TEMPLATES: Final = ROOT / ".cache" / "templates"
# These settings lose no data if the server is killed, only if the machine loses power.
_POSTGRESQL: Final = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"


def copy_template(data: Path) -> None:
    """Make `data` the data folder of a Pulp that is prepared and has never run."""
    with _template() as template:
        _copy(template, data)
        cluster = data / data_dir.DATABASE_FOLDER
        if cluster.is_symlink():
            own = SYSTEM_FOLDER / f"cluster-{secrets.token_hex(8)}"
            _copy(cluster.resolve(), own)
            cluster.unlink()
            cluster.symlink_to(own)
    copies.make_own(data)


@contextlib.contextmanager
def _template() -> Iterator[Path]:
    """Yield the template, made if there is none; a lock keeps other processes from removing it."""
    _TEMPLATES.mkdir(parents=True, exist_ok=True)
    template = _TEMPLATES / _fingerprint()
    with (_TEMPLATES / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # The options are written last.
        if not (template / data_dir.OPTIONS_FILE).exists():
            for other in _TEMPLATES.iterdir():
                if data_dir.is_ours(other):
                    data_dir.remove_contents(other)
            _make(template)
        yield template


def _fingerprint() -> str:
    # Our own distribution is found twice in a work tree in which it was built.
    found = importlib.metadata.distributions()
    versions = sorted({f"{canonicalize_name(each.name)} {each.version}" for each in found})
    parts = [sys.version, *versions, str(Account.for_postgresql()), _POSTGRESQL]
    # Access policies and roles are put into the database after the migrations.
    for made_of in ("migrations/*.py", "policies.py", "**/viewsets.py", "**/viewsets/*.py"):
        files = sorted((ROOT / "pulp_contentroutes" / "app").glob(made_of))
        assert files, made_of
        parts += [file.read_text(encoding="utf-8") for file in files]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _make(data: Path) -> None:
    data_dir.create(data)
    cluster = Cluster(data)
    if Account.for_postgresql():
        # In a place that every account can reach, wherever the copy will be.
        cluster.move_to(cluster.make_home())
    options = Options(settings=FAST_HASHER)
    cluster.initialise()
    with (cluster.data / "postgresql.conf").open("a") as configuration:
        configuration.write(_POSTGRESQL)
    prepare(*instance_of(data, options), PASSWORD)
    cluster.remove_sockets()
    (data / data_dir.OPTIONS_FILE).write_text(Options().dump())


def _copy(source: Path, target: Path) -> None:
    # PostgreSQL's files keep their owner.
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)
