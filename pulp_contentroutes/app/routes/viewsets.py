"""REST endpoints of content routes."""

from typing import Any

from django.db import transaction
from pulpcore.plugin.viewsets import (
    NAME_FILTER_OPTIONS,
    BaseFilterSet,
    LabelFilter,
    LabelsMixin,
    NamedModelViewSet,
    RolesMixin,
)
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from pulp_contentroutes.app.invalid_input import RefusesInvalidInput
from pulp_contentroutes.app.policies import owner_policy, roles
from pulp_contentroutes.app.routes.models import ContentRoute
from pulp_contentroutes.app.routes.serializers import ContentRouteSerializer


class ContentRouteFilter(BaseFilterSet):
    pulp_label_select = LabelFilter()

    class Meta:
        model = ContentRoute
        fields = {
            "name": NAME_FILTER_OPTIONS,
            "mount": NAME_FILTER_OPTIONS,
            "host": NAME_FILTER_OPTIONS,
            "action": ["exact", "in"],
            "enabled": ["exact"],
            "targets__distribution": ["exact", "in"],
        }


class ContentRouteViewSet(
    RefusesInvalidInput,
    NamedModelViewSet,
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.ListModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    LabelsMixin,
    RolesMixin,
):
    """Routes: content at any URL of the content app, from the next request on.

    Changes take effect at once; there is no task to wait for.
    """

    endpoint_name = "contentroutes/routes"
    queryset = ContentRoute.objects.prefetch_related("targets__distribution")
    serializer_class = ContentRouteSerializer
    filterset_class = ContentRouteFilter
    queryset_filtering_required_permission = "contentroutes.view_contentroute"

    DEFAULT_ACCESS_POLICY = owner_policy(
        "contentroute", {"change": ("set_label", "unset_label")}, ("owner",)
    )
    LOCKED_ROLES = roles("contentroute", owner=("change", "delete"))

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change a route; of two changes at once, the second one sees the first."""
        with transaction.atomic():
            ContentRoute.objects.select_for_update().get(pk=self.get_object().pk)
            response: Response = super().update(request, *args, **kwargs)
        return response
