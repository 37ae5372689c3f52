"""The documentation agrees with the code."""

import json
import re
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path

import click
import pytest

from pulp_contentroutes import paths
from pulp_contentroutes.app import settings as app_settings
from pulp_contentroutes.app.settings_table import SETTINGS
from pulp_contentroutes.serving.options import Options
from pulp_contentroutes.serving.types import ROUTES, RULES
from pulp_contentroutes.serving.types.rule import Rule
from pulp_contentroutes.standalone.cli import main
from tests.benchmarks.summary import render_summary

ROOT = Path(__file__).parents[2]
DOCS = sorted((ROOT / "docs").glob("*.md"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_table_of_settings_is_that_of_the_code() -> None:
    rows = [
        f"| `{each.name}` | `{each.default}`{each.unit and f' {each.unit}'} | {each.sentence} |"
        for each in SETTINGS
    ]
    table = re.findall(r"^\| `CONTENTROUTES_.*$", read("docs/settings.md"), re.MULTILINE)
    assert table == rows


def test_pulp_reads_every_setting_with_its_default() -> None:
    """dynaconf reads the names in capital letters of the module."""
    names = [name for name in dir(app_settings) if name.isupper()]
    ours = {name: getattr(app_settings, name) for name in names if name.startswith("CONTENT")}
    assert ours == {each.name: each.default for each in SETTINGS}


def test_every_value_of_the_fast_path_is_a_setting() -> None:
    keys = {each.key.lower() for each in SETTINGS}
    assert {field.name for field in fields(Options)} <= keys


def test_every_check_is_documented_once() -> None:
    ids = re.findall(r'id="(contentroutes\.[EW]\d{3})"', read("pulp_contentroutes/app/checks.py"))
    assert ids == sorted(set(ids))
    assert re.findall(r"^\| `(contentroutes\.\w+)`", read("docs/checks.md"), re.M) == ids


def test_the_command_for_the_checks_is_the_one_that_names_ours_alone() -> None:
    """Without the tag, Pulp's and Django's warnings hide them."""
    sources = (ROOT / "pulp_contentroutes").rglob("*.py")
    roles = (ROOT / "ansible").rglob("*.md")
    for file in (ROOT / "README.md", *DOCS, *roles, *sources):
        text = " ".join(file.read_text(encoding="utf-8").split())
        for found in re.finditer(r"check --deploy\b", text):
            assert text[found.end() :].startswith(" --tag contentroutes"), file


@pytest.mark.parametrize("prefix", [paths.CONTENT_PREFIX, paths.GALAXY_PREFIX])
def test_every_prefix_is_in_the_readme_and_the_installation_guide(prefix: str) -> None:
    assert f"`{prefix}`" in read("README.md")
    assert f"`{prefix}`" in read("docs/installation.md")


def test_every_command_and_option_is_documented() -> None:
    guide = read("docs/standalone.md")
    for name, command in main.commands.items():
        assert f"`{name}" in guide
        for option in (each for each in command.params if isinstance(each, click.Option)):
            if name == "serve":
                assert f"| `{option.opts[0]}" in guide, option.opts


def test_the_figure_of_the_first_page_is_drawn_from_the_results() -> None:
    results = json.loads(read("docs/benchmarks/results.json"))
    assert read("docs/benchmarks/summary.svg") == render_summary(results)


def test_every_guide_can_be_reached_from_the_readme() -> None:
    """Links in the README and in other guides lead to it."""
    assert DOCS
    waiting = ["README.md"]
    reached: set[str] = set()
    while waiting:
        found = set(re.findall(r"\((?:docs/)?([\w-]+\.md)\)", read(waiting.pop()))) - reached
        reached |= found
        waiting += [f"docs/{name}" for name in found if (ROOT / "docs" / name).exists()]
    assert reached >= {guide.name for guide in DOCS}


@pytest.mark.parametrize("document", ["README.md", "snippets/README.md", *map(str, DOCS)])
def test_every_link_leads_to_a_file(document: str) -> None:
    path = ROOT / document
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def test_every_file_on_the_map_is_there() -> None:
    tree = read("docs/architecture.md").split("```")[1]
    named = re.findall(r"\w+\.(?:py|conf)", tree)
    assert named
    there = {path.name for path in (ROOT / "pulp_contentroutes").rglob("*.*")}
    assert set(named) <= there


def test_every_make_target_has_a_help_line() -> None:
    makefile = read("Makefile")
    targets = re.findall(r"^([a-z-]+):", makefile, re.M)
    assert targets == re.findall(r"^([a-z-]+):.*## \w", makefile, re.M)
    named = re.findall(r"`make ([a-z-]+)", "".join(map(read, ["README.md", *map(str, DOCS)])))
    assert "serve" in named
    assert set(named) <= set(targets)


def test_the_versions_agree() -> None:
    project = PYPROJECT["project"]
    assert f'version = "{project["version"]}"' in read("pulp_contentroutes/app/__init__.py")
    assert project["requires-python"] == ">=3.11"
    assert "Python 3.11 or newer" in read("README.md")
    assert "pulpcore>=3.105,<3.130" in project["dependencies"]
    assert "pulpcore 3.105 or newer, below 3.130" in read("docs/installation.md")


@pytest.mark.parametrize("document", ["README.md", "docs/fast-path.md"])
def test_the_plugins_with_a_rule_are_listed_with_its_versions(document: str) -> None:
    rows = dict(
        re.findall(r"^\| (pulp_\w+) ([\d.]+(?: to [\d.]+)?) \|", read(document), re.MULTILINE)
    )
    assert rows == {rule.package.replace("-", "_"): versions_of(rule) for rule in (*RULES, *ROUTES)}


def versions_of(rule: Rule) -> str:
    """Return a range of minor versions in words."""
    matched = re.fullmatch(r">=(\d+)\.(\d+),<(\d+)\.(\d+)", rule.versions)
    assert matched, rule.versions
    first, last = f"{matched[1]}.{matched[2]}", f"{matched[3]}.{int(matched[4]) - 1}"
    return first if first == last else f"{first} to {last}"


def test_the_changelog_can_be_made_from_the_fragments() -> None:
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "0.1.0"]
    ended = subprocess.run(
        [*command, "--dir", str(ROOT)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    types = PYPROJECT["tool"]["towncrier"]["type"]
    is_shown = {each["directory"]: each["showcontent"] for each in types}
    for fragment in (ROOT / "CHANGES").glob("[!.]*"):
        kind = fragment.name.split(".")[1]
        assert kind in is_shown
        assert not is_shown[kind] or fragment.read_text(encoding="utf-8").strip() in ended.stdout
