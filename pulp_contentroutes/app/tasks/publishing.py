"""Imports of published collections: a temporary file becomes a version in a repository."""

import hashlib
import time
from contextlib import contextmanager
from gettext import gettext as _

from asgiref.sync import sync_to_async
from django.db import IntegrityError, transaction
from pulpcore.plugin.models import Artifact, PulpTemporaryFile, TaskGroup
from pulpcore.plugin.tasking import dispatch
from pulpcore.plugin.util import get_domain_pk

from pulp_contentroutes.app import import_progress
from pulp_contentroutes.app.collections import stored, stored_signature
from pulp_contentroutes.app.errors import Refused, refusals_named
from pulp_contentroutes.app.limits import limits_of_import, limits_of_import_at_once
from pulp_contentroutes.app.models import CollectionSignature, CollectionVersion, GalaxyRepository
from pulp_contentroutes.app.models.galaxy import already_exists, not_signed
from pulp_contentroutes.galaxy.collection import read_collection
from pulp_contentroutes.galaxy.signatures import KeyRing, Signature

# Pulp says after 5 s that what it runs at once has failed, and does not stop it: so that nothing is
# stored behind its back, we give up before.
_AT_ONCE_SECONDS = 3.0


def import_collection(temporary_file_pk, repository_pk, filename, signatures=()):
    """Make a temporary file a collection in a new version of a repository.

    `signatures` are texts in ASCII armor. Identical bytes again are a success that changes nothing.
    Returns the warnings of the import. The temporary file is gone afterwards, unless the worker is.
    """
    with _counted_in_group(filename):
        return _import(
            temporary_file_pk, repository_pk, filename, signatures, limits_of_import(), None
        )


async def aimport_collection(temporary_file_pk, repository_pk, filename, signatures=()):
    """`import_collection` for small ones: Pulp runs at once what is async, if nothing is locked."""
    deadline = time.monotonic() + _AT_ONCE_SECONDS
    limits = limits_of_import_at_once()
    blocking = sync_to_async(_import)
    return await blocking(temporary_file_pk, repository_pk, filename, signatures, limits, deadline)


def import_collections(repository_pk, uploads, refused):
    """Dispatch an import for each upload, in the order in which they are given.

    `uploads` are arguments of `import_collection` without the repository; `refused` are files that
    have none, as `filename` and `description`. All are of the task group of this task.
    """
    group = TaskGroup.current()
    for each in refused:
        import_progress.name_refused(group, each["filename"], each["description"])
        import_progress.count_done(group)
    repository = GalaxyRepository.objects.get(pk=repository_pk)
    for upload in uploads:
        dispatch(
            import_collection,
            exclusive_resources=[repository],
            task_group=group,
            kwargs={**upload, "repository_pk": repository_pk},
        )


def _import(temporary_file_pk, repository_pk, filename, signatures, limits, deadline):
    temporary = PulpTemporaryFile.objects.get(pk=temporary_file_pk)
    try:
        collection = _read(temporary, filename, limits)
        with temporary.file.open() as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        repository = GalaxyRepository.objects.get(pk=repository_pk)
        _check_signatures(signatures, collection, repository)
        info = collection.info
        if repository.other_bytes_of(info.namespace, info.name, info.version, digest).exists():
            raise already_exists(info.filename)
        if deadline is not None and time.monotonic() > deadline:
            raise Refused("too_slow", _("The server is busy. Publish once more."))
        artifact = _artifact_of(temporary, digest)
    finally:
        # What has become an artifact is gone already. Only its own `delete` removes the file, too.
        if PulpTemporaryFile.objects.filter(pk=temporary_file_pk).exists():
            temporary.delete()
    unit = stored(collection, artifact)
    signed = [stored_signature(signature, unit).pk for signature in signatures]
    with repository.new_version() as version:
        version.add_content(CollectionVersion.objects.filter(pk=unit.pk))
        _replace_signatures(version, unit, CollectionSignature.objects.filter(pk__in=signed))
    return {"warnings": list(collection.warnings)}


def _read(temporary, filename, limits):
    with refusals_named(), temporary.file.open() as tarball:
        collection = read_collection(tarball, limits)
    if collection.info.filename != filename:
        raise Refused(
            "invalid_filename",
            _("The file is called {}, and its manifest calls for {}.").format(
                filename, collection.info.filename
            ),
        )
    return collection


def _check_signatures(signatures, collection, repository):
    """Refuse before anything is stored what `finalize_new_version` would refuse."""
    with refusals_named():
        parsed = [Signature.parse(text) for text in signatures]
        if not (parsed and repository.key_ring):
            return
        ring = KeyRing(repository.key_ring)
    for signature in parsed:
        if not ring.has_made(signature.text, collection.manifest):
            raise not_signed(collection.info.filename, signature.issuer)


def _replace_signatures(version, unit, signatures):
    """Add signatures, each in place of one by the same key."""
    issuers = signatures.values("issuer")
    older = CollectionSignature.objects.filter(signed_collection=unit, issuer__in=issuers)
    version.remove_content(version.get_content(older.exclude(pk__in=signatures.values("pk"))))
    version.add_content(signatures)


def _artifact_of(temporary, digest):
    """Return the artifact of the file, a new one unless Pulp has these bytes."""
    same = {"sha256": digest, "pulp_domain": get_domain_pk()}
    known = Artifact.objects.filter(**same).first()
    if known is None:
        try:
            with transaction.atomic():
                return Artifact.from_pulp_temporary_file(temporary)
        except IntegrityError:
            # Somebody else has been as quick.
            known = Artifact.objects.get(**same)
    known.touch()
    return known


@contextmanager
def _counted_in_group(filename):
    """Count this import as done, and name it if it is refused, where it is one of a group."""
    group = TaskGroup.current()
    try:
        yield
    except Refused as refused:
        if group:
            import_progress.name_refused(group, filename, refused.sentence)
        raise
    finally:
        if group:
            import_progress.count_done(group)
