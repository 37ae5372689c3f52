"""Copying, removing and deprecating collections of a repository."""

from gettext import gettext as _

from django.db.models import Exists, OuterRef
from pulpcore.plugin.models import RepositoryVersion
from pulpcore.plugin.util import get_domain_pk

from pulp_contentroutes.app.errors import Refused
from pulp_contentroutes.app.models import (
    CollectionDeprecation,
    CollectionSignature,
    CollectionVersion,
    GalaxyRepository,
)
from pulp_contentroutes.app.selections import selected


def copy_collections(repository_pk, source_version_pk, collections):
    """Add collections of another repository's version, with their signatures and deprecations.

    Without the signatures that the repository's key ring does not know.
    """
    source = found(RepositoryVersion, source_version_pk)
    repository = found(GalaxyRepository, repository_pk)
    units = _selected_in(source, collections)
    signatures = source.get_content(CollectionSignature.objects.filter(signed_collection__in=units))
    strangers = [each.pk for each in repository.strangers_among(signatures)]
    with repository.new_version() as version:
        version.add_content(units)
        version.add_content(_without_known(signatures.exclude(pk__in=strangers), version))
        version.add_content(source.get_content(_deprecations_of(units)))


def remove_collections(repository_pk, collections):
    """Remove collections, with what is said of them."""
    repository = found(GalaxyRepository, repository_pk)
    units = _selected_in(repository.latest_version(), collections)
    with repository.new_version() as version:
        version.remove_content(units)


def deprecate_collections(repository_pk, collections, is_deprecated):
    """Mark whole collections as deprecated, or take the mark from them."""
    repository = found(GalaxyRepository, repository_pk)
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


def found(model, pk):
    """Return what was there when the task was dispatched."""
    found = model.objects.filter(pk=pk).first()
    if found is None:
        raise Refused("not_found", _("It was deleted meanwhile."))
    return found


def _selected_in(version, collections):
    held = version.get_content(CollectionVersion.objects)
    units, missing = selected(collections, held)
    if missing:
        raise Refused(
            "not_found", _("The repository has no {}. Nothing was changed.").format(missing[0])
        )
    # What follows changes what the version holds: not again from its content.
    return CollectionVersion.objects.filter(pk__in=list(units.values_list("pk", flat=True)))


def _without_known(signatures, version):
    """Return those of keys that have not signed the collection in the version already."""
    same = CollectionSignature.objects.filter(
        signed_collection=OuterRef("signed_collection"), issuer=OuterRef("issuer")
    )
    return signatures.exclude(Exists(version.get_content(same)))


def _deprecations_of(units):
    same = units.filter(namespace=OuterRef("namespace"), name=OuterRef("name"))
    own = CollectionDeprecation.objects.filter(_pulp_domain=get_domain_pk())
    return own.filter(Exists(same))
