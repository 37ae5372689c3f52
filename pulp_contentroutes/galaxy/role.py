"""A role in an archive: a tar.gz with a `meta/main.yml`, as GitHub and `git archive` make them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from pulp_contentroutes.galaxy.archive import contents_of
from pulp_contentroutes.galaxy.documents import yaml_document_of
from pulp_contentroutes.galaxy.errors import InvalidManifest, quoted
from pulp_contentroutes.galaxy.limits import Limits
from pulp_contentroutes.galaxy.texts import text_of, texts_of

_MAIN: Final = re.compile(r"(?:.*/)?meta/main\.ya?ml")
#: Clients take what stands after the last dot of `namespace.name` for the name.
_NAMES: Final = {
    "namespace": re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"),
    "name": re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"),
    "version": re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,127}"),
}


@dataclass(frozen=True, slots=True)
class Role:
    """What `galaxy_info` in meta/main.yml says; what it does not say is empty."""

    author: str
    company: str
    description: str
    license: str
    min_ansible_version: str
    tags: tuple[str, ...]
    platforms: tuple[str, ...]


def check_name(field: str, value: str) -> None:
    """Raise InvalidManifest unless a role may have it as its namespace, name or version."""
    if not _NAMES[field].fullmatch(value):
        raise InvalidManifest(f"{quoted(value)} cannot be the {field} of a role.")


def read_role(file: BinaryIO, limits: Limits) -> Role:
    """Return the role in an archive, or raise InvalidCollection. Blocking.

    Clients take the folder with the shortest path that has a `meta/main.yml` for the role.
    """
    files = contents_of(file, frozenset(), limits).files
    found = sorted(filter(_MAIN.fullmatch, files), key=len)
    if not found:
        raise InvalidManifest("The archive has no meta/main.yml: it holds no role.")
    name = found[0]
    file.seek(0)
    kept = contents_of(file, frozenset({name}), limits).kept
    if name not in kept:
        raise InvalidManifest(f"{quoted(name)} is a link.")
    info = yaml_document_of(kept[name], quoted(name)).get("galaxy_info")
    fields: Mapping[str, Any] = info if isinstance(info, dict) else {}
    return Role(
        author=", ".join(_texts(fields, "author")),
        company=", ".join(_texts(fields, "company")),
        description=text_of(fields, "description"),
        license=", ".join(_texts(fields, "license")),
        min_ansible_version=text_of(fields, "min_ansible_version"),
        tags=_texts(fields, "galaxy_tags"),
        platforms=_platforms(fields),
    )


def _texts(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return one text or many; in YAML what is left empty is an empty text."""
    values = fields.get(name)
    if isinstance(values, list):
        fields = {name: [value for value in values if value]}
    return texts_of(fields, name) if values else ()


def _platforms(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names in a list of `{name: …, versions: […]}`."""
    platforms = fields.get("platforms")
    described = platforms if isinstance(platforms, list) else []
    named = [each.get("name") for each in described if isinstance(each, dict)]
    return _texts({"platforms": named}, "platforms")
