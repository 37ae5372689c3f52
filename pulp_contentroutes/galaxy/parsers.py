"""Untrusted JSON and YAML → objects, or a sentence that says what is wrong.

A parser in C cannot be interrupted, so every document is bounded before it is parsed.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

import yaml

from pulp_contentroutes.galaxy.errors import InvalidManifest, TooLarge

#: YAML files are written by hand. The largest known one has 190 KiB (community.network).
_LONGEST_YAML: Final = 1024 * 1024
_MOST_YAML_VALUES: Final = 50_000
#: libyaml looks at every open list again for each value, so deeply nested lists would take seconds.
_DEEPEST_YAML: Final = 32
_LOADER: Final = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def document_of(data: bytes, name: str, most_values: int) -> dict[str, Any]:
    """Return the JSON object in the file `name`, which is in UTF-8; or raise InvalidManifest.

    Raise TooLarge if it seems to have more than `most_values` keys and values. They are counted by
    the punctuation between them, which is counted inside strings as well.
    """
    if sum(map(data.count, (b",", b":", b"[", b"{"))) > most_values:
        raise TooLarge(f"{name} has more than {most_values} values.")
    try:
        # json.loads also accepts bytes in other encodings; ansible-galaxy does not.
        document = json.loads(data.decode())
    except UnicodeDecodeError as error:
        raise InvalidManifest(f"{name} is not in UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise InvalidManifest(f"{name} is no JSON: {type(error).__name__}.") from error
    if not isinstance(document, dict):
        raise InvalidManifest(f"{name} holds no object.")
    return document


def yaml_document_of(data: bytes, name: str) -> dict[str, Any]:
    """Return the YAML mapping in the file `name`, empty if it holds none; or raise InvalidManifest.

    Every scalar is a string. Aliases are refused: a few nested ones stand for millions of values.
    """
    if len(data) > _LONGEST_YAML:
        raise InvalidManifest(f"{name} has {len(data)} bytes; {_LONGEST_YAML} are allowed.")
    try:
        document = _build_document(yaml.parse(data, Loader=_LOADER), name)
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidManifest(f"{name} is no YAML.") from error
    return document if isinstance(document, dict) else {}


def _build_document(events: Iterator[yaml.Event], name: str) -> Any:
    """Return the only document, None if there is none, without recursion.

    Keys that are not strings are left out, with their values; of equal keys the last one counts.
    """
    documents, values = 0, 0
    #: The open collections, the document first; a mapping is a list of its keys and values so far.
    open_lists: list[list[Any]] = [[]]
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise InvalidManifest(f"{name} holds several YAML documents.")
        elif isinstance(event, yaml.NodeEvent):
            values += 1
            if isinstance(event, yaml.AliasEvent) or event.anchor:
                raise InvalidManifest(
                    f"{name} has YAML anchors or aliases: write their values out."
                )
            if values > _MOST_YAML_VALUES:
                raise InvalidManifest(f"{name} has more than {_MOST_YAML_VALUES} values.")
            if len(open_lists) > _DEEPEST_YAML:
                raise InvalidManifest(f"{name} is nested more than {_DEEPEST_YAML} deep.")
            if isinstance(event, yaml.ScalarEvent):
                open_lists[-1].append(event.value)
            else:
                open_lists.append([])
        elif isinstance(event, yaml.CollectionEndEvent):
            closed: Any = open_lists.pop()
            if isinstance(event, yaml.MappingEndEvent):
                pairs = zip(closed[::2], closed[1::2], strict=True)
                closed = {key: value for key, value in pairs if isinstance(key, str)}
            open_lists[-1].append(closed)
    return open_lists[0][0] if open_lists[0] else None
