"""What is a collection, and the sentence for what is none; hostile archives cost little."""

import io
import json
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulp_contentroutes.galaxy.collection import read_collection
from pulp_contentroutes.galaxy.errors import (
    InvalidCollection,
    InvalidManifest,
    WrongDigest,
)
from tests.unit.galaxy.archives import (
    FILES,
    LIMITS,
    archive,
    files_json,
    manifest_json,
    member,
    packed,
    with_member,
)


def test_a_collection_is_read() -> None:
    collection = read_collection(archive(), LIMITS)
    info = collection.info
    assert info.filename == "acme-tools-1.2.3.tar.gz"
    assert (info.authors, info.tags) == (("Somebody <somebody@example.com>",), ("linux",))
    assert info.dependencies == {"acme.base": ">=1.0.0,<2.0.0"}
    assert (info.repository, info.homepage) == ("https://example.com/repository", None)
    assert collection.requires_ansible == ">=2.14"
    assert json.loads(collection.manifest)["format"] == 1
    assert collection.warnings == ()


def test_a_collection_that_names_no_ansible_is_warned_of() -> None:
    collection = read_collection(archive({"README.md": b"x"}), LIMITS)
    assert collection.requires_ansible is None
    assert collection.warnings == ("meta/runtime.yml has no 'requires_ansible'.",)


def test_links_within_the_collection_are_what_they_lead_to() -> None:
    def add(tar: tarfile.TarFile) -> None:
        tar.addfile(member("docs", tarfile.DIRTYPE))
        tar.addfile(member("docs/README.md", tarfile.SYMTYPE, "../README.md"))
        tar.addfile(member("modules", tarfile.SYMTYPE, "plugins/modules"))

    listed = json.loads(files_json({**FILES, "docs/README.md": FILES["README.md"]}))
    listed["files"].append({"name": "modules", "ftype": "dir"})
    collection = read_collection(archive(listed=json.dumps(listed).encode(), add=add), LIMITS)
    assert collection.info.name == "tools"


def test_a_manifest_that_clients_could_not_verify_is_refused() -> None:
    manifest = manifest_json(files_json(FILES)).replace(b'"chksum_type": "sha256", ', b"")
    with pytest.raises(InvalidManifest, match="chksum_type"):
        read_collection(archive(manifest=manifest), LIMITS)


def test_a_manifest_is_utf_8() -> None:
    """JSON in UTF-16 could be read, and not be kept."""
    wide = manifest_json(files_json(FILES)).decode().encode("utf-16-le")
    for manifest in (wide, b"\xef\xbb\xbf" + manifest_json(files_json(FILES)), b"\xff{}"):
        with pytest.raises(InvalidManifest):
            read_collection(archive(manifest=manifest), LIMITS)


@pytest.mark.parametrize(
    "info",
    [
        {"namespace": "Acme"},
        {"namespace": "a__b"},
        {"namespace": "x" * 65},
        {"name": "1tools"},
        {"name": None},
        {"name": ["tools"]},
        {"version": "1.2"},
        {"version": "v1.2.3"},
        {"version": "1.2.3-" + "a" * 200},
        {"authors": []},
        {"authors": [""]},
        {"authors": {"a": 1}},
        {"readme": None},
        {"readme": "missing.md"},
        {"readme": "../README.md"},
        {"license": []},
        {"license": [], "license_file": "LICENSE"},
        {"license_file": "README.md"},
        {"tags": ["x" * 65]},
        {"tags": ["a b"]},
        {"tags": [f"t{number}" for number in range(21)]},
        {"description": "x" * 2001},
        {"description": "\ud800"},
        {"description": "a\0b"},
        {"dependencies": ["acme.base"]},
        {"dependencies": {"acme.tools": "*"}},
        {"dependencies": {"acme": "*"}},
        {"dependencies": {"a.b.c": "*"}},
        {"dependencies": {"acme.base": None}},
        {"dependencies": {"acme.base": ">=one"}},
        {"dependencies": {"acme.base": "~=1.0.0"}},
        {"dependencies": {"acme.base": ">=1.0.0,,<2.0.0"}},
        {"dependencies": {f"acme.n{number}": "*" for number in range(1001)}},
    ],
    ids=lambda info: str(info)[:40],
)
def test_a_manifest_with_a_wrong_field_is_refused(info: dict[str, object]) -> None:
    with pytest.raises(InvalidManifest) as refused:
        read_collection(archive(info=info), LIMITS)
    assert 10 < len(str(refused.value)) < 300
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("requirement", ["*", "1.0.0", "==1.0.0", ">=1.0.0, <2.0.0-a.1", "!=1.0.0"])
def test_requirements_of_every_operator_are_taken(requirement: str) -> None:
    named = {"acme.base": requirement}
    collection = read_collection(archive(info={"dependencies": named}), LIMITS)
    assert collection.info.dependencies == named


