"""The rules of plugins' distributions: one module for each plugin."""

from typing import Final

from pulp_contentroutes.serving.types import container, deb, maven, npm, python, rpm
from pulp_contentroutes.serving.types.rule import RouteRule, TypeRule

#: The rules that come with this plugin; others declare theirs by an entry point.
RULES: Final[tuple[TypeRule, ...]] = (deb.RULE, maven.RULE, npm.RULE, python.RULE, rpm.RULE)
#: Those for routes of plugins.
ROUTES: Final[tuple[RouteRule, ...]] = (container.ROUTE,)
