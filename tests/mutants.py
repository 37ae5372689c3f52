"""Print a table of modules, and the surviving mutants, from `mutmut` results on standard input."""

import sys
from collections import Counter
from collections.abc import Iterable

import click

#: A mutant that loops endlessly is detected, too.
_KILLED = frozenset({"killed", "timeout"})


def main(lines: Iterable[str]) -> None:
    """Print the table; `lines` are those of `mutmut results --all true`, `<mutant>: <status>`."""
    made, killed, survivors = Counter[str](), Counter[str](), []
    for line in lines:
        mutant, _, status = line.strip().rpartition(": ")
        module = mutant.rpartition(".")[0].partition(".")[2]
        made[module] += 1
        if status in _KILLED:
            killed[module] += 1
        else:
            survivors.append(f"{mutant} ({status})")
    row = "{:<28}{:>8}{:>8}{:>10}{:>8}"
    click.echo(row.format("module", "mutants", "killed", "survived", "share"))
    for module, count in sorted(made.items()):
        share = f"{killed[module] / count:.1%}"
        click.echo(row.format(module, count, killed[module], count - killed[module], share))
    click.echo(f"{len(survivors)} of {made.total()} survived; `mutmut show <mutant>` shows one:")
    for survivor in survivors:
        click.echo(f"  {survivor}")


if __name__ == "__main__":
    main(sys.stdin)
