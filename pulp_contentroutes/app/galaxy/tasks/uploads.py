"""One upload: read, checked and stored, before it gets into a repository."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from gettext import gettext as _
from uuid import UUID

from django.db import IntegrityError, transaction
from pulpcore.plugin.models import Artifact, PulpTemporaryFile
from pulpcore.plugin.util import get_domain_pk

from pulp_contentroutes.app.galaxy.errors import Refused, name_refusals
from pulp_contentroutes.app.galaxy.models.content import CollectionVersion
from pulp_contentroutes.app.galaxy.models.repository import (
    GalaxyRepository,
    already_exists,
    not_signed,
)
from pulp_contentroutes.app.galaxy.units import store_collection, store_signature
from pulp_contentroutes.galaxy.collection import read_collection
from pulp_contentroutes.galaxy.limits import Limits
from pulp_contentroutes.galaxy.signatures import KeyRing, Signature


@dataclass(frozen=True)
class Ready:
    """A collection that is stored, but not in the repository."""

    unit: CollectionVersion
    #: Primary keys.
    signatures: list[UUID]
    warnings: list[str]


def prepare(
    repository: GalaxyRepository,
    temporary_file_pk: str,
    filename: str,
    signatures: Sequence[str],
    limits: Limits,
) -> Ready:
    """Check and store a collection and its signatures."""
    temporary = PulpTemporaryFile.objects.get(pk=temporary_file_pk)
    with temporary.file.open() as file:
        collection = read_collection(file, limits)
    info = collection.info
    if info.filename != filename:
        raise Refused(
            "invalid_filename",
            _("The file is called {}, and its manifest calls for {}.").format(
                filename, info.filename
            ),
        )
    with temporary.file.open() as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    # What `finalize_new_version` would refuse is refused before anything is stored.
    with name_refusals():
        parsed = [Signature.parse(text) for text in signatures]
        ring = KeyRing(repository.key_ring) if parsed and repository.key_ring else None
    for signature in parsed:
        if ring and not ring.has_made(signature.text, collection.manifest):
            raise not_signed(info.filename, signature.issuer)
    if repository.other_bytes_of(info.namespace, info.name, info.version, digest).exists():
        raise already_exists(info.filename)
    limits.check_time()
    unit = store_collection(collection, _artifact_of(temporary, digest))
    signed = [store_signature(text, unit).pk for text in signatures]
    return Ready(unit, signed, list(collection.warnings))


def _artifact_of(temporary: PulpTemporaryFile, digest: str) -> Artifact:
    """Return the artifact of the file, a new one unless Pulp already has these bytes."""
    same = {"sha256": digest, "pulp_domain": get_domain_pk()}
    known = Artifact.objects.filter(**same).first()
    if known is None:
        try:
            with transaction.atomic():
                return Artifact.from_pulp_temporary_file(temporary)
        except IntegrityError:
            # Another task has created it meanwhile.
            known = Artifact.objects.get(**same)
    known.touch()
    return known
