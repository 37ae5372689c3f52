"""Repositories of collections and roles, and the URLs they are served at."""

from gettext import gettext as _

from django.db import models
from django.db.models import Exists, OuterRef, QuerySet
from pulpcore.plugin.models import (
    AutoAddObjPermsMixin,
    Distribution,
    Repository,
    RepositoryVersion,
)
from pulpcore.plugin.repo_version_utils import validate_repo_version

from pulp_contentroutes.app.galaxy.errors import Refused, name_refusals
from pulp_contentroutes.app.galaxy.models.content import (
    CollectionDeprecation,
    CollectionSignature,
    CollectionVersion,
    RoleVersion,
)
from pulp_contentroutes.galaxy.errors import InvalidSignature
from pulp_contentroutes.galaxy.signatures import KeyRing


def already_exists(filename: str) -> Refused:
    return Refused(
        "already_exists",
        _("{} is or was in the repository with other bytes. Publish a new version.").format(
            filename
        ),
    )


def not_signed(filename: str, issuer: str) -> Refused:
    return Refused(
        InvalidSignature.code,
        _(
            "The signature of {} by {} was made by no key of the repository's key ring, or of "
            "something else."
        ).format(filename, issuer),
    )


class GalaxyRepository(Repository, AutoAddObjPermsMixin):
    """Collections and roles; one tarball for each version of each."""

    TYPE = "galaxy"
    CONTENT_TYPES = [CollectionVersion, CollectionSignature, CollectionDeprecation, RoleVersion]

    #: Public keys in ASCII armor. With a key ring, signatures by other keys are refused.
    key_ring = models.TextField(null=True)  # noqa: DJ001  null differs from an empty key ring

    def finalize_new_version(self, new_version: RepositoryVersion) -> None:
        """Remove signatures and deprecations of removed collections; refuse invalid content."""
        _remove_what_is_left_of_removed(new_version)
        added = new_version.added().values("pk")
        # Clients assume for a day that a version they know never changes: the repository never has
        # other bytes for one that it has, or has had.
        others = self.other_bytes_of(
            OuterRef("namespace"), OuterRef("name"), OuterRef("version"), OuterRef("sha256")
        )
        collections = CollectionVersion.objects.filter(pk__in=added)
        taken = collections.filter(Exists(others)).first()
        if taken is not None:
            raise already_exists(taken.filename)
        for stranger in self.strangers_among(CollectionSignature.objects.filter(pk__in=added)):
            raise not_signed(stranger.signed_collection.filename, stranger.issuer)
        try:
            validate_repo_version(new_version)
        except ValueError as error:
            raise Refused(
                "duplicate_content",
                _("Two of the same would be in the repository; remove one of them: {}").format(
                    error
                ),
            ) from error

    def other_bytes_of(
        self,
        namespace: str | OuterRef,
        name: str | OuterRef,
        version: str | OuterRef,
        sha256: str | OuterRef,
    ) -> QuerySet[CollectionVersion]:
        """Return other tarballs of a version that the repository has, or has had."""
        same = {"namespace": namespace, "name": name, "version": version}
        held = CollectionVersion.objects.filter(**same, version_memberships__repository=self)
        return held.exclude(sha256=sha256)

    def strangers_among(
        self, signatures: QuerySet[CollectionSignature]
    ) -> list[CollectionSignature]:
        """Return a list of those in a query of signatures that no key of the key ring has made."""
        if not self.key_ring:
            return []
        with name_refusals():
            ring = KeyRing(self.key_ring)
            signed = signatures.select_related("signed_collection").iterator(chunk_size=100)
            return [
                each
                for each in signed
                if not ring.has_made(each.signature, each.signed_collection.manifest)
            ]

    class Meta:
        default_related_name = "%(app_label)s_%(model_name)s"
        permissions = (
            ("modify_galaxyrepository", "Can modify the content, and publish"),
            ("manage_roles_galaxyrepository", "Can manage role assignments on repositories"),
        )


def _remove_what_is_left_of_removed(version: RepositoryVersion) -> None:
    held = version.get_content(CollectionVersion.objects)
    same_name = held.filter(namespace=OuterRef("namespace"), name=OuterRef("name"))
    added = version.added().values("pk")
    for said in (
        CollectionSignature.objects.exclude(signed_collection__in=held),
        CollectionDeprecation.objects.exclude(Exists(same_name)),
    ):
        left = version.get_content(said)
        if left.filter(pk__in=added).exists():
            raise Refused("not_found", _("The repository has no collection that this is about."))
        version.remove_content(left)


class GalaxyDistribution(Distribution, AutoAddObjPermsMixin):
    """A Galaxy server for `ansible-galaxy`; the tarballs are served by the content app."""

    TYPE = "galaxy"

    class Meta:
        default_related_name = "%(app_label)s_%(model_name)s"
        permissions = (
            ("manage_roles_galaxydistribution", "Can manage role assignments on distributions"),
        )
