"""REST representations; pulpcore collects them here."""

from pulp_contentroutes.app.serializers.access import (
    ApiTokenCreatedSerializer,
    ApiTokenSerializer,
    TokenContentGuardSerializer,
)
from pulp_contentroutes.app.serializers.content import (
    CollectionDeprecationSerializer,
    CollectionSignatureSerializer,
    CollectionVersionSerializer,
    RoleVersionSerializer,
)
from pulp_contentroutes.app.serializers.galaxy import (
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
