"""Collections with the signatures of gpg, and clients with a key ring."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.clients.commands import Ended, install, printed, succeeded
from tests.clients.gpg import Gpg, gpg_with_keys, requires_gpg
from tests.pulp.access import Access
from tests.pulp.conftest import Pulp
from tests.pulp.galaxy import Client, Galaxy, galaxy, manifest_of, tarball

pytestmark = requires_gpg

#: Version of acme.tools → whose signatures it has. "bad" is alice's of something else.
SIGNED = {
    "1.0.0": [],
    "1.1.0": ["alice"],
    "1.2.0": ["bad", "bob"],
    "1.3.0": ["bad"],
    "1.4.0": ["alice", "bob"],
    "1.5.0": ["mallory"],
}


@pytest.fixture(scope="module")
def gpg() -> Iterator[Gpg]:
    with gpg_with_keys("alice", "bob", "mallory") as gpg:
        yield gpg


@pytest.fixture(scope="module")
def signed(pulp: Pulp, token: str, gpg: Gpg) -> Galaxy:
    server = galaxy(pulp)
    for version, signers in SIGNED.items():
        publish_signed(server, token, gpg, version, signers)
    return server


@pytest.fixture
def key_ring(gpg: Gpg, folder: Path) -> str:
    """The key ring of somebody who trusts alice and bob, and does not know mallory."""
    path = folder / "trusted.kbx"
    gpg.import_into(path, "alice", "bob")
    return str(path)


def publish_signed(
    server: Galaxy, token: str, gpg: Gpg, version: str, signers: list[str]
) -> dict[str, object]:
    """Return the import document."""
    data, name = tarball(version=version)
    manifest = manifest_of(data)
    signatures = [
        gpg.signature("alice", b"something else")
        if signer == "bad"
        else gpg.signature(signer, manifest)
        for signer in signers
    ]
    return server.imported(server.publish(data, name, token, signatures), token)


def install_signed(
    client: Client, server: Galaxy, key_ring: str, version: str, count: str
) -> Ended:
    options = ("--keyring", key_ring, "--required-valid-signature-count", count)
    return install(client, f"acme.tools:{version}", "-s", server.url, *options)


@pytest.mark.parametrize(
    ("version", "count"),
    [("1.0.0", "1"), ("1.1.0", "+1"), ("1.2.0", "1"), ("1.4.0", "+2"), ("1.4.0", "all")],
)
def test_enough_good_signatures_are_accepted(
    signed: Galaxy, client: Client, key_ring: str, version: str, count: str
) -> None:
    succeeded(install_signed(client, signed, key_ring, version, count))
    assert client.version_of("acme", "tools") == version


@pytest.mark.parametrize(
    ("version", "count"),
    [("1.0.0", "+1"), ("1.1.0", "2"), ("1.2.0", "all"), ("1.3.0", "1"), ("1.5.0", "1")],
)
def test_too_few_good_signatures_are_refused(
    signed: Galaxy, client: Client, key_ring: str, version: str, count: str
) -> None:
    ended = install_signed(client, signed, key_ring, version, count)
    assert ended.returncode == 1
    assert "Signature verification failed for 'acme.tools'" in printed(ended)
    assert client.version_of("acme", "tools") is None


def test_without_a_key_ring_signatures_are_not_looked_at(signed: Galaxy, client: Client) -> None:
    succeeded(install(client, "acme.tools:1.3.0", "-s", signed.url))
    assert client.version_of("acme", "tools") == "1.3.0"


def test_a_signed_collection_is_verified_until_its_manifest_is_changed(
    signed: Galaxy, outer_client: Client, key_ring: str
) -> None:
    succeeded(install_signed(outer_client, signed, key_ring, "1.1.0", "+1"))
    installed = outer_client.home / "got/ansible_collections"
    kept = yaml.safe_load((installed / "acme.tools-1.1.0.info/GALAXY.yml").read_text())
    assert [signature["signature"][:27] for signature in kept["signatures"]] == [
        "-----BEGIN PGP SIGNATURE---"
    ]
    options = ("-p", "got", "-s", signed.url, "--keyring", key_ring)
    verify = ("collection", "verify", "acme.tools", *options)
    succeeded(outer_client.run(*verify))
    manifest = installed / "acme/tools/MANIFEST.json"
    manifest.write_text(manifest.read_text().replace("Tools.", "Other tools."))
    ended = outer_client.run(*verify)
    assert ended.returncode == 1
    assert "Signature verification failed for 'acme.tools'" in printed(ended)


def test_a_repository_with_a_key_ring_takes_no_other_signatures(
    server: Galaxy, gpg: Gpg, token: str
) -> None:
    answer = Access(server.pulp).call(
        "PATCH", server.repository, key_ring=gpg.public_key("alice") + gpg.public_key("bob")
    )
    assert answer.status_code in (200, 202), answer.text
    assert publish_signed(server, token, gpg, "1.0.0", ["alice", "bob"])["state"] == "completed"
    for version, signer in (("2.0.0", "mallory"), ("3.0.0", "bad")):
        document = publish_signed(server, token, gpg, version, [signer])
        assert document["state"] == "failed"
        assert "invalid_signature" in str(document["error"])
    rows = server.get("api/v3/collections/acme/tools/versions/").json()["data"]
    assert [row["version"] for row in rows] == ["1.0.0"]
