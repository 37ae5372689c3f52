"""The rules for the documents of a collection, and the message if one is broken."""

import json
import tarfile
from typing import Any

import pytest

from pulp_contentroutes.galaxy.collection import read_collection
from pulp_contentroutes.galaxy.errors import InvalidCollection, InvalidManifest, WrongDigest
from pulp_contentroutes.galaxy.limits import Limits
from tests.unit.galaxy.archives import (
    FILES,
    INFO,
    LIMITS,
    archive,
    assert_sentence,
    files_json,
    manifest_json,
    member,
    packed,
    sha256,
)

README = FILES["README.md"]


def entry(name: object = "README.md", **values: object) -> dict[str, object]:
    """Return an entry of FILES.json for a file."""
    digest = {"chksum_type": "sha256", "chksum_sha256": sha256(README)}
    return {"name": name, "ftype": "file", **digest, **values}


def listing(*entries: object) -> bytes:
    """Return a FILES.json with these entries."""
    return json.dumps({"files": [{"name": ".", "ftype": "dir"}, *entries]}).encode()


def refusal(
    kind: type[InvalidCollection], listed: bytes | None = None, manifest: bytes | None = None
) -> InvalidCollection:
    with pytest.raises(InvalidCollection) as refused:
        read_collection(archive({"README.md": README}, manifest, listed), LIMITS)
    assert type(refused.value) is kind
    return refused.value


def described(**values: object) -> bytes:
    """Return a manifest whose entry for FILES.json has these values."""
    manifest = json.loads(manifest_json(files_json({"README.md": README})))
    manifest["file_manifest_file"] |= values
    return json.dumps(manifest).encode()


@pytest.mark.parametrize("name", ["MANIFEST.json", "FILES.json"])
def test_both_documents_are_needed(name: str) -> None:
    documents = {"MANIFEST.json": manifest_json(b"{}"), "FILES.json": b"{}", **FILES}
    del documents[name]
    with pytest.raises(InvalidManifest) as refused:
        read_collection(packed(documents), LIMITS)
    assert_sentence(refused.value, f"no {name}")


@pytest.mark.parametrize("length", [0, 1])
def test_a_manifest_has_at_most_256_kibibytes(length: int) -> None:
    """It is stored in the database byte for byte."""
    manifest = manifest_json(files_json(FILES)).ljust(256 * 1024 + length)
    collection = archive(manifest=manifest)
    if length == 0:
        assert read_collection(collection, LIMITS).manifest == manifest.decode()
        return
    with pytest.raises(InvalidManifest) as refused:
        read_collection(collection, LIMITS)
    assert_sentence(refused.value, "MANIFEST.json", "262145 bytes")


def test_a_manifest_in_another_encoding_is_refused_as_such() -> None:
    error = refusal(InvalidManifest, manifest=b"\xff{}")
    assert_sentence(error, "MANIFEST.json", "UTF-8")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": "OTHER.json"}, ["MANIFEST.json", "FILES.json"]),
        ({"chksum_type": "md5"}, ["'chksum_type'", "'FILES.json'", "'sha256'"]),
        ({"chksum_type": None}, ["'chksum_type'", "'FILES.json'"]),
        ({"chksum_sha256": None}, ["SHA-256", "'FILES.json'"]),
        ({"chksum_sha256": 5}, ["SHA-256", "'FILES.json'"]),
        ({"chksum_sha256": "a" * 63}, ["SHA-256", "'FILES.json'"]),
        ({"chksum_sha256": "a" * 65}, ["SHA-256", "'FILES.json'"]),
        ({"chksum_sha256": "A" * 64}, ["SHA-256", "'FILES.json'"]),
    ],
    ids=lambda argument: " ".join(argument),
)
def test_the_manifest_has_the_digest_of_files_json(
    values: dict[str, Any], words: list[str]
) -> None:
    assert_sentence(refusal(InvalidManifest, manifest=described(**values)), *words)


