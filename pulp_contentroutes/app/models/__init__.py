"""The plugin's tables; Django finds them here."""

from pulp_contentroutes.app.access.models import ApiToken, TokenContentGuard
from pulp_contentroutes.app.galaxy.models.content import (
    CollectionDeprecation,
    CollectionSignature,
    CollectionVersion,
    RoleVersion,
)
from pulp_contentroutes.app.galaxy.models.repository import GalaxyDistribution, GalaxyRepository
from pulp_contentroutes.app.routes.models import ContentRoute, ContentRouteTarget

__all__ = [
    "ApiToken",
    "CollectionDeprecation",
    "CollectionSignature",
    "CollectionVersion",
    "ContentRoute",
    "ContentRouteTarget",
    "GalaxyDistribution",
    "GalaxyRepository",
    "RoleVersion",
    "TokenContentGuard",
]
