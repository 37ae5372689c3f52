"""The fields of a manifest: every limit, and the sentence for each invalid field."""

from typing import Any

import pytest

from pulp_contentroutes.galaxy.errors import InvalidManifest
from pulp_contentroutes.galaxy.manifest import CollectionInfo, info_of
from tests.unit.galaxy.archives import INFO, assert_sentence


def info(**fields: object) -> CollectionInfo:
    return info_of({"collection_info": INFO | fields})


def test_every_field_is_read() -> None:
    urls = {name: f"https://example.com/{name}" for name in ("repository", "documentation")}
    read = info(**urls, homepage="", issues="https://example.com/issues")
    assert (read.namespace, read.name, read.version) == ("acme", "tools", "1.2.3")
    assert (read.description, read.readme) == ("Tools.", "README.md")
    assert (read.license, read.license_file) == (("GPL-2.0-or-later",), None)
    assert (read.repository, read.documentation) == tuple(urls.values())
    assert (read.homepage, read.issues) == (None, "https://example.com/issues")
    assert read.filename == "acme-tools-1.2.3.tar.gz"


def test_optional_fields_may_be_missing() -> None:
    read = info(
        description=None, tags=None, dependencies=None, repository=None, authors="Somebody",
        license=None, license_file="COPYING",
    )  # fmt: skip
    assert (read.description, read.tags, read.dependencies) == ("", (), {})
    assert (read.repository, read.authors) == (None, ("Somebody",))
    assert (read.license, read.license_file) == ((), "COPYING")


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"namespace": "a" * 64}, id="namespace of 64 letters"),
        pytest.param({"namespace": "a", "name": "b"}, id="names of one letter"),
        pytest.param({"name": "a1_b2_"}, id="name with digits and underscores"),
        pytest.param({"tags": ["x" * 64]}, id="tag of 64 letters"),
        pytest.param({"tags": [f"t{number}" for number in range(20)]}, id="20 tags"),
        pytest.param({"version": "1.2.3-" + "a" * 122}, id="version of 128 letters"),
        pytest.param({"description": "x" * 32768}, id="description of 32768 letters"),
        pytest.param(
            {"dependencies": {f"acme.n{number}": "*" for number in range(1000)}},
            id="1000 dependencies",
        ),
        pytest.param({"dependencies": {"acme.tools2": "*"}}, id="dependency with a longer name"),
        pytest.param({"dependencies": {"other.tools": "*"}}, id="dependency of the same name"),
    ],
)
def test_every_limit_may_be_reached(fields: dict[str, Any]) -> None:
    read = info(**fields)
    for name, value in fields.items():
        taken = getattr(read, name)
        assert (list(taken) if isinstance(value, list) else taken) == value


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"namespace": "a__b"}, ["'namespace'", "'a__b'", "underscores", "at most 64"]),
        ({"name": "1"}, ["'name'", "'1'"]),
        ({"namespace": "CumulusNetworks"}, ["'namespace'", "'CumulusNetworks'", "capital"]),
        ({"name": "import"}, ["'name'", "'import'", "keyword of Python"]),
        ({"dependencies": {"a.b": ">=1.0.0, <2"}}, ["'>=1.0.0, <2'", "spaces"]),
        ({"version": "1.2.3-" + "a" * 122, "namespace": "a" * 64, "name": "b" * 64}, ["too long"]),
        ({"namespace": None}, ["'namespace'", "''"]),
        ({"name": 5}, ["'name'", "text"]),
        ({"version": "1.2"}, ["'1.2'", "version"]),
        ({"version": 1.2}, ["'version'", "text"]),
        ({"authors": 5}, ["'authors'", "list"]),
        ({"readme": 5}, ["'readme'", "text"]),
        ({"description": 5}, ["'description'", "text"]),
        ({"license": 5}, ["'license'", "list"]),
        ({"license_file": 5}, ["'license_file'", "text"]),
        ({"repository": 5}, ["'repository'", "text"]),
        ({"issues": 5}, ["'issues'", "text"]),
        ({"tags": 5}, ["'tags'", "list"]),
        ({"dependencies": ["acme.base"]}, ["'dependencies'", "1000"]),
        ({"dependencies": {"acme.tools": "*"}}, ["depends on itself"]),
        ({"dependencies": {"base": "*"}}, ["'base'", "'namespace.name'"]),
        ({"dependencies": {"a.b.c": "*"}}, ["'a.b.c'", "'namespace.name'"]),
        ({"dependencies": {"a.": "*"}}, ["'a.'", "'namespace.name'"]),
        ({"dependencies": {"a.B": "*"}}, ["'a.B'", "'namespace.name'"]),
        ({"dependencies": {"a.b": ""}}, ["'a.b'", "missing"]),
        ({"dependencies": {"a.b": 5}}, ["'a.b'", "text"]),
        ({"dependencies": {"a.b": "~1"}}, ["'~1'"]),
    ],
    ids=lambda argument: ", ".join(argument),
)
def test_a_refusal_names_the_field_and_the_value(
    fields: dict[str, object], words: list[str]
) -> None:
    """The author of the collection sees nothing but this sentence."""
    with pytest.raises(InvalidManifest) as refused:
        info(**fields)
    assert_sentence(refused.value, *words)


@pytest.mark.parametrize("manifest", [{}, {"collection_info": None}, {"collection_info": []}])
def test_a_manifest_describes_a_collection(manifest: dict[str, object]) -> None:
    with pytest.raises(InvalidManifest) as refused:
        info_of(manifest)
    assert_sentence(refused.value, "MANIFEST.json", "'collection_info'")
