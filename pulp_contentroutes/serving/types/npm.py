"""pulp_npm: it makes the documents of packages, `<name>` and `@<scope>/<name>`."""

from typing import Final

from pulp_contentroutes.serving.types.rule import TypeRule


def may_answer(path: str) -> bool:
    # A tarball, `<name>/-/<file>.tgz`, has two slashes or more; `extract_package_info` takes
    # nothing with so many for the name of a package.
    return path.count("/") < 2


RULE: Final = TypeRule(
    pulp_type="npm.npm",
    package="pulp-npm",
    versions=">=0.10,<0.11",
    fingerprint="4d3ac74b0cfd72acd4c8d011be6954d2d1c420bc1b3bceb825a2bd8ec4c854f6",
    may_answer=may_answer,
    functions=("pulp_npm.app.utils.extract_package_info",),
)
