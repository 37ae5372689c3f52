"""What is a collection, and the sentence for what is none; hostile archives cost little."""

import io
import json
import tarfile
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulp_contentroutes.galaxy.collection import read_collection
from pulp_contentroutes.galaxy.errors import (
    InvalidCollection,
    InvalidManifest,
    TooLarge,
    UnreadableArchive,
    WrongDigest,
)
from pulp_contentroutes.galaxy.limits import Limits
from tests.unit.galaxy.archives import (
    FILES,
    archive,
    compressed,
    files_json,
    manifest_json,
    member,
    packed,
    with_member,
)

LIMITS = Limits(unpacked=5_000_000, members=100, document=300_000, headers=20_000)


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


@pytest.mark.parametrize(
    "members",
    [
        [member("../out")],
        [member("/etc/passwd")],
        [member("a/../../out")],
        [member("link", tarfile.SYMTYPE, "/etc/passwd")],
        [member("link", tarfile.SYMTYPE, "../out")],
        [member("link", tarfile.SYMTYPE, "nothing")],
        [member("one", tarfile.SYMTYPE, "two"), member("two", tarfile.SYMTYPE, "one")],
        [member("hard", tarfile.LNKTYPE, "README.md")],
        [member("device", tarfile.CHRTYPE)],
        [member("device", tarfile.BLKTYPE)],
        [member("pipe", tarfile.FIFOTYPE)],
        [member("README.md")],
        [member("./README.md")],
        [member("plugins", tarfile.SYMTYPE, "meta")],
        [member("line\nbreak")],
        [member("sparse", tarfile.GNUTYPE_SPARSE)],
    ],
    ids=lambda members: f"{members[0].name!r} {members[0].type!r}",
)
def test_members_that_nobody_should_unpack_are_refused(members: list[tarfile.TarInfo]) -> None:
    with pytest.raises(UnreadableArchive):
        read_collection(with_member(*members), LIMITS)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x1f\x8b", b"no archive at all", bytes(100_000), compressed(b"no tar" * 1000).read()],
    ids=["empty", "two bytes", "text", "zeros", "gzip of text"],
)
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    with pytest.raises((UnreadableArchive, InvalidManifest)):
        read_collection(io.BytesIO(data), LIMITS)


def test_an_archive_that_ends_early_or_is_damaged_is_refused() -> None:
    data = archive({**FILES, "large": bytes(range(256)) * 1000}).read()
    for length in range(0, len(data), max(1, len(data) // 50)):
        with pytest.raises(InvalidCollection):
            read_collection(io.BytesIO(data[:length]), LIMITS)
    with pytest.raises(UnreadableArchive):
        read_collection(io.BytesIO(data[:-8] + bytes(8)), LIMITS)


def test_bombs_are_refused_in_little_memory() -> None:
    bombs = [
        archive({**FILES, "zeros": bytes(20_000_000)}),
        compressed(bytes(50_000_000)),
        with_member(*(member(f"m{number}") for number in range(101))),
        archive({**FILES, "meta/runtime.yml": b"#" * 300_001}),
        with_member(member("x" * 100_000)),
    ]
    for bomb in bombs:
        tracemalloc.start()
        with pytest.raises(InvalidCollection):
            read_collection(bomb, LIMITS)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 6_000_000


def header(kind: bytes, data: bytes, name: str = "x") -> bytes:
    """Return a header with what tarfile reads after it."""
    info = member(name, kind, size=len(data))
    return info.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512)


@pytest.mark.parametrize(
    "data",
    [
        header(tarfile.XHDTYPE, b"1" * 4000),
        header(tarfile.XHDTYPE, b"comment=" + b"1" * 1000) * 50,
        header(tarfile.XGLTYPE, b"18 comment=global\n") * 2,
        header(tarfile.GNUTYPE_LONGNAME, b"a" * 500) * 400,
        header(tarfile.GNUTYPE_LONGNAME, b"a" * 4_000_000),
        header(tarfile.GNUTYPE_SPARSE, b"")[:482] + b"\1" + bytes(29) + b"\xff" * 512,
        header(tarfile.XHDTYPE, b"28 GNU.sparse.map=1,2,rubbish\n"),
        header(tarfile.XHDTYPE, b"25 GNU.sparse.size=rubbish\n"),
        header(tarfile.XHDTYPE, b"rubbish"),
    ],
    ids=[
        "long", "many", "global", "chained", "longer", "sparse", "map", "size", "rubbish",
    ],
)  # fmt: skip
def test_headers_that_tarfile_would_follow_are_refused(data: bytes) -> None:
    with pytest.raises((UnreadableArchive, TooLarge, InvalidManifest)):
        read_collection(compressed(data + bytes(1024)), LIMITS)


def test_chains_of_links_are_followed_once() -> None:
    """Each time to its end would be half a million steps."""
    count = 1000
    links = [member(f"l{n}", tarfile.SYMTYPE, f"l{n + 1}") for n in range(count)]
    listed = {**FILES, **{f"l{n}": FILES["README.md"] for n in range(count + 1)}}

    def add(tar: tarfile.TarFile) -> None:
        for link in (*links, member(f"l{count}", tarfile.SYMTYPE, "README.md")):
            tar.addfile(link)

    limits = Limits(members=2 * count, document=1_000_000)
    assert read_collection(archive(listed=files_json(listed), add=add), limits).info.name == "tools"


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
