"""`ansible-galaxy collection verify` where the server does not have the collection."""

from tests.clients.commands import expect_refusal, unpack
from tests.harness.ansible_galaxy import Client
from tests.harness.galaxy import Galaxy, tarball


def test_a_collection_that_the_server_lacks_is_not_verified(server: Galaxy, client: Client) -> None:
    unpack(client, tarball()[0])
    ended = client.run("collection", "verify", "acme.tools", "-p", "got", "-s", server.url)
    assert "There is no such version of a collection." in expect_refusal(ended)
