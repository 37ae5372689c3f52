"""REST endpoints; pulpcore finds them here and puts them below its API root."""

from pulp_contentroutes.app.viewsets.access import ApiTokenViewSet, TokenContentGuardViewSet
from pulp_contentroutes.app.viewsets.galaxy import (
    CollectionVersionViewSet,
    GalaxyDistributionViewSet,
    GalaxyRepositoryVersionViewSet,
    GalaxyRepositoryViewSet,
)

__all__ = [
    "ApiTokenViewSet",
    "CollectionVersionViewSet",
    "GalaxyDistributionViewSet",
    "GalaxyRepositoryVersionViewSet",
    "GalaxyRepositoryViewSet",
    "TokenContentGuardViewSet",
]
