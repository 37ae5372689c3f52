"""The content of repositories: collections, their signatures and deprecations, and roles."""

from django.db import models
from pulpcore.plugin.models import Content
from pulpcore.plugin.util import get_domain_pk


class CollectionVersion(Content):
    """One version of a collection, with its tarball's data: no answer has to open the tarball."""

    TYPE = "collection_version"
    repo_key_fields = ("namespace", "name", "version")

    namespace = models.TextField()
    name = models.TextField()
    version = models.TextField()
    #: Sorts as versions do (`galaxy.semantic_version.precedence_of`).
    precedence = models.TextField(db_collation="C")
    is_prerelease = models.BooleanField()
    requires_ansible = models.TextField(null=True)  # noqa: DJ001  clients are told null
    #: `namespace.name` → requirement.
    dependencies = models.JSONField(default=dict)
    #: The other fields in the detail of a version: authors, description, license, tags, URLs.
    info = models.JSONField(default=dict)
    #: MANIFEST.json to the byte: signatures are made over it.
    manifest = models.TextField()
    sha256 = models.TextField()
    size = models.BigIntegerField()
    _pulp_domain = models.ForeignKey("core.Domain", default=get_domain_pk, on_delete=models.PROTECT)

    @property
    def filename(self) -> str:
        return f"{self.namespace}-{self.name}-{self.version}.tar.gz"

    class Meta:
        default_related_name = "%(app_label)s_%(model_name)s"
        unique_together = ("sha256", "_pulp_domain")
        indexes = (models.Index(fields=["namespace", "name", "precedence"]),)


class CollectionSignature(Content):
    """A detached OpenPGP signature of a collection's MANIFEST.json."""

    TYPE = "collection_signature"
    repo_key_fields = ("signed_collection", "issuer")

    signed_collection = models.ForeignKey(
        CollectionVersion, on_delete=models.CASCADE, related_name="signatures"
    )
    #: In ASCII armor.
    signature = models.TextField()
    sha256 = models.TextField()
    #: The fingerprint of the key, or its id if the signature names no more.
    issuer = models.TextField()
    _pulp_domain = models.ForeignKey("core.Domain", default=get_domain_pk, on_delete=models.PROTECT)

    class Meta:
        default_related_name = "%(app_label)s_%(model_name)s"
        unique_together = ("signed_collection", "sha256", "_pulp_domain")


class CollectionDeprecation(Content):
    """A mark by which clients that look up the collection are told not to use it any more."""

    TYPE = "collection_deprecation"
    repo_key_fields = ("namespace", "name")

    namespace = models.TextField()
    name = models.TextField()
    _pulp_domain = models.ForeignKey("core.Domain", default=get_domain_pk, on_delete=models.PROTECT)

    class Meta:
        default_related_name = "%(app_label)s_%(model_name)s"
        unique_together = ("namespace", "name", "_pulp_domain")


class RoleVersion(Content):
    """One version of a role; its archive does not identify it, so the user who uploads it does."""

    TYPE = "role_version"
    repo_key_fields = ("namespace", "name", "version")

    namespace = models.TextField()
    name = models.TextField()
    version = models.TextField()
    description = models.TextField()
    #: The other fields of its meta/main.yml (`galaxy.role.Role`).
    info = models.JSONField(default=dict)
    sha256 = models.TextField()
    size = models.BigIntegerField()
    _pulp_domain = models.ForeignKey("core.Domain", default=get_domain_pk, on_delete=models.PROTECT)

    @property
    def relative_path(self) -> str:
        return f"roles/{self.namespace}/{self.name}/{self.version}.tar.gz"

    class Meta:
        default_related_name = "%(app_label)s_%(model_name)s"
        unique_together = ("namespace", "name", "version", "sha256", "_pulp_domain")
