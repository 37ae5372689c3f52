"""Code for Pulp's Django: adds many versions in a moment, as rows without files of their own."""

import hashlib
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from pulpcore.plugin.util import extract_pk

from pulp_contentroutes.app.models import GalaxyRepository
from pulp_contentroutes.galaxy.semantic_version import precedence_of, version_of


def add_copies(model_name: str, repository: str, name: str, versions: Iterable[str]) -> None:
    """Add copies of the only version of that name that the repository (an href) has."""
    model = apps.get_model("contentroutes", model_name)
    found = GalaxyRepository.objects.get(pk=extract_pk(repository))
    original = found.latest_version().get_content(model.objects.filter(name=name)).get()
    copies = [_copy(original, version).pk for version in versions]
    with found.new_version() as new:
        new.add_content(model.objects.filter(pk__in=copies))


def _copy(original: Any, version: str) -> Any:
    """Return new content with the fields of `original`, except for its version and its digest."""
    fields = {
        field.name: getattr(original, field.name)
        for field in original._meta.local_fields
        if not field.primary_key
    }
    fields["version"] = version
    fields["sha256"] = hashlib.sha256(f"{original.pk} {version}".encode()).hexdigest()
    if "precedence" in fields:
        fields["precedence"] = precedence_of(version_of(version))
    return type(original).objects.create(**fields)
