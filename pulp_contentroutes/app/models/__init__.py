"""The plugin's tables; Django finds them here."""

from pulp_contentroutes.app.models.access import ApiToken, TokenContentGuard
from pulp_contentroutes.app.models.content import (
    CollectionDeprecation,
    CollectionSignature,
    CollectionVersion,
    RoleVersion,
)
from pulp_contentroutes.app.models.galaxy import GalaxyDistribution, GalaxyRepository

__all__ = [
    "ApiToken",
    "CollectionDeprecation",
    "CollectionSignature",
    "CollectionVersion",
    "GalaxyDistribution",
    "GalaxyRepository",
    "RoleVersion",
    "TokenContentGuard",
]
