"""REST endpoints of repositories of collections and roles, and of distributions."""

from collections.abc import Callable, Iterable
from typing import Any

from drf_spectacular.utils import extend_schema
from pulpcore.plugin.actions import ModifyRepositoryActionMixin
from pulpcore.plugin.models import Repository
from pulpcore.plugin.serializers import AsyncOperationResponseSerializer
from pulpcore.plugin.tasking import dispatch
from pulpcore.plugin.util import get_objects_for_user
from pulpcore.plugin.viewsets import (
    DistributionViewSet,
    OperationPostponedResponse,
    RepositoryVersionViewSet,
    RepositoryViewSet,
    RolesMixin,
)
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from pulp_contentroutes.app.galaxy.models.repository import GalaxyDistribution, GalaxyRepository
from pulp_contentroutes.app.galaxy.serializers.repository import (
    CopySerializer,
    DeprecateSerializer,
    GalaxyDistributionSerializer,
    GalaxyRepositorySerializer,
    SelectionSerializer,
)
from pulp_contentroutes.app.galaxy.tasks.curation import (
    copy_collections,
    deprecate_collections,
    remove_collections,
)
from pulp_contentroutes.app.invalid_input import RefusesInvalidInput
from pulp_contentroutes.app.policies import allow, owner_policy, roles

_VIEW_REPOSITORY = "contentroutes.view_galaxyrepository"
_OF_REPOSITORY = "has_repository_model_or_domain_or_obj_perms:contentroutes.{}_galaxyrepository"

_LABELS = ("set_label", "unset_label")
_POSTPONED = {202: AsyncOperationResponseSerializer}


class GalaxyRepositoryViewSet(
    RefusesInvalidInput, RepositoryViewSet, ModifyRepositoryActionMixin, RolesMixin
):
    """Repositories of collections."""

    endpoint_name = "galaxy"
    queryset = GalaxyRepository.objects.exclude(user_hidden=True)
    serializer_class = GalaxyRepositorySerializer
    queryset_filtering_required_permission = _VIEW_REPOSITORY

    DEFAULT_ACCESS_POLICY = owner_policy(
        "galaxyrepository",
        {"change": _LABELS, "modify": ("modify", "copy", "remove", "deprecate")},
        ("owner",),
    )
    LOCKED_ROLES = roles(
        "galaxyrepository",
        owner=("change", "modify", "delete"),
        publisher=("view", "modify"),
    )

    @extend_schema(
        summary="Copy collections into the repository",
        description="With their signatures and deprecations, as one new version.",
        responses=_POSTPONED,
    )
    @action(detail=True, methods=["post"], serializer_class=CopySerializer)
    def copy(self, request: Request, pk: str, **kwargs: Any) -> OperationPostponedResponse:
        values = self._validate(request)
        source = values["source_version"]
        visible = GalaxyRepository.objects.filter(pk=source.repository_id)
        if not get_objects_for_user(request.user, _VIEW_REPOSITORY, visible).exists():
            raise PermissionDenied()
        return self._dispatch(
            copy_collections,
            shared_resources=[source.repository],
            source_version_pk=str(source.pk),
            collections=values["collections"],
        )

    @extend_schema(
        summary="Remove collections from the repository",
        description="With what is said of them, as one new version; older versions keep them.",
        responses=_POSTPONED,
    )
    @action(detail=True, methods=["post"], serializer_class=SelectionSerializer)
    def remove(self, request: Request, pk: str, **kwargs: Any) -> OperationPostponedResponse:
        values = self._validate(request)
        return self._dispatch(remove_collections, collections=values["collections"])

    @extend_schema(
        summary="Deprecate collections",
        description="Clients that look them up are told so. All their versions stay.",
        responses=_POSTPONED,
    )
    @action(detail=True, methods=["post"], serializer_class=DeprecateSerializer)
    def deprecate(self, request: Request, pk: str, **kwargs: Any) -> OperationPostponedResponse:
        values = self._validate(request)
        return self._dispatch(
            deprecate_collections,
            collections=values["collections"],
            is_deprecated=values["deprecated"],
        )

    def _validate(self, request: Request) -> dict[str, Any]:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def _dispatch(
        self,
        task: Callable[..., None],
        shared_resources: Iterable[Repository] = (),
        **values: Any,
    ) -> OperationPostponedResponse:
        repository = self.get_object()
        dispatched = dispatch(
            task,
            exclusive_resources=[repository],
            shared_resources=list(shared_resources),
            kwargs={"repository_pk": str(repository.pk), **values},
        )
        return OperationPostponedResponse(dispatched, self.request)


class GalaxyRepositoryVersionViewSet(RefusesInvalidInput, RepositoryVersionViewSet):
    """Versions of repositories of collections."""

    parent_viewset = GalaxyRepositoryViewSet

    DEFAULT_ACCESS_POLICY = {
        "statements": [
            allow("list", "retrieve", condition=_OF_REPOSITORY.format("view")),
            allow("destroy", condition=_OF_REPOSITORY.format("delete")),
            allow("repair", condition=_OF_REPOSITORY.format("modify")),
        ],
    }


class GalaxyDistributionViewSet(RefusesInvalidInput, DistributionViewSet, RolesMixin):
    """Galaxy servers: the URLs that `ansible-galaxy` is given."""

    endpoint_name = "galaxy"
    queryset = GalaxyDistribution.objects.all()
    serializer_class = GalaxyDistributionSerializer
    queryset_filtering_required_permission = "contentroutes.view_galaxydistribution"

    DEFAULT_ACCESS_POLICY = owner_policy(
        "galaxydistribution",
        {"change": _LABELS},
        ("owner",),
        also=[f"has_repo_or_repo_ver_param_model_or_domain_or_obj_perms:{_VIEW_REPOSITORY}"],
    )
    LOCKED_ROLES = roles("galaxydistribution", owner=("change", "delete"))
