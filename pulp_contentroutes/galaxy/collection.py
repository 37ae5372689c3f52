"""The tar.gz of a collection → a checked value, or the reason why it is refused."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from pulp_contentroutes.galaxy.archive import members_of
from pulp_contentroutes.galaxy.contents import Contents, contents_of
from pulp_contentroutes.galaxy.errors import InvalidManifest, WrongDigest, quote
from pulp_contentroutes.galaxy.installation import check_installable
from pulp_contentroutes.galaxy.limits import Limits
from pulp_contentroutes.galaxy.manifest import CollectionInfo, advice_on, info_of
from pulp_contentroutes.galaxy.parsers import document_of, yaml_document_of

MANIFEST: Final = "MANIFEST.json"
FILES: Final = "FILES.json"
RUNTIME: Final = "meta/runtime.yml"
_KEPT: Final = frozenset({MANIFEST, FILES, RUNTIME})
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_LONGEST_SPECIFIER: Final = 255
#: The manifest is kept in the database; the list of files is in another document.
_LONGEST_MANIFEST: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Collection:
    info: CollectionInfo
    #: The versions of ansible-core that it needs (PEP 440); None if it does not name any.
    requires_ansible: str | None
    #: MANIFEST.json to the byte, in UTF-8: signatures are made over it.
    manifest: str
    warnings: tuple[str, ...]


def read_collection(file: BinaryIO, limits: Limits) -> Collection:
    """Return the collection in an archive, or raise InvalidCollection. Blocking.

    The manifest is refused also if it is too long, or not in UTF-8.
    """
    contents = contents_of(members_of(file, _KEPT, limits))
    for name in (MANIFEST, FILES):
        if name not in contents.kept:
            raise InvalidManifest(f"The archive has no {name}.")
    manifest = contents.kept[MANIFEST]
    if len(manifest) > _LONGEST_MANIFEST:
        raise InvalidManifest(f"{MANIFEST} has {len(manifest)} bytes.")
    document = document_of(manifest, MANIFEST, _LONGEST_MANIFEST)
    described = document.get("file_manifest_file")
    if not isinstance(described, dict) or described.get("name") != FILES:
        raise InvalidManifest(f"{MANIFEST} does not tell of {FILES}.")
    info = info_of(document)
    warnings = _check_files(contents, _digest(described, FILES), limits)
    warnings += advice_on(info)
    for name in filter(None, (info.readme, info.license_file)):
        if name not in contents.files:
            warnings.append(f"The archive has no {quote(name)}, which its manifest names.")
    requires_ansible = _requires_ansible(file, contents, limits)
    if not requires_ansible:
        warnings.append(f"{RUNTIME} has no 'requires_ansible'.")
    return Collection(info, requires_ansible, manifest.decode(), tuple(warnings))


def _digest(described: Mapping[str, Any], name: str) -> str:
    digest = described.get("chksum_sha256")
    # Without a SHA-256 clients could install the collection, but not verify it.
    if described.get("chksum_type") != "sha256":
        raise InvalidManifest(f"'chksum_type' of {quote(name)} is not 'sha256'.")
    if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise InvalidManifest(f"The SHA-256 of {quote(name)} is no such digest.")
    return digest


def _check_files(contents: Contents, digest: str, limits: Limits) -> list[str]:
    """Raise unless the archive has exactly the files that FILES.json lists; return warnings."""
    if contents.files[FILES] != digest:
        raise WrongDigest(f"{FILES} is not the one that {MANIFEST} tells of.")
    entries = document_of(contents.kept[FILES], FILES, limits.json_values).get("files")
    if not isinstance(entries, list):
        raise InvalidManifest(f"{FILES} has no list 'files'.")
    names = []
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise InvalidManifest(f"An entry of {FILES} has no name.")
        name, is_file = entry["name"], entry.get("ftype") == "file"
        # A "." is the collection itself, which clients skip.
        if name == "." and not is_file:
            continue
        # Clients strip a slash from the end of a folder's name, but then cannot make a link of it.
        folder = name.removesuffix("/")
        has_folder = folder in contents.directories and (
            folder == name or folder not in contents.links
        )
        if not (name in contents.files if is_file else has_folder):
            raise InvalidManifest(f"The archive has no {quote(name)}, which {FILES} names.")
        if is_file and contents.files[name] != _digest(entry, name):
            raise WrongDigest(f"{quote(name)} is not the file that {FILES} tells of.")
        names.append(name)
    unknown = contents.files.keys() - set(names) - {MANIFEST, FILES}
    if unknown:
        raise InvalidManifest(f"{FILES} does not tell of {quote(min(unknown))}.")
    return check_installable(contents, names)


def _requires_ansible(file: BinaryIO, contents: Contents, limits: Limits) -> str | None:
    runtime = contents.kept.get(RUNTIME)
    if runtime is None and RUNTIME in contents.files:
        # A link, which ansible-core would follow.
        name = contents.file_behind(RUNTIME)
        file.seek(0)
        runtime = next(m.data for m in members_of(file, {name}, limits) if m.name == name)
    if runtime is None:
        return None
    document = yaml_document_of(runtime, RUNTIME)
    required = document.get("requires_ansible")
    if not required:
        return None
    if not isinstance(required, str):
        raise InvalidManifest(f"'requires_ansible' in {RUNTIME} is no text like '>=2.16'.")
    try:
        if len(required) > _LONGEST_SPECIFIER:
            raise InvalidSpecifier
        # A specifier may hold characters that a column of PostgreSQL may not.
        if not (required.isascii() and required.isprintable()):
            raise InvalidSpecifier
        SpecifierSet(required)
    except InvalidSpecifier as error:
        raise InvalidManifest(
            f"'requires_ansible' in {RUNTIME} is {quote(required)}, no specifier like '>=2.16'."
        ) from error
    return required
