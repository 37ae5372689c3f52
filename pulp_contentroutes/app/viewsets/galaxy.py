"""REST endpoints of collections, their repositories and distributions."""

from pulpcore.plugin.actions import ModifyRepositoryActionMixin
from pulpcore.plugin.viewsets import (
    NAME_FILTER_OPTIONS,
    ContentFilter,
    DistributionViewSet,
    RepositoryVersionViewSet,
    RepositoryViewSet,
    RolesMixin,
    SingleArtifactContentUploadViewSet,
)

from pulp_contentroutes.app.models import CollectionVersion, GalaxyDistribution, GalaxyRepository
from pulp_contentroutes.app.serializers import (
    CollectionVersionSerializer,
    GalaxyDistributionSerializer,
    GalaxyRepositorySerializer,
)
from pulp_contentroutes.app.viewsets.policies import allow, owned, roles

_VIEW_REPOSITORY = "contentroutes.view_galaxyrepository"
_OF_REPOSITORY = "has_repository_model_or_domain_or_obj_perms:contentroutes.{}_galaxyrepository"

_LABELS = ("set_label", "unset_label")


class CollectionVersionFilter(ContentFilter):
    class Meta:
        model = CollectionVersion
        fields = {
            "namespace": NAME_FILTER_OPTIONS,
            "name": NAME_FILTER_OPTIONS,
            "version": ["exact", "in"],
            "sha256": ["exact", "in"],
        }


class CollectionVersionViewSet(SingleArtifactContentUploadViewSet):
    """Collections, made from tarballs of `ansible-galaxy collection build`."""

    endpoint_name = "collections"
    queryset = CollectionVersion.objects.prefetch_related("_artifacts")
    serializer_class = CollectionVersionSerializer
    filterset_class = CollectionVersionFilter

    DEFAULT_ACCESS_POLICY = {
        "statements": [
            allow("list", "retrieve"),
            allow(
                "create",
                condition=[
                    "has_required_repo_perms_on_upload:contentroutes.modify_galaxyrepository",
                    f"has_required_repo_perms_on_upload:{_VIEW_REPOSITORY}",
                    "has_upload_param_model_or_domain_or_obj_perms:core.change_upload",
                ],
            ),
            allow(
                "set_label",
                "unset_label",
                condition="has_model_or_domain_perms:core.manage_content_labels",
            ),
        ],
        "queryset_scoping": {"function": "scope_queryset"},
    }


class GalaxyRepositoryViewSet(RepositoryViewSet, ModifyRepositoryActionMixin, RolesMixin):
    """Repositories of collections."""

    endpoint_name = "galaxy"
    queryset = GalaxyRepository.objects.exclude(user_hidden=True)
    serializer_class = GalaxyRepositorySerializer
    queryset_filtering_required_permission = _VIEW_REPOSITORY

    DEFAULT_ACCESS_POLICY = owned(
        "galaxyrepository", {"change": _LABELS, "modify": ("modify",)}, ("owner",)
    )
    LOCKED_ROLES = roles(
        "galaxyrepository",
        owner=("change", "modify", "delete"),
        publisher=("view", "modify"),
    )


class GalaxyRepositoryVersionViewSet(RepositoryVersionViewSet):
    """Versions of repositories of collections."""

    parent_viewset = GalaxyRepositoryViewSet

    DEFAULT_ACCESS_POLICY = {
        "statements": [
            allow("list", "retrieve", condition=_OF_REPOSITORY.format("view")),
            allow("destroy", condition=_OF_REPOSITORY.format("delete")),
            allow("repair", condition=_OF_REPOSITORY.format("modify")),
        ],
    }


class GalaxyDistributionViewSet(DistributionViewSet, RolesMixin):
    """Galaxy servers: the URLs that `ansible-galaxy` is given."""

    endpoint_name = "galaxy"
    queryset = GalaxyDistribution.objects.all()
    serializer_class = GalaxyDistributionSerializer
    queryset_filtering_required_permission = "contentroutes.view_galaxydistribution"

    DEFAULT_ACCESS_POLICY = owned(
        "galaxydistribution",
        {"change": _LABELS},
        ("owner",),
        also=[f"has_repo_or_repo_ver_param_model_or_domain_or_obj_perms:{_VIEW_REPOSITORY}"],
    )
    LOCKED_ROLES = roles("galaxydistribution", owner=("change", "delete"))
