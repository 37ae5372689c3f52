"""Checked collections → content units of Pulp."""

from django.db import IntegrityError, transaction
from pulpcore.plugin.models import ContentArtifact
from pulpcore.plugin.util import get_domain_pk

from pulp_contentroutes.app.models import CollectionVersion
from pulp_contentroutes.galaxy.semantic_version import precedence_of, version_of

_INFO = (
    "authors", "description", "license", "license_file", "tags", "repository", "documentation",
    "homepage", "issues",
)  # fmt: skip


def fields_of(collection, artifact):
    """Return the fields of the CollectionVersion of a collection (`galaxy.collection`)."""
    info = collection.info
    version = version_of(info.version)
    return {
        "namespace": info.namespace,
        "name": info.name,
        "version": info.version,
        "precedence": precedence_of(version),
        "is_prerelease": version.prerelease is not None,
        "requires_ansible": collection.requires_ansible,
        "dependencies": dict(info.dependencies),
        "info": {name: getattr(info, name) for name in _INFO},
        "sha256": artifact.sha256,
        "size": artifact.size,
    }


def stored(collection, artifact):
    """Return the content unit of a collection, a new one unless it is known."""
    known = {"sha256": artifact.sha256, "_pulp_domain": get_domain_pk()}
    unit = CollectionVersion.objects.filter(**known).first()
    if unit is None:
        try:
            with transaction.atomic():
                unit = CollectionVersion.objects.create(**fields_of(collection, artifact))
                ContentArtifact.objects.create(
                    content=unit, artifact=artifact, relative_path=unit.filename
                )
        except IntegrityError:
            # Somebody else has been as quick.
            unit = CollectionVersion.objects.get(**known)
    unit.touch()
    return unit
