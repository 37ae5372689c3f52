"""REST endpoints of collections, signatures, deprecations and roles."""

from pulpcore.plugin.viewsets import (
    NAME_FILTER_OPTIONS,
    ContentFilter,
    NoArtifactContentUploadViewSet,
    ReadOnlyContentViewSet,
    SingleArtifactContentUploadViewSet,
)

from pulp_contentroutes.app.galaxy.models.content import (
    CollectionDeprecation,
    CollectionSignature,
    CollectionVersion,
    RoleVersion,
)
from pulp_contentroutes.app.galaxy.serializers.content import (
    CollectionDeprecationSerializer,
    CollectionSignatureSerializer,
    CollectionVersionSerializer,
    RoleVersionSerializer,
)
from pulp_contentroutes.app.invalid_input import RefusesInvalidInput
from pulp_contentroutes.app.policies import allow

_LABELS = allow(
    "set_label", "unset_label", condition="has_model_or_domain_perms:core.manage_content_labels"
)
_UPLOADED = {
    "statements": [
        allow("list", "retrieve"),
        allow(
            "create",
            condition=[
                "has_required_repo_perms_on_upload:contentroutes.modify_galaxyrepository",
                "has_required_repo_perms_on_upload:contentroutes.view_galaxyrepository",
                "has_upload_param_model_or_domain_or_obj_perms:core.change_upload",
            ],
        ),
        _LABELS,
    ],
    "queryset_scoping": {"function": "scope_queryset"},
}
_NAMES = {"namespace": NAME_FILTER_OPTIONS, "name": NAME_FILTER_OPTIONS}
_VERSIONS = {**_NAMES, "version": ["exact", "in"], "sha256": ["exact", "in"]}


class CollectionVersionFilter(ContentFilter):
    class Meta:
        model = CollectionVersion
        fields = _VERSIONS


class CollectionVersionViewSet(RefusesInvalidInput, SingleArtifactContentUploadViewSet):
    """Collections, made from tarballs of `ansible-galaxy collection build`."""

    endpoint_name = "collections"
    queryset = CollectionVersion.objects.defer("manifest").prefetch_related("_artifacts")
    serializer_class = CollectionVersionSerializer
    filterset_class = CollectionVersionFilter
    DEFAULT_ACCESS_POLICY = _UPLOADED


class RoleVersionFilter(ContentFilter):
    class Meta:
        model = RoleVersion
        fields = _VERSIONS


class RoleVersionViewSet(RefusesInvalidInput, SingleArtifactContentUploadViewSet):
    """Roles, made from archives with a `meta/main.yml`."""

    endpoint_name = "roles"
    queryset = RoleVersion.objects.prefetch_related("_artifacts")
    serializer_class = RoleVersionSerializer
    filterset_class = RoleVersionFilter
    DEFAULT_ACCESS_POLICY = _UPLOADED


class CollectionSignatureFilter(ContentFilter):
    class Meta:
        model = CollectionSignature
        fields = {"signed_collection": ["exact"], "issuer": ["exact", "in"], "sha256": ["exact"]}


class CollectionSignatureViewSet(RefusesInvalidInput, NoArtifactContentUploadViewSet):
    """Detached signatures of collections' MANIFEST.json, in ASCII armor."""

    endpoint_name = "signatures"
    queryset = CollectionSignature.objects.select_related("signed_collection").defer(
        "signed_collection__manifest"
    )
    serializer_class = CollectionSignatureSerializer
    filterset_class = CollectionSignatureFilter
    DEFAULT_ACCESS_POLICY = _UPLOADED


class CollectionDeprecationFilter(ContentFilter):
    class Meta:
        model = CollectionDeprecation
        fields = _NAMES


class CollectionDeprecationViewSet(RefusesInvalidInput, ReadOnlyContentViewSet):
    """Marks of collections that should not be used any more; repositories make them."""

    endpoint_name = "deprecations"
    queryset = CollectionDeprecation.objects.all()
    serializer_class = CollectionDeprecationSerializer
    filterset_class = CollectionDeprecationFilter
    DEFAULT_ACCESS_POLICY = {
        "statements": [allow("list", "retrieve"), _LABELS],
        "queryset_scoping": {"function": "scope_queryset"},
    }
