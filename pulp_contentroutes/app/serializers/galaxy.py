"""REST representations of collections, their repositories and distributions."""

from gettext import gettext as _

from pulpcore.plugin.serializers import (
    DetailRelatedField,
    DistributionSerializer,
    RepositorySerializer,
    RepositoryVersionRelatedField,
    SingleArtifactContentUploadSerializer,
)
from pulpcore.plugin.util import get_domain_pk
from rest_framework import serializers

from pulp_contentroutes.app.collections import fields_of
from pulp_contentroutes.app.models import CollectionVersion, GalaxyDistribution, GalaxyRepository
from pulp_contentroutes.galaxy.collection import read_collection
from pulp_contentroutes.galaxy.errors import InvalidCollection
from pulp_contentroutes.galaxy.limits import Limits


class CollectionVersionSerializer(SingleArtifactContentUploadSerializer):
    """A collection from a tarball: everything but the tarball is read from it."""

    namespace = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    version = serializers.CharField(read_only=True)
    requires_ansible = serializers.CharField(read_only=True, allow_null=True)
    dependencies = serializers.DictField(read_only=True)
    info = serializers.DictField(read_only=True)
    sha256 = serializers.CharField(read_only=True)
    size = serializers.IntegerField(read_only=True)

    def deferred_validate(self, data):
        data = super().deferred_validate(data)
        artifact = data["artifact"]
        try:
            with artifact.file.open() as tarball:
                collection = read_collection(tarball, Limits())
        except InvalidCollection as error:
            raise serializers.ValidationError({"file": [str(error)]}, code=error.code) from error
        return data | fields_of(collection, artifact) | {"relative_path": collection.info.filename}

    def retrieve(self, validated_data):
        """Return the collection of the same bytes."""
        return CollectionVersion.objects.filter(
            sha256=validated_data["sha256"], _pulp_domain=get_domain_pk()
        ).first()

    class Meta:
        model = CollectionVersion
        fields = (
            *(
                name
                for name in SingleArtifactContentUploadSerializer.Meta.fields
                if name != "relative_path"
            ),
            "namespace",
            "name",
            "version",
            "requires_ansible",
            "dependencies",
            "info",
            "sha256",
            "size",
        )


class GalaxyRepositorySerializer(RepositorySerializer):
    class Meta:
        model = GalaxyRepository
        fields = tuple(name for name in RepositorySerializer.Meta.fields if name != "remote")


class GalaxyDistributionSerializer(DistributionSerializer):
    """It serves the newest version of a repository of collections, or a fixed one."""

    # Pulp's own field takes repositories of every plugin, and the policy asks about ours alone.
    repository = DetailRelatedField(
        required=False,
        allow_null=True,
        view_name_pattern=r"repositories(-.*/.*)?-detail",
        queryset=GalaxyRepository.objects.all(),
        help_text=_("The repository whose newest version is served, and that is published to."),
    )
    repository_version = RepositoryVersionRelatedField(
        required=False,
        allow_null=True,
        help_text=_("The version that is served; without it the newest one of `repository`."),
    )

    def validate_repository_version(self, version):
        if version is not None and version.repository.pulp_type != GalaxyRepository.get_pulp_type():
            raise serializers.ValidationError(_("It is of no repository of collections."))
        return version

    class Meta:
        model = GalaxyDistribution
        fields = (*DistributionSerializer.Meta.fields, "repository_version")
