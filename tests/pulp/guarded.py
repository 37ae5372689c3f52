"""Content behind guards."""

from collections.abc import Callable

from tests.harness.rest import Rest

ODD = "dir/a+b_%2f_\u00fc.txt"
FILES = {"x": b"x", "dir/y": b"y", ODD: b"odd"}

#: Return the base path of a new distribution of FILES, behind a guard or open.
Distribute = Callable[[str | None], str]


def header_guard(admin: Rest) -> str:
    return admin.guard("core/header", header_name="x-key", header_value="secret")
