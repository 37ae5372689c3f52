"""MANIFEST.json → what a collection says of itself, checked field by field."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pulp_contentroutes.galaxy.errors import InvalidManifest, quoted
from pulp_contentroutes.galaxy.semantic_version import check_requirement, version_of

T = TypeVar("T", str, tuple[str, ...])

#: Namespaces and names (ansible-galaxy: `AnsibleCollectionRef.is_valid_collection_name`).
_NAME: Final = re.compile(r"(?!.*__)[a-z][0-9a-z_]{0,63}")
_TAG: Final = re.compile(r"[a-z][0-9a-z_]{0,63}")
_MAX_TAGS: Final = 20
_MAX_TEXT: Final = 2000
_MAX_LIST: Final = 1000
_URLS: Final = ("repository", "documentation", "homepage", "issues")
# What a column of PostgreSQL cannot hold: NUL, and halves of surrogate pairs.
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class CollectionInfo:
    """What MANIFEST.json says in `collection_info`."""

    namespace: str
    name: str
    version: str
    authors: tuple[str, ...]
    description: str
    #: SPDX identifiers; empty where `license_file` names a file instead.
    license: tuple[str, ...]
    license_file: str | None
    readme: str
    tags: tuple[str, ...]
    #: `namespace.name` → requirement of a version.
    dependencies: Mapping[str, str]
    repository: str | None
    documentation: str | None
    homepage: str | None
    issues: str | None

    @property
    def filename(self) -> str:
        return f"{self.namespace}-{self.name}-{self.version}.tar.gz"


def document_of(data: bytes, name: str) -> dict[str, Any]:
    """Return the JSON object in the file `name`, or raise InvalidManifest."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidManifest(f"{name} is no JSON: {type(error).__name__}.") from error
    if not isinstance(document, dict):
        raise InvalidManifest(f"{name} holds no object.")
    return document


def info_of(manifest: Mapping[str, Any]) -> CollectionInfo:
    """Return `collection_info`, or raise InvalidManifest naming the field."""
    fields = manifest.get("collection_info")
    if not isinstance(fields, dict):
        raise InvalidManifest("MANIFEST.json has no object 'collection_info'.")
    license_file = _text(fields, "license_file") or None
    licenses = _texts(fields, "license")
    if bool(licenses) == bool(license_file):
        raise InvalidManifest("One of 'license' and 'license_file' is needed, and not both.")
    version = _text(fields, "version")
    version_of(version)
    own = f"{_name(fields, 'namespace')}.{_name(fields, 'name')}"
    return CollectionInfo(
        namespace=fields["namespace"],
        name=fields["name"],
        version=version,
        authors=_needed(_texts(fields, "authors"), "authors"),
        description=_text(fields, "description"),
        license=licenses,
        license_file=license_file,
        readme=_needed(_text(fields, "readme"), "readme"),
        tags=_tags(fields),
        dependencies=_dependencies(fields, own),
        **{name: _text(fields, name) or None for name in _URLS},
    )


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _MAX_TEXT or _UNSTORABLE.search(value):
        raise InvalidManifest(f"'{name}' is no text of at most {_MAX_TEXT} characters.")
    return value


def _texts(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = fields.get(name)
    values = [] if values is None else [values] if isinstance(values, str) else values
    if not isinstance(values, list) or len(values) > _MAX_LIST:
        raise InvalidManifest(f"'{name}' is no list of at most {_MAX_LIST} texts.")
    return tuple(_needed(_text({name: value}, name), name) for value in values)


def _needed(value: T, name: str) -> T:
    if not value:
        raise InvalidManifest(f"'{name}' is missing or empty.")
    return value


def _name(fields: Mapping[str, Any], name: str) -> str:
    value = _text(fields, name)
    if not _NAME.fullmatch(value):
        raise InvalidManifest(
            f"'{name}' is {quoted(value)}: small letters, digits and single underscores, "
            "a letter first, at most 64."
        )
    return value


def _tags(fields: Mapping[str, Any]) -> tuple[str, ...]:
    tags = _texts(fields, "tags")
    if len(tags) > _MAX_TAGS:
        raise InvalidManifest(f"There are {len(tags)} tags; {_MAX_TAGS} are allowed.")
    for tag in tags:
        if not _TAG.fullmatch(tag):
            raise InvalidManifest(f"{quoted(tag)} is no tag: small letters, digits, underscores.")
    return tags


def _dependencies(fields: Mapping[str, Any], own: str) -> dict[str, str]:
    dependencies = fields.get("dependencies") or {}
    if not isinstance(dependencies, dict) or len(dependencies) > _MAX_LIST:
        raise InvalidManifest(f"'dependencies' is no object of at most {_MAX_LIST} members.")
    for name, requirement in dependencies.items():
        if not all(_NAME.fullmatch(part) for part in name.split(".")) or name.count(".") != 1:
            raise InvalidManifest(f"The dependency {quoted(name)} is no 'namespace.name'.")
        if name == own:
            raise InvalidManifest("The collection depends on itself.")
        check_requirement(_needed(_text({name: requirement}, name), name))
    return dependencies
