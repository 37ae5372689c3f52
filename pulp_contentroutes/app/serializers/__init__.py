"""REST representations; pulpcore collects them here."""

from pulp_contentroutes.app.access.serializers import (
    ApiTokenCreatedSerializer,
    ApiTokenSerializer,
    TokenContentGuardSerializer,
)
from pulp_contentroutes.app.galaxy.serializers.content import (
    CollectionDeprecationSerializer,
    CollectionSignatureSerializer,
    CollectionVersionSerializer,
    RoleVersionSerializer,
)
from pulp_contentroutes.app.galaxy.serializers.repository import (
    CopySerializer,
    DeprecateSerializer,
    GalaxyDistributionSerializer,
    GalaxyRepositorySerializer,
    SelectionSerializer,
)

__all__ = [
    "ApiTokenCreatedSerializer",
    "ApiTokenSerializer",
    "CollectionDeprecationSerializer",
    "CollectionSignatureSerializer",
    "CollectionVersionSerializer",
    "CopySerializer",
    "DeprecateSerializer",
    "GalaxyDistributionSerializer",
    "GalaxyRepositorySerializer",
    "RoleVersionSerializer",
    "SelectionSerializer",
    "TokenContentGuardSerializer",
]
