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

__all__ = [
    "ApiTokenViewSet",
    "CollectionDeprecationViewSet",
    "CollectionSignatureViewSet",
    "CollectionVersionViewSet",
    "GalaxyDistributionViewSet",
    "GalaxyRepositoryVersionViewSet",
    "GalaxyRepositoryViewSet",
    "RoleVersionViewSet",
    "TokenContentGuardViewSet",
]
