"""The plugin's tables; Django finds them here."""

from pulp_contentroutes.app.models.access import ApiToken, TokenContentGuard
from pulp_contentroutes.app.models.galaxy import (
    CollectionVersion,
    GalaxyDistribution,
    GalaxyRepository,
)

__all__ = [
    "ApiToken",
    "CollectionVersion",
    "GalaxyDistribution",
    "GalaxyRepository",
    "TokenContentGuard",
]
