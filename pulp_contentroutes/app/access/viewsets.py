"""REST endpoints of API tokens and token guards."""

from django.db.models import QuerySet
from pulpcore.plugin.viewsets import (
    NAME_FILTER_OPTIONS,
    BaseFilterSet,
    ContentGuardViewSet,
    NamedModelViewSet,
    RolesMixin,
)
from rest_framework import mixins

from pulp_contentroutes.app.access.models import ApiToken, TokenContentGuard
from pulp_contentroutes.app.access.serializers import (
    ApiTokenCreatedSerializer,
    ApiTokenSerializer,
    TokenContentGuardSerializer,
)
from pulp_contentroutes.app.invalid_input import RefusesInvalidInput
from pulp_contentroutes.app.policies import allow, owner_policy, roles


class ApiTokenFilter(BaseFilterSet):
    class Meta:
        model = ApiToken
        fields = {
            "name": NAME_FILTER_OPTIONS,
            "user__username": ["exact", "in"],
            "scope": ["exact", "in"],
            "expires": ["isnull", "lt", "gt"],
            "last_used": ["isnull", "lt", "gt"],
        }


class ApiTokenViewSet(
    RefusesInvalidInput,
    NamedModelViewSet,
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.ListModelMixin,
    mixins.DestroyModelMixin,
):
    """API tokens: users see, make and revoke their own, administrators those of all users.

    The response to a POST has the secret as `token`; it is never shown again. DELETE revokes.
    """

    endpoint_name = "contentroutes/tokens"
    queryset = ApiToken.objects.select_related("user")
    serializer_class = ApiTokenSerializer
    filterset_class = ApiTokenFilter

    DEFAULT_ACCESS_POLICY = {
        "statements": [allow("list", "retrieve", "create", "destroy")],
        "queryset_scoping": {"function": "scope_queryset"},
    }
    LOCKED_ROLES = {
        "contentroutes.apitoken_administrator": [
            "contentroutes.view_apitoken",
            "contentroutes.add_apitoken",
            "contentroutes.delete_apitoken",
        ],
    }

    def get_serializer_class(self) -> type[ApiTokenSerializer]:
        return ApiTokenCreatedSerializer if self.action == "create" else self.serializer_class

    def scope_queryset(self, qs: QuerySet[ApiToken]) -> QuerySet[ApiToken]:
        """Keep the tokens that the user may see, or may revoke if the request is to revoke one."""
        user = self.request.user
        deed = "delete" if self.action == "destroy" else "view"
        return qs if user.has_perm(f"contentroutes.{deed}_apitoken") else qs.filter(user=user)


class TokenContentGuardViewSet(RefusesInvalidInput, ContentGuardViewSet, RolesMixin):
    """Guards that admit clients by API token: give users or groups the downloader role."""

    endpoint_name = "token"
    queryset = TokenContentGuard.objects.all()
    serializer_class = TokenContentGuardSerializer
    queryset_filtering_required_permission = "contentroutes.view_tokencontentguard"

    DEFAULT_ACCESS_POLICY = owner_policy("tokencontentguard", {}, ("owner", "downloader"))
    LOCKED_ROLES = roles("tokencontentguard", owner=("change", "delete"), downloader=("download",))
