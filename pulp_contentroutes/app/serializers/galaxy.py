"""REST representations of collections, their repositories and distributions."""

from gettext import gettext as _

from pulpcore.plugin.serializers import (
    DistributionSerializer,
    RepositorySerializer,
    RepositoryVersionRelatedField,
    SingleArtifactContentUploadSerializer,
)
from pulpcore.plugin.util import get_domain_pk
from rest_framework import serializers

from pulp_contentroutes.app.collections import fields_of, refusals_as_validation_errors
from pulp_contentroutes.app.models import CollectionVersion, GalaxyDistribution, GalaxyRepository
from pulp_contentroutes.galaxy.collection import read_collection
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
        with refusals_as_validation_errors(), artifact.file.open() as tarball:
            collection = read_collection(tarball, Limits())
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
    """It serves the newest version of a repository, or a fixed one."""

    repository_version = RepositoryVersionRelatedField(
        required=False,
        allow_null=True,
        help_text=_("The version that is served; without it the newest one of `repository`."),
    )

    class Meta:
        model = GalaxyDistribution
        fields = (*DistributionSerializer.Meta.fields, "repository_version")
