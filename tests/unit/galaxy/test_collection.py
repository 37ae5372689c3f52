"""Valid collections, the refusal of invalid ones, and the small cost of hostile archives."""

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
    """JSON in UTF-16 could be parsed, but not stored."""
    wide = manifest_json(files_json(FILES)).decode().encode("utf-16-le")
    for manifest in (wide, b"\xef\xbb\xbf" + manifest_json(files_json(FILES)), b"\xff{}"):
        with pytest.raises(InvalidManifest):
            read_collection(archive(manifest=manifest), LIMITS)


@pytest.mark.parametrize(
    "info",
    [
        pytest.param({"namespace": "Acme"}, id="namespace in capitals"),
        pytest.param({"namespace": "class"}, id="keyword of Python"),
        pytest.param({"namespace": "a__b"}, id="namespace with two underscores"),
        pytest.param({"namespace": "x" * 65}, id="namespace of 65 letters"),
        pytest.param({"name": "1tools"}, id="name with a digit first"),
        pytest.param({"name": None}, id="no name"),
        pytest.param({"name": ["tools"]}, id="list of names"),
        pytest.param({"version": "1.2"}, id="version of two numbers"),
        pytest.param({"version": "v1.2.3"}, id="version with a v"),
        pytest.param({"version": "1.2.3-" + "a" * 200}, id="version of 206 letters"),
        pytest.param({"authors": [""]}, id="author without a name"),
        pytest.param({"authors": {"a": 1}}, id="authors in a map"),
        pytest.param({"description": "x" * 32769}, id="description of 32769 letters"),
        pytest.param({"description": "\ud800"}, id="description with half a surrogate pair"),
        pytest.param({"description": "a\0b"}, id="description with NUL"),
        pytest.param({"dependencies": ["acme.base"]}, id="list of dependencies"),
        pytest.param({"dependencies": {"acme.tools": "*"}}, id="dependency on itself"),
        pytest.param({"dependencies": {"acme": "*"}}, id="dependency without a namespace"),
        pytest.param({"dependencies": {"a.b.c": "*"}}, id="dependency with three parts"),
        pytest.param({"dependencies": {"acme.base": None}}, id="dependency without a version"),
        pytest.param(
            {"dependencies": {"acme.base": ">=one"}}, id="dependency on an invalid version"
        ),
        pytest.param({"dependencies": {"acme.base": "~=1.0.0"}}, id="operator of Python"),
        pytest.param(
            {"dependencies": {"acme.base": ">=1.0.0,,<2.0.0"}}, id="empty part of a requirement"
        ),
        pytest.param(
            {"dependencies": {f"a.n{number}": "*" for number in range(1001)}},
            id="1001 dependencies",
        ),
    ],
)
def test_a_manifest_with_a_wrong_field_is_refused(info: dict[str, object]) -> None:
    with pytest.raises(InvalidManifest) as refused:
        read_collection(archive(info=info), LIMITS)
    assert 10 < len(str(refused.value)) < 300
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("info", "advice"),
    [
        ({"authors": []}, "'authors' is empty."),
        ({"readme": None}, "'readme' is empty."),
        ({"readme": "missing.md"}, "The archive has no 'missing.md', which its manifest names."),
        ({"license": []}, "One of 'license' and 'license_file' is needed, and not both."),
        (
            {"license_file": "README.md"},
            "One of 'license' and 'license_file' is needed, and not both.",
        ),
        (
            {"license": [], "license_file": "COPYING"},
            "The archive has no 'COPYING', which its manifest names.",
        ),
        ({"tags": ["x" * 65]}, f"'{'x' * 65}' is no tag: lower-case letters, digits, underscores."),
        ({"tags": ["a b"]}, "'a b' is no tag: lower-case letters, digits, underscores."),
        (
            {"tags": [f"t{number}" for number in range(21)]},
            "There are 21 tags; galaxy.ansible.com allows 20.",
        ),
    ],
    ids=lambda argument: str(argument)[:30],
)
def test_rules_that_only_galaxy_ansible_com_has_are_advice(
    info: dict[str, object], advice: str
) -> None:
    """`ansible-galaxy` builds and installs such collections."""
    assert read_collection(archive(info=info), LIMITS).warnings == (advice,)


@pytest.mark.parametrize("requirement", ["*", "1.0.0", "==1.0.0", ">=1.0.0,<2.0.0-a.1", "!=1.0.0"])
def test_requirements_of_every_operator_are_taken(requirement: str) -> None:
    named = {"acme.base": requirement}
    collection = read_collection(archive(info={"dependencies": named}), LIMITS)
    assert collection.info.dependencies == named


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"null", id="null"),
        pytest.param(b"{", id="not closed"),
        pytest.param(b"{}", id="empty object"),
        pytest.param(b"\xff", id="not UTF-8"),
        pytest.param(b"[" * 50_000, id="50 000 brackets"),
        pytest.param(b'{"collection_info": []}', id="list for an object"),
    ],
)
@pytest.mark.parametrize("which", ["MANIFEST", "FILES"])
def test_documents_that_are_none_are_refused(which: str, document: bytes) -> None:
    if which == "FILES":
        refused = archive(listed=document, manifest=manifest_json(document))
    else:
        refused = archive(manifest=document)
    with pytest.raises(InvalidCollection, match=rf"{which}\.json"):
        read_collection(refused, LIMITS)


@pytest.mark.parametrize(
    "runtime",
    [
        pytest.param(b"requires_ansible: 2.14", id="a number"),
        pytest.param(b"requires_ansible: ['>=2.14']", id="a list"),
        pytest.param(b"requires_ansible: 'new'", id="a word"),
        pytest.param(
            b"requires_ansible: '" + b">=2," * 100 + b"'", id="a specifier of 500 letters"
        ),
        pytest.param(b"a: [", id="not closed"),
        pytest.param(b"\xff", id="not UTF-8"),
        pytest.param(b"[" * 5000, id="5000 brackets"),
        pytest.param(b'requires_ansible: "===\\0"', id="NUL"),
        pytest.param(b'requires_ansible: "===\\ud800"', id="half a surrogate pair"),
        pytest.param(b"requires_ansible: !!bool foo", id="a tag of a type"),
        pytest.param(b"requires_ansible: " + b"1:" * 300 + b"1.5", id="sexagesimal digits"),
        pytest.param(b"requires_ansible: &a '>=2.14'", id="an anchor"),
    ],
)
def test_a_runtime_that_cannot_be_read_is_refused(runtime: bytes) -> None:
    with pytest.raises(InvalidManifest, match=r"meta/runtime\.yml"):
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


@settings(max_examples=200)
@given(data=st.data())
def test_nothing_but_a_refusal_comes_of_damage(data: st.DataObject) -> None:
    good = archive().read()
    at = data.draw(st.integers(0, len(good) - 1))
    bad = good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 255))]) + good[at + 1 :]
    try:
        collection = read_collection(io.BytesIO(bad), LIMITS)
    except InvalidCollection:
        return
    # The damage is in a field that gzip ignores: time, name or system.
    assert collection.info.version == "1.2.3"
    assert collection.manifest == manifest_json(files_json(FILES)).decode()
