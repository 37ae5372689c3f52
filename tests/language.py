"""`python -m tests.language`: the rules of our language that a program can hold.

Functions are called by verbs or questions, never by bare participles; no sentence of the package
and of its documentation begins with a headless clause ("What is gone …", "Who asks …"), and none is
about nobody.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
_IRREGULAR: Final = frozenset(
    {
        *("begun", "built", "chosen", "drawn", "found", "given", "gone", "heard", "held", "hidden"),
        *("kept", "known", "left", "made", "met", "said", "seen", "sent", "shown", "taken", "told"),
        "written",
    }
)
#: Verbs that end like participles.
_VERBS: Final = frozenset({"embed", "feed", "need", "seed"})
#: A question may begin so; a clause may not.
_HEADLESS: Final = re.compile(
    r"(?:^|[.:;] +)((?:What|Who|Whoever) [a-z][^.?]*[.;:]\s)", re.MULTILINE
)
_NOBODY: Final = re.compile(r"\b(?:nobody|somebody|anybody)\b", re.IGNORECASE)


def is_participle(name: str) -> bool:
    """Tell whether the name of a function is one word, and that word a past participle."""
    word = name.lstrip("_")
    if "_" in word or word in _VERBS:
        return False
    return word in _IRREGULAR or bool(re.fullmatch(r"[a-z]+ed", word))


def find_participles(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of each function that is called so; properties may be."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and is_participle(node.name):
            decorators = {ast.unparse(each).partition("(")[0] for each in node.decorator_list}
            if not decorators & {"property", "cached_property", "pytest.fixture"}:
                yield node.lineno, node.name


def find_clauses(prose: str) -> Iterator[str]:
    """Yield the beginning of each headless clause, and each word for nobody."""
    for found in _HEADLESS.finditer(prose):
        yield found[1].partition("\n")[0][:60]
    for found in _NOBODY.finditer(prose):
        yield found[0]


def prose_of(source: str) -> str:
    """Return the docstrings and comments of a module."""
    nodes = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = [
        ast.get_docstring(node) or ""
        for node in ast.walk(ast.parse(source))
        if isinstance(node, nodes)
    ]
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = [each.string.lstrip("#: ") for each in tokens if each.type == tokenize.COMMENT]
    return "\n\n".join([*docstrings, "\n".join(comments)])


def main() -> int:
    found = []
    for file in sorted((ROOT / "pulp_contentroutes").rglob("*.py")):
        source, name = file.read_text(encoding="utf-8"), file.relative_to(ROOT)
        found += [f"{name}:{line}: {word!r} is no verb" for line, word in find_participles(source)]
        found += [
            f"{name}: name the thing in {clause!r}" for clause in find_clauses(prose_of(source))
        ]
    for file in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        prose = re.sub(r"```.*?```", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        found += [f"{file.name}: name the thing in {clause!r}" for clause in find_clauses(prose)]
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