@pytest.mark.parametrize(
    "document",
    [b"", b"[]", b"null", b"{", b"{}", b"\xff", b"[" * 50_000, b'{"collection_info": []}'],
    ids=lambda document: repr(document[:20]),
)
@pytest.mark.parametrize("which", ["manifest", "listed"])
def test_documents_that_are_none_are_refused(which: str, document: bytes) -> None:
    if which == "listed":
        refused = archive(listed=document, manifest=manifest_json(document))
    else:
        refused = archive(manifest=document)
    with pytest.raises(InvalidManifest):
        read_collection(refused, LIMITS)


@pytest.mark.parametrize(
    "runtime",
    [
        b"requires_ansible: 2.14",
        b"requires_ansible: ['>=2.14']",
        b"requires_ansible: 'new'",
        b"requires_ansible: '" + b">=2," * 100 + b"'",
        b"a: [",
        b"\xff",
        b"[" * 5000,
        b'requires_ansible: "===\\0"',
        b'requires_ansible: "===\\ud800"',
        b"requires_ansible: !!bool foo",
        b"requires_ansible: " + b"1:" * 300 + b"1.5",
        b"#" * 262_145,
    ],
    ids=lambda runtime: repr(runtime[:24]),
)
def test_a_runtime_that_cannot_be_read_is_refused(runtime: bytes) -> None:
    with pytest.raises(InvalidManifest):
        read_collection(archive({**FILES, "meta/runtime.yml": runtime}), LIMITS)


@pytest.mark.parametrize("runtime", [b"", b"requires_ansible:", b"a: !!timestamp foo", b"- a"])
def test_a_runtime_that_names_no_ansible_is_none(runtime: bytes) -> None:
    collection = read_collection(archive({**FILES, "meta/runtime.yml": runtime}), LIMITS)
    assert collection.requires_ansible is None


def test_every_file_is_the_one_that_is_told_of() -> None:
    listed = files_json({**FILES, "README.md": b"another"})
    with pytest.raises(WrongDigest, match="README"):
        read_collection(archive(listed=listed), LIMITS)
    with pytest.raises(WrongDigest, match=r"^FILES"):
        read_collection(archive(manifest=manifest_json(b"another")), LIMITS)
    with pytest.raises(InvalidManifest, match=r"no 'more\.txt'"):
        read_collection(archive(listed=files_json({**FILES, "more.txt": b""})), LIMITS)
    with pytest.raises(InvalidManifest, match=r"not tell of 'more\.txt'"):
        read_collection(with_member(member("more.txt")), LIMITS)
    with pytest.raises(InvalidManifest, match=r"has no MANIFEST\.json"):
        read_collection(packed(FILES), LIMITS)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_nothing_but_a_refusal_comes_of_damage(data: st.DataObject) -> None:
    good = archive().read()
    at = data.draw(st.integers(0, len(good) - 1))
    bad = good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 255))]) + good[at + 1 :]
    try:
        collection = read_collection(io.BytesIO(bad), LIMITS)
    except InvalidCollection:
        return
    # What does not matter to gzip: its time, its name, its system.
    assert collection.info.version == "1.2.3"
    assert collection.manifest == manifest_json(files_json(FILES)).decode()
