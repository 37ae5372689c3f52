"""pulp_rpm: it makes `config.repo` itself, and forbids caches to reuse `repomd.xml` unasked."""

from typing import Final

from pulp_contentroutes.serving.types.rule import TypeRule


def may_answer(path: str) -> bool:
    # Only where `generate_repo_config` is set, a column of the distribution: Pulp knows it.
    return path == "config.repo"


RULE: Final = TypeRule(
    pulp_type="rpm.rpm",
    package="pulp-rpm",
    versions=">=3.35,<3.40",
    fingerprint="769040bd8120890cd25faa332849aedf26f862c6b637de1243daf5f3304ff5d3",
    may_answer=may_answer,
    no_cache_setting="NOCACHE_LIST",
)
