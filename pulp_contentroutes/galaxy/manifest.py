"""MANIFEST.json → a collection's description of itself, checked field by field."""

import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pulp_contentroutes.galaxy.errors import InvalidManifest, quote
from pulp_contentroutes.galaxy.fields import LONGEST_LIST, require, text_of, texts_of
from pulp_contentroutes.galaxy.semantic_version import check_requirement, version_of

#: Namespaces and names (ansible-galaxy: `AnsibleCollectionRef.is_valid_collection_name`).
_NAME: Final = re.compile(r"(?!.*__)[a-z][0-9a-z_]{0,63}")
_TAG: Final = re.compile(r"[a-z][0-9a-z_]{0,63}")
_MAX_TAGS: Final = 20
#: NAME_MAX of Linux.
_LONGEST_FILENAME: Final = 255
_URLS: Final = ("repository", "documentation", "homepage", "issues")


@dataclass(frozen=True, slots=True)
class CollectionInfo:
    """The `collection_info` of MANIFEST.json."""

    namespace: str
    name: str
    version: str
    authors: tuple[str, ...]
    description: str
    #: SPDX identifiers; empty if `license_file` names a file instead.
    license: tuple[str, ...]
    license_file: str | None
    readme: str
    tags: tuple[str, ...]
    #: `namespace.name` → version requirement.
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
    version = text_of(fields, "version")
    version_of(version)
    own = f"{_name(fields, 'namespace')}.{_name(fields, 'name')}"
    info = CollectionInfo(
        namespace=fields["namespace"],
        name=fields["name"],
        version=version,
        authors=texts_of(fields, "authors"),
        description=text_of(fields, "description"),
        license=texts_of(fields, "license"),
        license_file=text_of(fields, "license_file") or None,
        readme=text_of(fields, "readme"),
        tags=texts_of(fields, "tags"),
        dependencies=_dependencies(fields, own),
        **{name: text_of(fields, name) or None for name in _URLS},
    )
    if len(info.filename) > _LONGEST_FILENAME:
        raise InvalidManifest(f"The file name {quote(info.filename)} is too long for a file.")
    return info


def advice_on(info: CollectionInfo) -> Iterator[str]:
    """Yield the rules of galaxy.ansible.com that a collection breaks; clients enforce none."""
    if not info.authors:
        yield "'authors' is empty."
    if not info.readme:
        yield "'readme' is empty."
    if bool(info.license) == bool(info.license_file):
        yield "One of 'license' and 'license_file' is needed, and not both."
    if len(info.tags) > _MAX_TAGS:
        yield f"There are {len(info.tags)} tags; galaxy.ansible.com allows {_MAX_TAGS}."
    for tag in info.tags:
        if not _TAG.fullmatch(tag):
            yield f"{quote(tag)} is no tag: lower-case letters, digits, underscores."
            break


def _name(fields: Mapping[str, Any], name: str) -> str:
    value = text_of(fields, name)
    problem = problem_of_name(value)
    if problem:
        raise InvalidManifest(f"'{name}' is {quote(value)}, which {problem}.")
    return value


def problem_of_name(text: str) -> str | None:
    """Return why a text cannot be a collection's namespace or name, as a clause after "which"."""
    if _NAME.fullmatch(text):
        return "is a keyword of Python" if keyword.iskeyword(text) else None
    if _NAME.fullmatch(text.lower()):
        return "has capital letters; names of collections are in lower case"
    return "is not at most 64 lower-case letters, digits and single underscores, a letter first"


def _dependencies(fields: Mapping[str, Any], own: str) -> dict[str, str]:
    dependencies = fields.get("dependencies") or {}
    if not isinstance(dependencies, dict) or len(dependencies) > LONGEST_LIST:
        raise InvalidManifest(f"'dependencies' is no object of at most {LONGEST_LIST} members.")
    for name, requirement in dependencies.items():
        if name.count(".") != 1 or any(map(problem_of_name, name.split("."))):
            raise InvalidManifest(f"The dependency {quote(name)} is no 'namespace.name'.")
        if name == own:
            raise InvalidManifest("The collection depends on itself.")
        check_requirement(require(text_of({name: requirement}, name), name))
    return dependencies
