"""`ansible-galaxy collection verify` against the server that a collection came from."""

import pytest

from tests.clients.commands import install, printed, succeeded
from tests.pulp.conftest import Pulp
from tests.pulp.galaxy import Client, Galaxy, galaxy


@pytest.fixture(scope="module")
def unsigned(pulp: Pulp, token: str) -> Galaxy:
    server = galaxy(pulp)
    server.published(token)
    return server


def test_a_collection_is_verified_until_it_is_changed(
    unsigned: Galaxy, each_client: Client
) -> None:
    verify = ("collection", "verify", "acme.tools", "-p", "got", "-s", unsigned.url)
    succeeded(install(each_client, "acme.tools", "-s", unsigned.url))
    assert "match the remote collection" in succeeded(each_client.run(*verify))
    changed = "plugins/modules/ping.py"
    installed = each_client.home / "got/ansible_collections/acme/tools"
    (installed / changed).write_text("print('changed')\n")
    ended = each_client.run(*verify)
    assert ended.returncode == 1
    assert "contains modified content" in ended.stdout
    assert changed in ended.stdout


def test_what_no_server_has_is_not_verified(
    unsigned: Galaxy, server: Galaxy, client: Client
) -> None:
    succeeded(install(client, "acme.tools", "-s", unsigned.url))
    ended = client.run("collection", "verify", "acme.tools", "-p", "got", "-s", server.url)
    assert ended.returncode == 1
    assert "Failed to find remote collection" in printed(ended)
