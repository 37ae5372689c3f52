"""Imports of published collections: a temporary file becomes a version in a repository."""

import asyncio
import hashlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from gettext import gettext as _

from asgiref.sync import sync_to_async
from django.db import IntegrityError, transaction
from pulpcore.plugin.models import Artifact, PulpTemporaryFile, TaskGroup
from pulpcore.plugin.tasking import dispatch
from pulpcore.plugin.util import get_domain_pk

from pulp_contentroutes.app.galaxy import import_progress
from pulp_contentroutes.app.galaxy.errors import Refused, name_refusals
from pulp_contentroutes.app.galaxy.limits import limits_of_import, limits_of_import_at_once
from pulp_contentroutes.app.galaxy.models.content import CollectionSignature, CollectionVersion
from pulp_contentroutes.app.galaxy.models.repository import (
    GalaxyRepository,
    already_exists,
    not_signed,
)
from pulp_contentroutes.app.galaxy.tasks.curating import get_or_fail
from pulp_contentroutes.app.galaxy.units import store_collection, store_signature
from pulp_contentroutes.galaxy.collection import read_collection
from pulp_contentroutes.galaxy.errors import TooLarge
from pulp_contentroutes.galaxy.signatures import KeyRing, Signature

# Each version of a repository costs as much as ten small collections. Collections that are imported
# together become visible at once, and a user who waits for them wants to see progress.
_MOST_TOGETHER = 20


def import_collection(temporary_file_pk, repository_pk, filename, signatures=()):
    """Turn a temporary file into a collection in a new version of a repository.

    `signatures` are texts in ASCII armor. To import identical bytes again succeeds, and changes
    nothing. Return the warnings of the import. The temporary file is gone afterwards, unless the
    worker dies.
    """
    with _record_end(temporary_file_pk, filename), name_refusals():
        return _import(temporary_file_pk, repository_pk, filename, signatures, limits_of_import())


async def aimport_collection(temporary_file_pk, repository_pk, filename, signatures=()):
    """Import a small collection: Pulp runs async tasks at once, if nothing is locked.

    Leave a collection that turns out to be large to `import_collection`, and return the primary key
    of its task as `continued_by`.
    """
    importing = asyncio.ensure_future(
        sync_to_async(_import_at_once)(temporary_file_pk, repository_pk, filename, signatures)
    )
    try:
        return await asyncio.shield(importing)
    except asyncio.CancelledError:
        # Pulp's time limit has passed. A thread cannot be stopped, so Pulp does not wait for this
        # one, and would report a failure although the collection is published a moment later. The
        # thread has its own deadline.
        return await importing


def import_collections(repository_pk, uploads, refused):
    """Import the small ones of many uploads together, and dispatch an import for each large one.

    `uploads` are arguments of `dispatch_import`, with the `sha256` of each; `refused` are files
    that are not imported, as `filename` and `description`. All belong to the task group of this
    task. Return the warnings by file name.
    """
    group = TaskGroup.current()
    for each in refused:
        import_progress.name_refused(group, each["filename"], each["description"])
        import_progress.count_done(group)
    repository = get_or_fail(GalaxyRepository, repository_pk)
    small = [arguments_of(upload) for upload in uploads if upload["is_small"]]
    for upload in uploads:
        if not upload["is_small"]:
            dispatch_import(repository, False, task_group=group, **arguments_of(upload))
    warnings: dict[str, list[str]] = {}
    for at in range(0, len(small), _MOST_TOGETHER):
        warnings |= _import_together(repository, small[at : at + _MOST_TOGETHER])
    return {"warnings": warnings}


def arguments_of(upload):
    """Return those arguments of an upload that its import takes."""
    return {name: upload[name] for name in ("temporary_file_pk", "filename", "signatures")}


def dispatch_import(repository, is_small, task_group=None, **arguments):
    """Dispatch the import of an upload; a small one has usually ended when this returns."""
    return dispatch(
        aimport_collection if is_small else import_collection,
        immediate=is_small,
        exclusive_resources=[repository],
        task_group=task_group,
        kwargs={**arguments, "repository_pk": str(repository.pk)},
    )


def _import_at_once(temporary_file_pk, repository_pk, filename, signatures):
    """Return the result of an import, or `continued_by` if it is left to a worker."""
    limits = limits_of_import_at_once()
    try:
        with _record_end(temporary_file_pk, filename), name_refusals(but=TooLarge):
            return _import(temporary_file_pk, repository_pk, filename, signatures, limits)
    except TooLarge:
        task = dispatch_import(
            get_or_fail(GalaxyRepository, repository_pk),
            is_small=False,
            task_group=TaskGroup.current(),
            temporary_file_pk=temporary_file_pk,
            filename=filename,
            signatures=signatures,
        )
        return {"continued_by": str(task.pk)}


