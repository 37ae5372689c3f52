"""Runs in Pulp's Django: adds VERSIONS like the only content of a MODEL that REPOSITORY has."""

import hashlib
from typing import Any

from django.apps import apps
from pulpcore.plugin.util import extract_pk

from pulp_contentroutes.app.models import GalaxyRepository
from pulp_contentroutes.galaxy.semantic_version import precedence_of, version_of


def copy(original: Any, version: str) -> Any:
    """Return the key of content with the fields of another, of another version."""
    fields = {
        field.name: getattr(original, field.name)
        for field in original._meta.local_fields
        if not field.primary_key
    }
    fields |= {
        "version": version,
        "sha256": hashlib.sha256(f"{original.pk} {version}".encode()).hexdigest(),
    }
    if "precedence" in fields:
        fields["precedence"] = precedence_of(version_of(version))
    return type(original).objects.create(**fields).pk


def main(model_name: str, href: str, versions: list[str]) -> None:
    model = apps.get_model("contentroutes", model_name)
    repository = GalaxyRepository.objects.get(pk=extract_pk(href))
    original = repository.latest_version().get_content(model.objects.all()).get()
    copies = [copy(original, version) for version in versions]
    with repository.new_version() as new:
        new.add_content(model.objects.filter(pk__in=copies))


main(globals()["MODEL"], globals()["REPOSITORY"], globals()["VERSIONS"])
