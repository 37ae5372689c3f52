"""Untrusted documents: bounded before they are parsed, and cut before they are quoted."""

import time
import tracemalloc
from typing import Any

import pytest

from pulp_contentroutes.galaxy.collection import read_collection
from pulp_contentroutes.galaxy.errors import (
    InvalidCollection,
    InvalidManifest,
    TooLarge,
    quote,
)
from pulp_contentroutes.galaxy.parsers import document_of, yaml_document_of
from pulp_contentroutes.galaxy.role import read_role
from tests.unit.galaxy.archives import FILES, LIMITS, archive, assert_sentence, packed

#: Each list contains the one before it nine times: in the end some forty million texts.
ALIASES = (
    "a0: &a0 [x]\n"
    + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
    + "requires_ansible: *a8\ngalaxy_info: {description: *a8, author: *a8}\n"
).encode()
#: Anchors without aliases, nested in the value itself.
NESTED = b"requires_ansible: " + b"&a [" * 8 + b"x" + b"]" * 8


def peak_of(read: Any) -> int:
    """Return the peak of memory, in bytes, during a call that must raise InvalidCollection."""
    tracemalloc.start()
    with pytest.raises(InvalidCollection) as refused:
        read()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(str(refused.value)) < 200
    return peak


@pytest.mark.parametrize("document", [ALIASES, NESTED], ids=["eight deep", "anchors"])
def test_aliases_are_refused_before_they_are_written_out(document: bytes) -> None:
    """752 bytes of aliases took the API down: the error message expanded them to quote a part."""
    collection = archive({**FILES, "meta/runtime.yml": document})
    assert peak_of(lambda: read_collection(collection, LIMITS)) < 2_000_000
    role = packed({"meta/main.yml": document})
    assert peak_of(lambda: read_role(role, LIMITS)) < 2_000_000


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b"[" * 900 + b"a," * 130_000, id="deep and wide"),
        pytest.param(b"{" + b"a," * 500_000 + b"}", id="a million values"),
        pytest.param(b"- " * 100_000, id="lists in lists"),
        pytest.param(b"? " * 100_000, id="keys in keys"),
        pytest.param(b"#" * (1024 * 1024 + 1), id="long"),
        pytest.param(b"a: 1\n---\nb: 2\n", id="two documents"),
        pytest.param(b"a: *b\n", id="alias of nothing"),
        pytest.param(b"? &a b\n: c\n", id="anchor of a key"),
        pytest.param(b"a: [" * 33 + b"]" * 33, id="33 deep"),
    ],
)
def test_a_yaml_file_is_refused_soon(document: bytes) -> None:
    began = time.process_time()
    with pytest.raises(InvalidManifest) as refused:
        yaml_document_of(document, "The YAML file")
    assert_sentence(refused.value, "YAML file")
    assert time.process_time() - began < 2


def test_usual_yaml_is_read() -> None:
    """Scalars remain texts; a list cannot be a key, and the last of equal keys counts."""
    document = b"a: 1\nb: {c: [d, 2.0, null], e: }\n? [f]\n: g\na: 2\n"
    assert yaml_document_of(document, "x") == {"a": "2", "b": {"c": ["d", "2.0", "null"], "e": ""}}
    assert [yaml_document_of(each, "x") for each in (b"", b"- a", b"a", b"---")] == [{}] * 4


@pytest.mark.parametrize("values", [b"[],", b"{},", b"1,", b'"a":1,'])
def test_a_json_document_is_counted_before_it_is_parsed(values: bytes) -> None:
    """16 MiB of empty lists take four seconds and 300 MB."""
    began = time.process_time()
    with pytest.raises(TooLarge) as refused:
        document_of(b"[" + values * 4_000_000 + b"1]", "FILES.json", 100_000)
    assert_sentence(refused.value, "FILES.json", "100000 values")
    assert time.process_time() - began < 2


@pytest.mark.parametrize(("most", "is_taken"), [(7, True), (6, False)])
def test_keys_and_values_are_counted_by_their_signs(most: int, is_taken: bool) -> None:
    data = b'{"a": [1, 2], "b": {}}'
    if is_taken:
        assert document_of(data, "x", most) == {"a": [1, 2], "b": {}}
    else:
        with pytest.raises(TooLarge):
            document_of(data, "x", most)


@pytest.mark.parametrize(
    "data", ['{"a": 1}'.encode("utf-16-le"), b'\xef\xbb\xbf{"a": 1}', b'{"a": "\xff"}']
)
def test_a_json_document_is_in_utf_8_as_clients_want_it(data: bytes) -> None:
    with pytest.raises(InvalidManifest) as refused:
        document_of(data, "FILES.json", 100)
    assert_sentence(refused.value, "FILES.json")


def test_a_quoted_text_is_cut_before_it_is_made_printable() -> None:
    tracemalloc.start()
    shown = quote("\U0001f600" * 1_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(shown) == 80
    assert shown.endswith("...")
    # The peak includes the text itself, with four bytes for each letter.
    assert peak < 4_100_000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a", "'a'"),
        ("x" * 78, f"'{'x' * 78}'"),
        ("x" * 79, f"'{'x' * 76}..."),
        ("x" * 81, f"'{'x' * 76}..."),
        ("\n", r"'\n'"),
    ],
)
def test_a_quoted_text_has_at_most_80_letters(text: str, shown: str) -> None:
    assert quote(text) == shown
