"""Checked collections and signatures → content units of Pulp."""

import hashlib
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from pulpcore.plugin.models import Artifact, Content, ContentArtifact
from pulpcore.plugin.util import get_domain_pk

from pulp_contentroutes.app.galaxy.models.content import CollectionSignature, CollectionVersion
from pulp_contentroutes.galaxy.collection import Collection
from pulp_contentroutes.galaxy.semantic_version import precedence_of, version_of
from pulp_contentroutes.galaxy.signatures import Signature

_INFO = (
    "authors", "description", "license", "license_file", "tags", "repository", "documentation",
    "homepage", "issues",
)  # fmt: skip


def fields_of(collection: Collection, artifact: Artifact) -> dict[str, Any]:
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
        "manifest": collection.manifest,
        "sha256": artifact.sha256,
        "size": artifact.size,
    }


def fields_of_signature(signature: str, collection: CollectionVersion) -> dict[str, Any]:
    """Return the fields of the CollectionSignature for a text; or raise InvalidSignature."""
    parsed = Signature.parse(signature)
    return {
        "signed_collection": collection,
        "signature": parsed.text,
        "sha256": hashlib.sha256(parsed.text.encode()).hexdigest(),
        "issuer": parsed.issuer,
    }


def store_collection(collection: Collection, artifact: Artifact) -> CollectionVersion:
    """Return the content unit of a collection, a new one unless it is known."""

    def create() -> CollectionVersion:
        unit = CollectionVersion.objects.create(**fields_of(collection, artifact))
        ContentArtifact.objects.create(content=unit, artifact=artifact, relative_path=unit.filename)
        return unit

    known = {"sha256": artifact.sha256, "_pulp_domain": get_domain_pk()}
    return _touch_or_create(CollectionVersion.objects.filter(**known), create)


def store_signature(signature: str, collection: CollectionVersion) -> CollectionSignature:
    """Return the content unit of a signature, a new one unless it is known."""
    fields = fields_of_signature(signature, collection)
    known = CollectionSignature.objects.filter(
        signed_collection=collection, sha256=fields["sha256"]
    )
    return _touch_or_create(known, lambda: CollectionSignature.objects.create(**fields))


def _touch_or_create(known: QuerySet[Content], create: Callable[[], Content]) -> Content:
    """Return the unit in `known`, or a new one; orphan cleanup spares either for a while."""
    unit = known.first()
    if unit is None:
        try:
            with transaction.atomic():
                return create()
        except IntegrityError:
            # Another task has created it meanwhile.
            unit = known.get()
    unit.touch()
    return unit
