"""MANIFEST.json → what a collection says of itself, checked field by field."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pulp_contentroutes.galaxy.errors import InvalidManifest, quoted
from pulp_contentroutes.galaxy.semantic_version import check_requirement, version_of
from pulp_contentroutes.galaxy.texts import LONGEST_LIST, needed, text_of, texts_of

#: Namespaces and names (ansible-galaxy: `AnsibleCollectionRef.is_valid_collection_name`).
_NAME: Final = re.compile(r"(?!.*__)[a-z][0-9a-z_]{0,63}")
_TAG: Final = re.compile(r"[a-z][0-9a-z_]{0,63}")
_MAX_TAGS: Final = 20
_URLS: Final = ("repository", "documentation", "homepage", "issues")


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


def info_of(manifest: Mapping[str, Any]) -> CollectionInfo:
    """Return `collection_info`, or raise InvalidManifest naming the field."""
    fields = manifest.get("collection_info")
    if not isinstance(fields, dict):
        raise InvalidManifest("MANIFEST.json has no object 'collection_info'.")
    license_file = text_of(fields, "license_file") or None
    licenses = texts_of(fields, "license")
    if bool(licenses) == bool(license_file):
        raise InvalidManifest("One of 'license' and 'license_file' is needed, and not both.")
    version = text_of(fields, "version")
    version_of(version)
    own = f"{_name(fields, 'namespace')}.{_name(fields, 'name')}"
    return CollectionInfo(
        namespace=fields["namespace"],
        name=fields["name"],
        version=version,
        authors=needed(texts_of(fields, "authors"), "authors"),
        description=text_of(fields, "description"),
        license=licenses,
        license_file=license_file,
        readme=needed(text_of(fields, "readme"), "readme"),
        tags=_tags(fields),
        dependencies=_dependencies(fields, own),
        **{name: text_of(fields, name) or None for name in _URLS},
    )


def _name(fields: Mapping[str, Any], name: str) -> str:
    value = text_of(fields, name)
    if not _NAME.fullmatch(value):
        raise InvalidManifest(
            f"'{name}' is {quoted(value)}: small letters, digits and single underscores, "
            "a letter first, at most 64."
        )
    return value


def _tags(fields: Mapping[str, Any]) -> tuple[str, ...]:
    tags = texts_of(fields, "tags")
    if len(tags) > _MAX_TAGS:
        raise InvalidManifest(f"There are {len(tags)} tags; {_MAX_TAGS} are allowed.")
    for tag in tags:
        if not _TAG.fullmatch(tag):
            raise InvalidManifest(f"{quoted(tag)} is no tag: small letters, digits, underscores.")
    return tags


def _dependencies(fields: Mapping[str, Any], own: str) -> dict[str, str]:
    dependencies = fields.get("dependencies") or {}
    if not isinstance(dependencies, dict) or len(dependencies) > LONGEST_LIST:
        raise InvalidManifest(f"'dependencies' is no object of at most {LONGEST_LIST} members.")
    for name, requirement in dependencies.items():
        if not all(_NAME.fullmatch(part) for part in name.split(".")) or name.count(".") != 1:
            raise InvalidManifest(f"The dependency {quoted(name)} is no 'namespace.name'.")
        if name == own:
            raise InvalidManifest("The collection depends on itself.")
        check_requirement(needed(text_of({name: requirement}, name), name))
    return dependencies
