"""PostgreSQL under a user id that is unknown on the machine, as in a container."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulp_contentroutes.standalone import programs
from pulp_contentroutes.standalone.programs import Account

ROOT = Path(__file__).parents[2]
UNKNOWN = Account(54321, 0)
CODE = """
import encodings.ascii, os, sys
from pathlib import Path
from pulp_contentroutes.standalone import database
from pulp_contentroutes.standalone.postgres import Cluster
# Only now: the interpreter's libraries may be closed to other users.
os.setgroups([])
os.setgid(0)
os.setuid(54321)
cluster = Cluster(Path(sys.argv[1]))
cluster.initialise()
with cluster.running():
    print(database.problem(cluster.database, seconds=10))
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Yield a folder of the unknown user that this user can reach, unlike pytest's folders."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    if not UNKNOWN.can_use(programs.find_postgresql(None) / "initdb"):
        pytest.skip("PostgreSQL is in a folder that is closed to other users")
    found = Path(tempfile.mkdtemp(dir="/tmp"))
    os.chown(found, UNKNOWN.uid, UNKNOWN.gid)
    yield found
    shutil.rmtree(found)


def run_cluster(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CODE, str(folder)],
        cwd="/",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_unknown_user_id_gets_a_database_or_hears_what_to_do(folder: Path) -> None:
    ended = run_cluster(folder)
    if ended.returncode:
        assert "NoPostgreSQL: The user id 54321 has no entry in /etc/passwd" in ended.stderr
        assert "nss_wrapper" in ended.stderr
    else:
        assert ended.stdout == "None\n"


def test_variables_of_another_postgresql_do_not_reach_ours(folder: Path) -> None:
    """The shell may be set up for another server."""
    passwd = folder / "passwd"
    passwd.write_text("somebody:x:54321:0::/:/bin/sh\n")
    wrapper = {"LD_PRELOAD": "libnss_wrapper.so", "NSS_WRAPPER_PASSWD": str(passwd)}
    wrapper["NSS_WRAPPER_GROUP"] = "/etc/group"
    other = {"PGPORT": "5999", "PGDATA": "/nonexistent", "PGUSER": "a", "PGDATABASE": "b"}
    ended = run_cluster(folder, **wrapper, **other)
    if "cannot be preloaded" in ended.stderr:
        pytest.skip("no nss_wrapper (Debian package libnss-wrapper)")
    assert ended.stdout == "None\n", ended.stderr
