"""Code blocks of our documentation."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def blocks(document: str, language: str = "sh", section: str = "") -> list[str]:
    """Return the blocks of one language in a document, or in one of its sections."""
    text = (ROOT / document).read_text(encoding="utf-8")
    if section:
        _, heading, text = text.partition(f"## {section}\n")
        assert heading, f"{document} has no section {section!r}"
        text = text.partition("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def console(document: str, section: str) -> list[tuple[str, str]]:
    """Return the commands of a section's console blocks, each with the output shown below it."""
    commands = []
    for block in blocks(document, "console", section):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            commands.append((command, output))
    return commands
