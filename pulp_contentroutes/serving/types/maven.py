"""pulp_maven: it answers directories, and more for repositories with certain labels."""

from typing import Final

from pulp_contentroutes.serving.types.rule import TypeRule


def may_answer(path: str) -> bool:
    # Directories have pages of its own. It takes a last segment with a dot for a file.
    return "." not in path.rpartition("/")[2]


RULE: Final = TypeRule(
    pulp_type="maven.maven",
    package="pulp-maven",
    versions=">=0.36,<0.37",
    fingerprint="a63e774628b62def40dc0c7b2df0d12d6c841a7536b69e716557c8ff3b01db6b",
    may_answer=may_answer,
    functions=(
        "pulp_maven.app.bloom.bloom_filter_might_contain",
        "pulp_maven.app.bloom.parse_bloom_filter_config",
        "pulp_maven.app.path_index.config.enabled",
        "pulp_maven.app.path_index.content.descriptor",
        "pulp_maven.app.path_index.content.indexed_response",
    ),
    # Its path index, and its Bloom filter.
    labels=("path_index", "pulp_maven.bloom"),
)
