"""The rules of plugins' distributions: one module for each plugin."""

from typing import Final

from pulp_contentroutes.serving.types import npm, python, rpm
from pulp_contentroutes.serving.types.rule import TypeRule

#: The rules that come with this plugin; others declare theirs by an entry point.
RULES: Final[tuple[TypeRule, ...]] = (npm.RULE, python.RULE, rpm.RULE)
