"""pulp_python: it makes the JSON documents of its legacy API, `pypi/<name>[/<version>]/json`.

It also answers `simple/` where artifacts are in object storage, which the fast path leaves to Pulp
before it looks at a path.
"""

from pathlib import PurePath
from typing import Final

from pulp_contentroutes.serving.types.rule import TypeRule


def may_answer(path: str) -> bool:
    # The first test costs a hundredth of the others.
    if "json" not in path:
        return False
    pure = PurePath(path)
    return pure.match("pypi/*/*/json") or pure.match("pypi/*/json")


RULE: Final = TypeRule(
    pulp_type="python.python",
    package="pulp-python",
    versions=">=3.36,<3.37",
    fingerprint="a549e50a36c29df87787463740527495afc33d39dbdeb2d49e5b2ec149c836ce",
    may_answer=may_answer,
)
