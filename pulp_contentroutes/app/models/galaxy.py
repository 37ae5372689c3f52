"""Repositories of collections and roles, and the URLs they are served at."""

from gettext import gettext as _

from django.db import models
from django.db.models import Exists, OuterRef
from pulpcore.plugin.models import AutoAddObjPermsMixin, Distribution, Repository
from pulpcore.plugin.repo_version_utils import validate_repo_version

from pulp_contentroutes.app.errors import Refused, refusals_named
from pulp_contentroutes.app.models.content import (
    CollectionDeprecation,
    CollectionSignature,
    CollectionVersion,
    RoleVersion,
)
from pulp_contentroutes.galaxy.signatures import check_signature


def already_exists(filename):
    return Refused(
        "already_exists",
        _("{} is or was in the repository with other bytes. Publish a new version.").format(
            filename
        ),
    )


class GalaxyRepository(Repository, AutoAddObjPermsMixin):
    """Collections and roles; one tarball for each version of each."""

    TYPE = "galaxy"
    CONTENT_TYPES = [CollectionVersion, CollectionSignature, CollectionDeprecation, RoleVersion]

    #: Public keys in ASCII armor. With it, signatures by others are refused.
    key_ring = models.TextField(null=True)  # noqa: DJ001  no key ring is not an empty one

    def finalize_new_version(self, new_version):
        """Take away what is said of collections that are gone, and refuse what must not be."""
        _remove_what_is_left_of_removed(new_version)
        self._check_versions(new_version)
        if self.key_ring:
            _check_signatures(new_version, self.key_ring)
        try:
            validate_repo_version(new_version)
        except ValueError as error:
            raise Refused(
                "duplicate_content",
                _("Two of the same would be in the repository; remove one of them: {}").format(
                    error
                ),
            ) from error

    def other_bytes_of(self, namespace, name, version, sha256):
        """Return other tarballs of a version that the repository has, or has had."""
        same = {"namespace": namespace, "name": name, "version": version}
        held = CollectionVersion.objects.filter(**same, version_memberships__repository=self)
        return held.exclude(sha256=sha256)

    def _check_versions(self, new_version):
        """Clients believe for a day that what they know of a version never changes."""
        added = CollectionVersion.objects.filter(pk__in=new_version.added().values("pk"))
        others = self.other_bytes_of(
            OuterRef("namespace"), OuterRef("name"), OuterRef("version"), OuterRef("sha256")
        )
        taken = added.filter(Exists(others)).first()
        if taken is not None:
            raise already_exists(taken.filename)

    class Meta:
        default_related_name = "%(app_label)s_%(model_name)s"
        permissions = (
            ("modify_galaxyrepository", "Can modify the content, and publish"),
            ("manage_roles_galaxyrepository", "Can manage role assignments on repositories"),
        )


def _remove_what_is_left_of_removed(version):
    held = version.get_content(CollectionVersion.objects)
    same_name = held.filter(namespace=OuterRef("namespace"), name=OuterRef("name"))
    for left in (
        CollectionSignature.objects.exclude(signed_collection__in=held),
        CollectionDeprecation.objects.exclude(Exists(same_name)),
    ):
        version.remove_content(version.get_content(left))


def _check_signatures(version, key_ring):
    signatures = CollectionSignature.objects.select_related("signed_collection")
    for signed in signatures.filter(pk__in=version.added().values("pk")):
        with refusals_named():
            check_signature(signed.signature, signed.signed_collection.manifest.encode(), key_ring)


class GalaxyDistribution(Distribution, AutoAddObjPermsMixin):
    """A Galaxy server for `ansible-galaxy`; the tarballs are served by the content app."""

    TYPE = "galaxy"

    class Meta:
        default_related_name = "%(app_label)s_%(model_name)s"
        permissions = (
            ("manage_roles_galaxydistribution", "Can manage role assignments on distributions"),
        )
