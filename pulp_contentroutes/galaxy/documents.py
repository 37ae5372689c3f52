"""JSON and YAML of strangers → objects, or a sentence that says what is wrong."""

import json
from typing import Any, Final

import yaml

from pulp_contentroutes.galaxy.errors import InvalidManifest

#: YAML files are written by hand, and YAML takes its time.
_LONGEST_YAML: Final = 256 * 1024
# Texts, lists and maps: no types that a text may become, no merging, nothing to go wrong. That of
# libyaml is several times as fast, and ends at a depth of its own.
_LOADER: Final = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def document_of(data: bytes | str, name: str) -> dict[str, Any]:
    """Return the JSON object in the file `name`, or raise InvalidManifest."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidManifest(f"{name} is no JSON: {type(error).__name__}.") from error
    if not isinstance(document, dict):
        raise InvalidManifest(f"{name} holds no object.")
    return document


def yaml_document_of(data: bytes, name: str) -> dict[str, Any]:
    """Return the YAML mapping in the file `name`, empty if it holds none; or raise InvalidManifest.

    Every scalar is a text.
    """
    if len(data) > _LONGEST_YAML:
        raise InvalidManifest(f"{name} has {len(data)} bytes.")
    try:
        document = yaml.load(data, Loader=_LOADER)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidManifest(f"{name} is no YAML.") from error
    return document if isinstance(document, dict) else {}
