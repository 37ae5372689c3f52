"""`python -m tests.language`: names of functions are verbs or questions, never bare participles."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
_IRREGULAR: Final = frozenset(
    [
        "begun",
        "built",
        "chosen",
        "drawn",
        "found",
        "given",
        "gone",
        "heard",
        "held",
        "hidden",
        "kept",
        "known",
        "left",
        "made",
        "met",
        "said",
        "seen",
        "sent",
        "shown",
        "taken",
        "told",
        "written",
    ]
)
#: Words that end like participles and are verbs.
_VERBS: Final = frozenset({"embed", "feed", "need", "seed"})


def is_participle(name: str) -> bool:
    """Tell whether a function's name is one word, and that a past participle."""
    word = name.lstrip("_")
    if "_" in word or word in _VERBS:
        return False
    return word in _IRREGULAR or bool(re.fullmatch(r"[a-z]+ed", word))


def find_participles(file: Path) -> Iterator[tuple[int, str]]:
    """Yield line and name of each function that is called so. Values may be: a property is one."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and is_participle(node.name):
            decorators = {ast.unparse(each).partition("(")[0] for each in node.decorator_list}
            if not decorators & {"property", "cached_property", "pytest.fixture"}:
                yield node.lineno, node.name


def main() -> int:
    found = [
        f"{file.relative_to(ROOT)}:{line}: {name!r} is a participle: name the function by a verb"
        for file in sorted((ROOT / "pulp_contentroutes").rglob("*.py"))
        for line, name in find_participles(file)
    ]
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
