"""REST representations of collections, signatures, deprecations and roles."""

from collections.abc import Callable
from dataclasses import asdict
from gettext import gettext as _
from typing import Any, BinaryIO, TypeVar

from pulpcore.plugin.models import Artifact
from pulpcore.plugin.serializers import (
    DetailRelatedField,
    NoArtifactContentSerializer,
    NoArtifactContentUploadSerializer,
    SingleArtifactContentUploadSerializer,
)
from pulpcore.plugin.util import get_domain_pk
from rest_framework import serializers

from pulp_contentroutes.app.galaxy.errors import name_refusals
from pulp_contentroutes.app.galaxy.limits import limits_of_import
from pulp_contentroutes.app.galaxy.models.content import (
    CollectionDeprecation,
    CollectionSignature,
    CollectionVersion,
    RoleVersion,
)
from pulp_contentroutes.app.galaxy.serializers.references import ChecksReferences, MayLackReport
from pulp_contentroutes.app.galaxy.units import fields_of, fields_of_signature
from pulp_contentroutes.galaxy.collection import read_collection
from pulp_contentroutes.galaxy.errors import InvalidCollection
from pulp_contentroutes.galaxy.limits import Limits
from pulp_contentroutes.galaxy.role import check_name, read_role
from pulp_contentroutes.galaxy.signatures import LONGEST_SIGNATURE

T = TypeVar("T")


def _read(artifact: Artifact, read: Callable[[BinaryIO, Limits], T]) -> T:
    """Return the result of `read` for the artifact's file, or raise Refused. Only tasks call it."""
    with name_refusals(), artifact.file.open() as tarball:
        return read(tarball, limits_of_import())


class _FromTarballSerializer(
    ChecksReferences, MayLackReport, SingleArtifactContentUploadSerializer
):
    """A serializer for a tarball, whose relative path follows from its content."""

    sha256 = serializers.CharField(read_only=True)
    size = serializers.IntegerField(read_only=True)

    class Meta:
        fields = (
            *(
                name
                for name in SingleArtifactContentUploadSerializer.Meta.fields
                if name != "relative_path"
            ),
            "sha256",
            "size",
        )


class CollectionVersionSerializer(_FromTarballSerializer):
    """A collection from a tarball: everything but the tarball is read from it."""

    namespace = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    version = serializers.CharField(read_only=True)
    requires_ansible = serializers.CharField(read_only=True, allow_null=True)
    dependencies = serializers.DictField(read_only=True)
    info = serializers.DictField(read_only=True)

    def deferred_validate(self, data: dict[str, Any]) -> dict[str, Any]:
        data = super().deferred_validate(data)
        artifact = data["artifact"]
        collection = _read(artifact, read_collection)
        return data | fields_of(collection, artifact) | {"relative_path": collection.info.filename}

    def retrieve(self, validated_data: dict[str, Any]) -> CollectionVersion | None:
        """Return the collection with the same bytes."""
        return CollectionVersion.objects.filter(
            sha256=validated_data["sha256"], _pulp_domain=get_domain_pk()
        ).first()

    class Meta:
        model = CollectionVersion
        fields = (
            *_FromTarballSerializer.Meta.fields,
            "namespace",
            "name",
            "version",
            "requires_ansible",
            "dependencies",
            "info",
        )


class RoleVersionSerializer(_FromTarballSerializer):
    """A role from a tar.gz with a `meta/main.yml`, which does not identify the role."""

    namespace = serializers.CharField(help_text=_("What clients write before the last dot."))
    name = serializers.CharField(help_text=_("What clients write after the last dot."))
    version = serializers.CharField(help_text=_("Usually the tag that the archive is of."))
    description = serializers.CharField(read_only=True)
    info = serializers.DictField(read_only=True)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        data = super().validate(data)
        for field in ("namespace", "name", "version"):
            try:
                check_name(field, data[field])
            except InvalidCollection as error:
                raise serializers.ValidationError({field: [str(error)]}, code=error.code) from error
        return data

    def deferred_validate(self, data: dict[str, Any]) -> dict[str, Any]:
        data = super().deferred_validate(data)
        artifact = data["artifact"]
        info = asdict(_read(artifact, read_role))
        data |= {
            "description": info.pop("description"),
            "info": info,
            "sha256": artifact.sha256,
            "size": artifact.size,
        }
        names = {field: data[field] for field in ("namespace", "name", "version")}
        return data | {"relative_path": RoleVersion(**names).relative_path}

    def retrieve(self, validated_data: dict[str, Any]) -> RoleVersion | None:
        """Return the role with the same name, version and bytes."""
        return RoleVersion.objects.filter(
            namespace=validated_data["namespace"],
            name=validated_data["name"],
            version=validated_data["version"],
            sha256=validated_data["sha256"],
            _pulp_domain=get_domain_pk(),
        ).first()

    class Meta:
        model = RoleVersion
        fields = (
            *_FromTarballSerializer.Meta.fields,
            "namespace",
            "name",
            "version",
            "description",
            "info",
        )


class CollectionSignatureSerializer(
    ChecksReferences, MayLackReport, NoArtifactContentUploadSerializer
):
    """A detached signature of a collection's MANIFEST.json, in ASCII armor."""

    signed_collection = DetailRelatedField(
        view_name_pattern=r"content(-.*/.*)-detail",
        queryset=CollectionVersion.objects.all(),
        help_text=_("The collection whose MANIFEST.json is signed."),
    )
    signature = serializers.CharField(read_only=True)
    sha256 = serializers.CharField(read_only=True)
    issuer = serializers.CharField(
        read_only=True, help_text=_("Fingerprint of the key, or its id if no more is known.")
    )

    def deferred_validate(self, data: dict[str, Any]) -> dict[str, Any]:
        data = super().deferred_validate(data)
        file = data["file"]
        file.seek(0)
        text = file.read(LONGEST_SIGNATURE + 1).decode("ascii", "replace")
        with name_refusals():
            return data | fields_of_signature(text, data["signed_collection"])

    def retrieve(self, validated_data: dict[str, Any]) -> CollectionSignature | None:
        """Return the same signature."""
        return CollectionSignature.objects.filter(
            signed_collection=validated_data["signed_collection"],
            sha256=validated_data["sha256"],
        ).first()

    class Meta:
        model = CollectionSignature
        fields = (
            *NoArtifactContentUploadSerializer.Meta.fields,
            "signed_collection",
            "signature",
            "sha256",
            "issuer",
        )


class CollectionDeprecationSerializer(MayLackReport, NoArtifactContentSerializer):
    """A mark that the collection should not be used any more; repositories set it."""

    class Meta:
        model = CollectionDeprecation
        fields = (*NoArtifactContentSerializer.Meta.fields, "namespace", "name")
