"""Collections with the signatures of gpg, and clients with a key ring."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.clients.commands import expect_success, install, only_before_a_release, output_of
from tests.clients.gpg import Gpg, gpg_with_keys, requires_gpg
from tests.harness.ansible_galaxy import Client, Ended
from tests.harness.galaxy import Galaxy, create_galaxy, manifest_of, tarball
from tests.harness.rest import Rest

pytestmark = requires_gpg

#: Version of acme.tools → its signers. "bad" is a signature by alice of something else.
SIGNED = {
    "1.0.0": [],
    "1.1.0": ["alice"],
    "1.2.0": ["bad", "bob"],
    "1.3.0": ["bad"],
    "1.4.0": ["alice", "bob"],
    "1.5.0": ["mallory"],
}
FAILURE = "Signature verification failed for 'acme.tools'"


@pytest.fixture(scope="module")
def gpg() -> Iterator[Gpg]:
    with gpg_with_keys("alice", "bob", "mallory") as gpg:
        yield gpg


@pytest.fixture(scope="module")
def signed(admin: Rest, token: str, gpg: Gpg) -> Galaxy:
    server = create_galaxy(admin)
    for version, signers in SIGNED.items():
        assert publish_signed(server, token, gpg, version, signers)["state"] == "completed"
    return server


@pytest.fixture
def key_ring(gpg: Gpg, tmp_path: Path) -> str:
    """The key ring of a user who trusts alice and bob, and does not know mallory."""
    path = tmp_path / "trusted.kbx"
    gpg.import_into(path, "alice", "bob")
    return str(path)


def publish_signed(
    server: Galaxy, token: str, gpg: Gpg, version: str, signers: list[str]
) -> dict[str, Any]:
    """Return the import document."""
    data, name = tarball(version=version)
    manifest = manifest_of(data)
    signatures = [
        gpg.signature("alice", b"something else")
        if signer == "bad"
        else gpg.signature(signer, manifest)
        for signer in signers
    ]
    return server.wait_for_import(server.publish(data, name, token, signatures), token)


def install_signed(
    client: Client, server: Galaxy, key_ring: str, version: str, count: str
) -> Ended:
    options = ("--keyring", key_ring, "--required-valid-signature-count", count)
    return install(client, f"acme.tools:{version}", "-s", server.url, *options)


@pytest.mark.parametrize(
    "case",
    ["1.2.0 1", *only_before_a_release("1.0.0 1", "1.1.0 +1", "1.4.0 +2", "1.4.0 all")],
)
def test_enough_good_signatures_are_accepted(
    signed: Galaxy, client: Client, key_ring: str, case: str
) -> None:
    version, count = case.split()
    expect_success(install_signed(client, signed, key_ring, version, count))
    assert client.version_of("acme", "tools") == version


@pytest.mark.parametrize(
    "case",
    ["1.2.0 all", *only_before_a_release("1.0.0 +1", "1.1.0 2", "1.3.0 1", "1.5.0 1")],
)
def test_too_few_good_signatures_are_refused(
    signed: Galaxy, client: Client, key_ring: str, case: str
) -> None:
    ended = install_signed(client, signed, key_ring, *case.split())
    assert (ended.returncode, FAILURE in output_of(ended)) == (1, True)
    assert client.version_of("acme", "tools") is None


def test_a_signed_collection_is_verified_until_its_manifest_is_changed(
    signed: Galaxy, outer_client: Client, key_ring: str
) -> None:
    expect_success(install_signed(outer_client, signed, key_ring, "1.1.0", "+1"))
    installed = outer_client.home / "got/ansible_collections"
    kept = yaml.safe_load((installed / "acme.tools-1.1.0.info/GALAXY.yml").read_text())
    assert [signature["signature"][:27] for signature in kept["signatures"]] == [
        "-----BEGIN PGP SIGNATURE---"
    ]
    options = ("-p", "got", "-s", signed.url, "--keyring", key_ring)
    verify = ("collection", "verify", "acme.tools", *options)
    expect_success(outer_client.run(*verify))
    manifest = installed / "acme/tools/MANIFEST.json"
    manifest.write_text(manifest.read_text().replace("Tools.", "Other tools."))
    ended = outer_client.run(*verify)
    assert (ended.returncode, FAILURE in output_of(ended)) == (1, True)


def test_a_repository_with_a_key_ring_takes_no_other_signatures(
    server: Galaxy, gpg: Gpg, token: str
) -> None:
    """The same as in tests/django with keys of another program; these keys are gpg's."""
    keys = gpg.public_key("alice") + gpg.public_key("bob")
    task = server.admin.run_task("PATCH", server.repository, key_ring=keys)
    assert task["state"] == "completed", task
    assert publish_signed(server, token, gpg, "1.0.0", ["alice", "bob"])["state"] == "completed"
    for version, signer in (("2.0.0", "mallory"), ("3.0.0", "bad")):
        document = publish_signed(server, token, gpg, version, [signer])
        assert document["state"] == "failed"
        assert "invalid_signature" in str(document["error"])
    rows = server.get("api/v3/collections/acme/tools/versions/").json()["data"]
    assert [row["version"] for row in rows] == ["1.0.0"]
