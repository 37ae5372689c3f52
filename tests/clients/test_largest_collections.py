"""The largest ordinary collections that exist: built, published, installed and verified."""

import tarfile

import pytest

from pulp_contentroutes.galaxy.limits import SMALL_UPLOAD
from tests.clients.commands import expect_success, only_before_a_release
from tests.clients.largest_collections import LARGEST, write_source
from tests.harness.ansible_galaxy import Client
from tests.harness.galaxy import Galaxy

#: A collection with the tests of many modules, and small enough to be imported at once.
USUAL = "cisco.iosxr"


@pytest.mark.parametrize(
    "name", [USUAL, *only_before_a_release(*(each for each in LARGEST if each != USUAL))]
)
def test_a_large_collection_is_published_installed_and_verified(
    server: Galaxy, outer_client: Client, token: str, name: str
) -> None:
    """Each member has its own header for the fraction of a second in its modification time."""
    version = write_source(name, outer_client.home / "source")
    expect_success(outer_client.run("collection", "build", "source"))
    file = outer_client.home / f"{name.replace('.', '-')}-{version}.tar.gz"
    with tarfile.open(file) as archive:
        dated = sum("mtime" in each.pax_headers for each in archive)
    # The import of most of the others is left to a worker.
    assert dated > 200 if name != USUAL else dated > 1000 and file.stat().st_size < SMALL_UPLOAD
    publish = ("publish", file.name, "-s", server.url, "--token", token)
    assert "WARNING" not in expect_success(outer_client.run("collection", *publish))
    where = ("-p", "got", "-s", server.url)
    expect_success(outer_client.run("collection", "install", name, "--no-deps", *where))
    expect_success(outer_client.run("collection", "verify", name, *where))