def _import_together(repository, uploads):
    """Import uploads in one version of a repository; return the warnings by file name.

    If the version is refused because of one upload, each upload gets a version of its own.
    """
    prepared = []
    for upload in uploads:
        # The reason for a refusal is kept in the progress of the group.
        with suppress(Refused), _record_end(**upload, is_over=False), name_refusals():
            prepared.append((upload, _prepare(repository, limits=limits_of_import(), **upload)))
    try:
        _publish(repository, [ready for _, ready in prepared])
    except Refused:
        for upload, ready in prepared:
            with suppress(Refused), _record_end(**upload):
                _publish(repository, [ready])
    else:
        for upload, _ in prepared:
            _end(upload["temporary_file_pk"])
    return {upload["filename"]: ready.warnings for upload, ready in prepared}


def _import(temporary_file_pk, repository_pk, filename, signatures, limits):
    """Import a temporary file. Raise TooLarge if it is beyond the limits; then nothing changes."""
    repository = get_or_fail(GalaxyRepository, repository_pk)
    ready = _prepare(repository, temporary_file_pk, filename, signatures, limits)
    _publish(repository, [ready])
    return {"warnings": ready.warnings}


@dataclass(frozen=True)
class _Ready:
    """A collection that is stored, but not in the repository."""

    unit: CollectionVersion
    #: Primary keys.
    signatures: list[str]
    warnings: list[str]


def _prepare(repository, temporary_file_pk, filename, signatures, limits):
    """Check and store a collection and its signatures."""
    temporary = PulpTemporaryFile.objects.get(pk=temporary_file_pk)
    collection = _read(temporary, filename, limits)
    with temporary.file.open() as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    _check_signatures(signatures, collection, repository)
    info = collection.info
    if repository.other_bytes_of(info.namespace, info.name, info.version, digest).exists():
        raise already_exists(info.filename)
    limits.check_time()
    unit = store_collection(collection, _artifact_of(temporary, digest))
    signed = [store_signature(signature, unit).pk for signature in signatures]
    return _Ready(unit, signed, list(collection.warnings))


def _publish(repository, collections):
    """Add collections to a repository, in one new version."""
    with repository.new_version() as version:
        units = [each.unit.pk for each in collections]
        version.add_content(CollectionVersion.objects.filter(pk__in=units))
        for each in collections:
            signed = CollectionSignature.objects.filter(pk__in=each.signatures)
            _replace_signatures(version, each.unit, signed)


def _read(temporary, filename, limits):
    with temporary.file.open() as tarball:
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
    """Refuse signatures that `finalize_new_version` would refuse, before anything is stored."""
    with name_refusals():
        parsed = [Signature.parse(text) for text in signatures]
        if not (parsed and repository.key_ring):
            return
        ring = KeyRing(repository.key_ring)
    for signature in parsed:
        if not ring.has_made(signature.text, collection.manifest):
            raise not_signed(collection.info.filename, signature.issuer)


def _replace_signatures(version, unit, signatures):
    """Add signatures; each replaces an older one by the same key."""
    issuers = signatures.values("issuer")
    older = CollectionSignature.objects.filter(signed_collection=unit, issuer__in=issuers)
    version.remove_content(version.get_content(older.exclude(pk__in=signatures.values("pk"))))
    version.add_content(signatures)


def _artifact_of(temporary, digest):
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


@contextmanager
def _record_end(temporary_file_pk, filename, signatures=(), *, is_over=True):
    """Remove the upload of an import that has ended, and count it; name it if it is refused.

    An import that raises TooLarge has not ended: it is left to a task worker. Neither has one that
    succeeds, if `is_over` is false.
    """
    try:
        yield
    except TooLarge:
        raise
    except BaseException as error:
        group = TaskGroup.current()
        if group and isinstance(error, Refused):
            import_progress.name_refused(group, filename, error.sentence)
        _end(temporary_file_pk)
        raise
    else:
        if is_over:
            _end(temporary_file_pk)


def _end(temporary_file_pk):
    # A temporary file that has become an artifact is gone already. Only the object's own `delete`
    # removes the file, too.
    for left in PulpTemporaryFile.objects.filter(pk=temporary_file_pk):
        left.delete()
    group = TaskGroup.current()
    if group:
        import_progress.count_done(group)
