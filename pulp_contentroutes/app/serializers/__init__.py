"""REST representations; pulpcore collects them here."""

from pulp_contentroutes.app.serializers.access import (
    ApiTokenCreatedSerializer,
    ApiTokenSerializer,
    TokenContentGuardSerializer,
)
from pulp_contentroutes.app.serializers.galaxy import (
    CollectionVersionSerializer,
    GalaxyDistributionSerializer,
    GalaxyRepositorySerializer,
)

__all__ = [
    "ApiTokenCreatedSerializer",
    "ApiTokenSerializer",
    "CollectionVersionSerializer",
    "GalaxyDistributionSerializer",
    "GalaxyRepositorySerializer",
    "TokenContentGuardSerializer",
]