def test_files_json_matches_the_digest_in_the_manifest() -> None:
    error = refusal(WrongDigest, manifest=described(chksum_sha256="a" * 64))
    assert_sentence(error, "FILES.json", "MANIFEST.json")
    manifest = json.dumps({"collection_info": INFO, "file_manifest_file": []}).encode()
    assert_sentence(refusal(InvalidManifest, manifest=manifest), "MANIFEST.json", "FILES.json")


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        pytest.param([entry("more.txt")], ["no 'more.txt'", "FILES.json"], id="no such file"),
        pytest.param(
            [entry(), entry("docs", ftype="dir")], ["no 'docs'", "FILES.json"], id="no such folder"
        ),
        pytest.param([entry(ftype="dir")], ["no 'README.md'"], id="a file for a folder"),
        pytest.param([entry(ftype=None)], ["no 'README.md'"], id="neither file nor folder"),
        pytest.param([], ["FILES.json", "'README.md'"], id="an unlisted file"),
        pytest.param([entry(), entry(".")], ["no '.'"], id="the collection as a file"),
        pytest.param([entry(chksum_type="md5")], ["'chksum_type'", "'README.md'"], id="MD5"),
        pytest.param([entry(chksum_sha256="a")], ["SHA-256", "'README.md'"], id="short digest"),
        pytest.param([entry(None)], ["FILES.json", "name"], id="no name"),
        pytest.param([entry(5)], ["FILES.json", "name"], id="a number for a name"),
        pytest.param(["README.md"], ["FILES.json", "name"], id="a text for an entry"),
    ],
)
def test_files_json_lists_every_file_and_no_other(entries: list[object], words: list[str]) -> None:
    assert_sentence(refusal(InvalidManifest, listed=listing(*entries)), *words)


def test_the_first_of_several_unlisted_files_is_named() -> None:
    files = {"README.md": README, "b.txt": b"", "a.txt": b""}
    with pytest.raises(InvalidManifest) as refused:
        read_collection(archive(files, listed=listing(entry())), LIMITS)
    assert_sentence(refused.value, "'a.txt'")


def test_a_file_with_another_digest_is_named() -> None:
    error = refusal(WrongDigest, listed=listing(entry(chksum_sha256="a" * 64)))
    assert_sentence(error, "'README.md'", "FILES.json")


@pytest.mark.parametrize("files", [None, {}, "README.md"])
def test_files_json_has_a_list(files: object) -> None:
    error = refusal(InvalidManifest, listed=json.dumps({"files": files}).encode())
    assert_sentence(error, "FILES.json", "'files'")


def test_folders_need_not_be_listed() -> None:
    listed = json.loads(files_json(FILES))
    listed["files"] = [each for each in listed["files"] if each["ftype"] == "file"]
    [warning] = read_collection(archive(listed=json.dumps(listed).encode()), LIMITS).warnings
    assert warning == (
        "FILES.json does not tell of the folder 'meta': 'ansible-galaxy collection verify' will "
        "find it changed."
    )


def test_a_license_file_takes_the_place_of_a_license() -> None:
    info: dict[str, object] = {"license": [], "license_file": "COPYING"}
    collection = read_collection(archive({**FILES, "COPYING": b"GPL"}, info=info), LIMITS)
    assert (collection.info.license, collection.info.license_file) == ((), "COPYING")


@pytest.mark.parametrize(
    ("kind", "target"), [(tarfile.SYMTYPE, "real.yml"), (tarfile.LNKTYPE, "meta/real.yml")]
)
def test_the_runtime_file_may_be_a_link(kind: bytes, target: str) -> None:
    """ansible-core reads the target of the link."""

    def add(tar: tarfile.TarFile) -> None:
        tar.addfile(member("meta/runtime.yml", kind, target))

    files = {"README.md": README, "meta/real.yml": b"requires_ansible: '>=2.16'"}
    listed = files_json({**files, "meta/runtime.yml": files["meta/real.yml"]})
    read = read_collection(archive(files, listed=listed, add=add), LIMITS)
    assert read.requires_ansible == ">=2.16"


@pytest.mark.parametrize(
    ("specifier", "is_taken"),
    [
        (">=2.16", True),
        (">=2.16,<2.20,!=2.17.1", True),
        pytest.param(">=2.16" + "0" * 249, True, id="255 letters"),
        pytest.param(">=2.16" + "0" * 250, False, id="256 letters"),
        ("2.16", False),
        pytest.param("===\u00e9", False, id="a letter that is not ASCII"),
        pytest.param("===\\a", False, id="a letter that is not printable"),
    ],
)
def test_the_version_of_ansible_is_a_specifier(specifier: str, is_taken: bool) -> None:
    runtime = f'requires_ansible: "{specifier}"'.encode()
    collection = archive({**FILES, "meta/runtime.yml": runtime})
    if is_taken:
        assert read_collection(collection, LIMITS).requires_ansible == specifier
        return
    with pytest.raises(InvalidManifest) as refused:
        read_collection(collection, LIMITS)
    words = ["'requires_ansible'", "meta/runtime.yml", "'>=2.16'"]
    assert_sentence(refused.value, *words, *(["'2.16'"] if specifier == "2.16" else []))


def test_the_documents_are_read_within_the_limits() -> None:
    with pytest.raises(InvalidCollection, match="FILES"):
        read_collection(archive(), Limits(document=len(files_json(FILES)) - 1))
