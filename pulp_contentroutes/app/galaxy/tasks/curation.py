"""Copying, removing and deprecating collections of a repository."""

from gettext import gettext as _
from typing import TypeVar

from django.db.models import Exists, OuterRef, QuerySet
from pulpcore.plugin.models import BaseModel, RepositoryVersion
from pulpcore.plugin.util import get_domain_pk

from pulp_contentroutes.app.galaxy.errors import Refused
from pulp_contentroutes.app.galaxy.models.content import (
    CollectionDeprecation,
    CollectionSignature,
    CollectionVersion,
)
from pulp_contentroutes.app.galaxy.models.repository import GalaxyRepository
from pulp_contentroutes.app.galaxy.selectors import select

M = TypeVar("M", bound=BaseModel)


def copy_collections(repository_pk: str, source_version_pk: str, collections: list[str]) -> None:
    """Add collections of another repository's version, with their signatures and deprecations.

    Signatures that no key of the repository's key ring has made are left out.
    """
    source = get_or_fail(RepositoryVersion, source_version_pk)
    repository = get_or_fail(GalaxyRepository, repository_pk)
    units = _selected_in(source, collections)
    signatures = source.get_content(CollectionSignature.objects.filter(signed_collection__in=units))
    strangers = [each.pk for each in repository.strangers_among(signatures)]
    with repository.new_version() as version:
        version.add_content(units)
        # A signature by a key that has already signed the collection in the version is left out.
        same = CollectionSignature.objects.filter(
            signed_collection=OuterRef("signed_collection"), issuer=OuterRef("issuer")
        )
        is_known = Exists(version.get_content(same))
        version.add_content(signatures.exclude(pk__in=strangers).exclude(is_known))
        version.add_content(source.get_content(_deprecations_of(units)))


def remove_collections(repository_pk: str, collections: list[str]) -> None:
    """Remove collections, with their signatures and deprecations."""
    repository = get_or_fail(GalaxyRepository, repository_pk)
    units = _selected_in(repository.latest_version(), collections)
    with repository.new_version() as version:
        version.remove_content(units)


def deprecate_collections(repository_pk: str, collections: list[str], is_deprecated: bool) -> None:
    """Mark whole collections as deprecated, or remove the mark from them."""
    repository = get_or_fail(GalaxyRepository, repository_pk)
    units = _selected_in(repository.latest_version(), collections)
    with repository.new_version() as version:
        if is_deprecated:
            for name in units.order_by().values("namespace", "name").distinct():
                CollectionDeprecation.objects.get_or_create(**name, _pulp_domain_id=get_domain_pk())
            marks = _deprecations_of(units)
            marks.touch()
            version.add_content(marks)
        else:
            version.remove_content(version.get_content(_deprecations_of(units)))


def get_or_fail(model: type[M], pk: str) -> M:
    """Return the object that existed when the task was dispatched; raise Refused if it is gone."""
    found = model.objects.filter(pk=pk).first()
    if found is None:
        raise Refused("not_found", _("It was deleted meanwhile."))
    return found


def _selected_in(version: RepositoryVersion, collections: list[str]) -> QuerySet[CollectionVersion]:
    held = version.get_content(CollectionVersion.objects)
    units, missing = select(collections, held)
    if missing:
        raise Refused(
            "not_found", _("The repository has no {}. Nothing was changed.").format(missing[0])
        )
    # The caller changes the content of the version: the query must not depend on it.
    return CollectionVersion.objects.filter(pk__in=list(units.values_list("pk", flat=True)))


def _deprecations_of(units: QuerySet[CollectionVersion]) -> QuerySet[CollectionDeprecation]:
    same = units.filter(namespace=OuterRef("namespace"), name=OuterRef("name"))
    own = CollectionDeprecation.objects.filter(_pulp_domain=get_domain_pk())
    return own.filter(Exists(same))
