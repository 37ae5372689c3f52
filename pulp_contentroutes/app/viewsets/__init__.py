"""REST endpoints; pulpcore finds them here and puts them below its API root."""

from pulp_contentroutes.app.viewsets.access import ApiTokenViewSet, TokenContentGuardViewSet
from pulp_contentroutes.app.viewsets.content import (
    CollectionDeprecationViewSet,
    CollectionSignatureViewSet,
    CollectionVersionViewSet,
    RoleVersionViewSet,
)
from pulp_contentroutes.app.viewsets.galaxy import (
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
