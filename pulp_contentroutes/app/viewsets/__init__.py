"""REST endpoints; pulpcore finds them here and puts them below its API root."""

from pulp_contentroutes.app.access.viewsets import ApiTokenViewSet, TokenContentGuardViewSet
from pulp_contentroutes.app.galaxy.viewsets.content import (
    CollectionDeprecationViewSet,
    CollectionSignatureViewSet,
    CollectionVersionViewSet,
    RoleVersionViewSet,
)
from pulp_contentroutes.app.galaxy.viewsets.repository import (
    GalaxyDistributionViewSet,
    GalaxyRepositoryVersionViewSet,
    GalaxyRepositoryViewSet,
)
from pulp_contentroutes.app.routes.viewsets import ContentRouteViewSet

__all__ = [
    "ApiTokenViewSet",
    "CollectionDeprecationViewSet",
    "CollectionSignatureViewSet",
    "CollectionVersionViewSet",
    "ContentRouteViewSet",
    "GalaxyDistributionViewSet",
    "GalaxyRepositoryVersionViewSet",
    "GalaxyRepositoryViewSet",
    "RoleVersionViewSet",
    "TokenContentGuardViewSet",
]
