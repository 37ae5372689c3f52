"""The rooms of the code: small files, imports that only go down, and a map that says so."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = "pulp_contentroutes"
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]["contracts"]


def modules() -> Iterator[tuple[str, Path]]:
    for file in sorted((ROOT / PACKAGE).rglob("*.py")):
        name = ".".join(file.relative_to(ROOT / PACKAGE).with_suffix("").parts)
        if not name.endswith("__init__") and ".migrations." not in name:
            yield name, file


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


MODULES = dict(modules())


def test_the_map_shows_the_rooms_in_the_order_that_make_lint_holds() -> None:
    [layers] = [each["layers"] for each in CONTRACTS if each.get("exhaustive")]
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    shown = text.partition("```text imports\n")[2].partition("```")[0].splitlines()
    assert [line.split("  ")[0] for line in shown] == layers


def test_migrations_import_no_live_code() -> None:
    """Migrations must do the same for ever, however the code changes."""
    migrations = list((ROOT / PACKAGE / "app" / "migrations").glob("*.py"))
    assert migrations
    for file in migrations:
        assert not [each for each in imports(file) if each.startswith(PACKAGE)]


def test_a_file_is_one_room_of_at_most_300_lines() -> None:
    files = [*MODULES.values(), *(ROOT / "tests").rglob("*.py")]
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    assert {str(file): lines for file, lines in lengths.items() if lines > 300} == {}
