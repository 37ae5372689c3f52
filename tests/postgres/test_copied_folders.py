"""The database of a copied data folder, on a real PostgreSQL: a copy gets one of its own."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulp_contentroutes.standalone import copies, data_dir, database
from pulp_contentroutes.standalone.options import Options
from pulp_contentroutes.standalone.postgres import Cluster
from pulp_contentroutes.standalone.prepare import instance_of


@pytest.fixture
def original() -> Iterator[Path]:
    """Yield a data folder with a database, which every account can reach."""
    parent = Path(tempfile.mkdtemp(dir="/tmp", prefix="pulp-copies-"))
    parent.chmod(0o711)
    yield make(parent / "a")
    for data in sorted(parent.iterdir()):
        Cluster(data).remove_sockets()
        data_dir.remove_contents(data)
    shutil.rmtree(parent)


def make(data: Path) -> Path:
    data_dir.create(data)
    settle(data)
    Cluster(data).initialise()
    copies.make_own(data)
    return data


def settle(data: Path) -> None:
    with data_dir.hold(data):
        copies.settle(*instance_of(data, Options(nginx=False)), {})


def copy(data: Path) -> Path:
    target = data.with_name("b")
    subprocess.run(["cp", "-a", str(data), str(target)], check=True)
    return target


def link(data: Path) -> Cluster:
    """Move the database out, as root's Pulp does if other accounts cannot reach the folder."""
    cluster = Cluster(data)
    if cluster.account is None:
        pytest.skip("only root's database stands elsewhere")
    if not cluster.is_linked:
        home = cluster.make_home()
        cluster.data.rename(home / "data")
        cluster.remove_sockets()
        shutil.rmtree(data / data_dir.DATABASE_FOLDER)
        cluster.move_to(home)
        copies.make_own(data)
    return cluster


def execute(data: Path, statement: str) -> list[tuple[object, ...]]:
    with database.connect(Cluster(data).database, 10, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


def test_a_copy_of_a_running_folder_does_not_stop_the_original(original: Path) -> None:
    """With the database in it, the copy has the process id and the sockets of the original."""
    if Cluster(original).is_linked:
        pytest.skip("/tmp is closed to other accounts")
    with Cluster(original).running():
        execute(original, "CREATE TABLE kept AS SELECT 1 AS number")
        execute(original, "CHECKPOINT")
        other = copy(original)
        settle(other)
        with Cluster(other).running():
            execute(other, "DROP TABLE kept")
            assert execute(original, "SELECT number FROM kept") == [(1,)]
        assert execute(original, "SELECT number FROM kept") == [(1,)]
        assert not Cluster(other).is_in_use()
        assert Cluster(original).is_in_use()


def test_a_copied_link_gets_a_database_of_its_own(original: Path) -> None:
    cluster = link(original)
    with cluster.running():
        execute(original, "CREATE TABLE kept AS SELECT 1 AS number")
    other = copy(original)
    settle(other)
    with Cluster(other).running():
        execute(other, "DROP TABLE kept")
        with cluster.running():
            assert execute(original, "SELECT number FROM kept") == [(1,)]
    data_dir.remove_contents(other)
    with cluster.running():
        assert execute(original, "SELECT number FROM kept") == [(1,)]


def test_a_copied_link_gets_a_database_of_its_own_when_the_original_was_renamed(
    original: Path,
) -> None:
    with link(original).running():
        execute(original, "CREATE TABLE kept AS SELECT 1 AS number")
    other = copy(original)
    renamed = original.rename(original.with_name("c"))
    settle(other)
    with Cluster(other).running():
        assert execute(other, "SELECT number FROM kept") == [(1,)]
        execute(other, "DROP TABLE kept")
    data_dir.remove_contents(other)
    settle(renamed)
    with Cluster(renamed).running():
        assert execute(renamed, "SELECT number FROM kept") == [(1,)]
