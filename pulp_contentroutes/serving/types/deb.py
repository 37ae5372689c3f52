"""pulp_deb: it serves its own list of publications first, the superseded ones for three days."""

from typing import Final

from pulp_contentroutes.serving.types.rule import TypeRule


def may_answer(path: str) -> bool:
    # The hook answers only with files of these publications.
    return False


RULE: Final = TypeRule(
    pulp_type="deb.apt-distribution",
    package="pulp-deb",
    versions=">=3.9,<3.12",
    fingerprint="aeebe02b04d279f3cfc6207f2e73f2b63066cbc09b4dc7e85f5a9d45fe10027a",
    may_answer=may_answer,
    publications="deb_distributedpublication",
)
