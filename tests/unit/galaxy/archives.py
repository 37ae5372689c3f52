"""Archives of collections, valid ones and all kinds of invalid ones, made in memory."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from typing import Any

from pulp_contentroutes.galaxy.archive import members_of
from pulp_contentroutes.galaxy.contents import Contents, contents_of
from pulp_contentroutes.galaxy.limits import Limits

#: Small limits, so that archives beyond them are small, too.
LIMITS = Limits(unpacked=5_000_000, members=100, document=300_000, headers=20_000)
LARGE = bytes(range(256)) * 1100
#: The last blocks of a tar.
END = bytes(1024)
FILES = {
    "README.md": b"# A collection\n",
    "plugins/modules/ping.py": b"print('pong')\n",
    "meta/runtime.yml": b"requires_ansible: '>=2.14'\n",
}
INFO: dict[str, Any] = {
    "namespace": "acme",
    "name": "tools",
    "version": "1.2.3",
    "authors": ["Somebody <somebody@example.com>"],
    "readme": "README.md",
    "tags": ["linux"],
    "description": "Tools.",
    "license": ["GPL-2.0-or-later"],
    "license_file": None,
    "dependencies": {"acme.base": ">=1.0.0,<2.0.0"},
    "repository": "https://example.com/repository",
    "documentation": None,
    "homepage": None,
    "issues": None,
}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def files_json(files: dict[str, bytes]) -> bytes:
    """Return FILES.json as `ansible-galaxy collection build` writes it."""
    folders = {name[:at] for name in files for at, sign in enumerate(name) if sign == "/"}
    entries = [{"name": ".", "ftype": "dir"}]
    entries += [{"name": name, "ftype": "dir"} for name in sorted(folders)]
    entries += [
        {"name": name, "ftype": "file", "chksum_type": "sha256", "chksum_sha256": sha256(data)}
        for name, data in files.items()
    ]
    return json.dumps({"files": entries, "format": 1}).encode()


def manifest_json(files: bytes, info: Mapping[str, Any] = INFO) -> bytes:
    digest = {"chksum_type": "sha256", "chksum_sha256": sha256(files)}
    described = {"name": "FILES.json", "ftype": "file", **digest}
    values = {"collection_info": {**INFO, **info}, "file_manifest_file": described, "format": 1}
    return json.dumps(values).encode()


Add = Callable[[tarfile.TarFile], None]


def archive(
    files: dict[str, bytes] | None = None,
    manifest: bytes | None = None,
    listed: bytes | None = None,
    add: Add | None = None,
    info: Mapping[str, Any] = INFO,
) -> io.BytesIO:
    """Return a collection; `manifest` and `listed` replace MANIFEST.json and FILES.json.

    `info` replaces fields of INFO.
    """
    files = FILES if files is None else files
    listed = files_json(files) if listed is None else listed
    manifest = manifest_json(listed, info) if manifest is None else manifest
    documents = {"MANIFEST.json": manifest, "FILES.json": listed}
    return packed({**documents, **files}, add)


def packed(files: dict[str, bytes], add: Add | None = None) -> io.BytesIO:
    """Return a tar.gz of files and of their parent folders: always the same bytes."""
    target = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=target, mode="wb", compresslevel=1, mtime=0) as compressing,
        tarfile.open(fileobj=compressing, mode="w") as tar,
    ):
        for name in sorted({n[:at] for n in files for at, sign in enumerate(n) if sign == "/"}):
            tar.addfile(member(name, tarfile.DIRTYPE))
        for name, data in files.items():
            tar.addfile(member(name, size=len(data)), io.BytesIO(data))
        if add:
            add(tar)
    target.seek(0)
    return target


def member(
    name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0
) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, size
    return info


def header(kind: bytes, data: bytes, name: str = "x") -> bytes:
    """Return a header and the blocks of data after it."""
    info = member(name, kind, size=len(data))
    return info.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512)


def file(name: str, data: bytes = b"") -> bytes:
    """Return a regular file as a member of a tar."""
    return header(tarfile.REGTYPE, data, name)


def with_member(*members: tarfile.TarInfo) -> io.BytesIO:
    """Return a valid collection with more members at its end."""

    def add(tar: tarfile.TarFile) -> None:
        for each in members:
            tar.addfile(each, io.BytesIO(bytes(each.size)))

    return archive(add=add)


def compressed(data: bytes) -> io.BytesIO:
    return io.BytesIO(gzip.compress(data, 1))


def read(data: io.BytesIO, *keep: str, limits: Limits = LIMITS) -> Contents:
    """Return the contents of an archive, with the data of the files to keep."""
    return contents_of(members_of(data, frozenset(keep), limits))


def assert_sentence(error: Exception, *words: str) -> None:
    """Check that an error is one printable sentence with these words in it."""
    sentence = str(error)
    assert sentence.isprintable()
    assert sentence[0].isupper() or sentence[0] == "'"
    assert sentence.endswith(".")
    assert not sentence.isupper()
    assert [word for word in words if word not in sentence] == [], sentence
