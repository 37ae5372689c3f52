"""Collections of Ansible, the repositories that hold them, and the URLs they are served at."""

from django.db import models
from pulpcore.plugin.models import AutoAddObjPermsMixin, Content, Distribution, Repository
from pulpcore.plugin.repo_version_utils import validate_repo_version
from pulpcore.plugin.util import get_domain_pk


class CollectionVersion(Content):
    """One version of a collection: what its tarball says, so that no answer has to open it."""

    TYPE = "collection_version"
    repo_key_fields = ("namespace", "name", "version")

    namespace = models.TextField()
    name = models.TextField()
    version = models.TextField()
    #: Sorts as versions do (`galaxy.semantic_version.precedence_of`).
    precedence = models.TextField(db_collation="C")
    is_prerelease = models.BooleanField()
    requires_ansible = models.TextField(null=True)  # noqa: DJ001  null is what clients are told
    #: `namespace.name` → requirement.
    dependencies = models.JSONField(default=dict)
    #: What the detail of a version says beside that: authors, description, license, tags, URLs.
    info = models.JSONField(default=dict)
    sha256 = models.TextField()
    size = models.BigIntegerField()
    _pulp_domain = models.ForeignKey("core.Domain", default=get_domain_pk, on_delete=models.PROTECT)

    @property
    def filename(self):
        return f"{self.namespace}-{self.name}-{self.version}.tar.gz"

    class Meta:
        default_related_name = "%(app_label)s_%(model_name)s"
        unique_together = ("sha256", "_pulp_domain")
        indexes = (models.Index(fields=["namespace", "name", "precedence"]),)


class GalaxyRepository(Repository, AutoAddObjPermsMixin):
    """Collections; one tarball for each version of each."""

    TYPE = "galaxy"
    CONTENT_TYPES = [CollectionVersion]

    def finalize_new_version(self, new_version):
        """Refuse a second tarball of a version: clients believe for a day that it never changes."""
        validate_repo_version(new_version)

    class Meta:
        default_related_name = "%(app_label)s_%(model_name)s"
        permissions = (
            ("modify_galaxyrepository", "Can modify the content, and publish"),
            ("manage_roles_galaxyrepository", "Can manage role assignments on repositories"),
        )


class GalaxyDistribution(Distribution, AutoAddObjPermsMixin):
    """A Galaxy server for `ansible-galaxy`; the tarballs are served by the content app."""

    TYPE = "galaxy"

    class Meta:
        default_related_name = "%(app_label)s_%(model_name)s"
        permissions = (
            ("manage_roles_galaxydistribution", "Can manage role assignments on distributions"),
        )
