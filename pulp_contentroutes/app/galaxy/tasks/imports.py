"""Imports of published collections: a temporary file becomes a version in a repository."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from asgiref.sync import sync_to_async
from pulpcore.plugin.models import PulpTemporaryFile, Task, TaskGroup
from pulpcore.plugin.tasking import dispatch

from pulp_contentroutes.app.galaxy import import_progress
from pulp_contentroutes.app.galaxy.errors import Refused, name_refusals
from pulp_contentroutes.app.galaxy.limits import limits_of_import, limits_of_import_at_once
from pulp_contentroutes.app.galaxy.models.content import CollectionSignature, CollectionVersion
from pulp_contentroutes.app.galaxy.models.repository import GalaxyRepository
from pulp_contentroutes.app.galaxy.tasks.curation import get_or_fail
from pulp_contentroutes.app.galaxy.tasks.uploads import Ready, prepare
from pulp_contentroutes.galaxy.errors import TooLarge
from pulp_contentroutes.galaxy.limits import Limits

# Each version of a repository costs as much as ten small collections. Collections that are imported
# together become visible at once, and a user who waits for them wants to see progress.
_MOST_TOGETHER = 20


def import_collection(
    temporary_file_pk: str,
    repository_pk: str,
    filename: str,
    signatures: Sequence[str] = (),
) -> dict[str, list[str]]:
    """Turn a temporary file into a collection in a new version of a repository.

    `signatures` are texts in ASCII armor. To import identical bytes again succeeds, and changes
    nothing. Return the warnings of the import. The temporary file is gone afterwards, unless the
    worker dies.
    """
    with _record_end(temporary_file_pk, filename), name_refusals():
        return _import(temporary_file_pk, repository_pk, filename, signatures, limits_of_import())


async def aimport_collection(
    temporary_file_pk: str,
    repository_pk: str,
    filename: str,
    signatures: Sequence[str] = (),
) -> dict[str, Any]:
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


def import_collections(
    repository_pk: str, uploads: list[dict[str, Any]], refused: list[dict[str, str]]
) -> dict[str, dict[str, list[str]]]:
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
    try:
        for at in range(0, len(small), _MOST_TOGETHER):
            warnings |= _import_together(repository, small[at : at + _MOST_TOGETHER])
    except BaseException:
        # Otherwise they stay until a client asks for the state of the call.
        remove_files(upload["temporary_file_pk"] for upload in small)
        raise
    return {"warnings": warnings}


def arguments_of(upload: dict[str, Any]) -> dict[str, Any]:
    """Return those arguments of an upload that its import takes."""
    return {name: upload[name] for name in ("temporary_file_pk", "filename", "signatures")}


def dispatch_import(
    repository: GalaxyRepository,
    is_small: bool,
    task_group: TaskGroup | None = None,
    **arguments: Any,
) -> Task:
    """Dispatch the import of an upload; a small one has usually ended when this returns."""
    return dispatch(
        aimport_collection if is_small else import_collection,
        immediate=is_small,
        exclusive_resources=[repository],
        task_group=task_group,
        kwargs={**arguments, "repository_pk": str(repository.pk)},
    )


def _import_at_once(
    temporary_file_pk: str, repository_pk: str, filename: str, signatures: Sequence[str]
) -> dict[str, Any]:
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


def _import_together(
    repository: GalaxyRepository, uploads: list[dict[str, Any]]
) -> dict[str, list[str]]:
    """Import uploads in one version of a repository; return the warnings by file name.

    If the version is refused because of one upload, each upload gets a version of its own.
    """
    prepared = []
    for upload in uploads:
        # The reason for a refusal is kept in the progress of the group.
        with suppress(Refused), _record_end(**upload, is_over=False), name_refusals():
            prepared.append((upload, prepare(repository, limits=limits_of_import(), **upload)))
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


def _import(
    temporary_file_pk: str,
    repository_pk: str,
    filename: str,
    signatures: Sequence[str],
    limits: Limits,
) -> dict[str, list[str]]:
    """Import a temporary file. Raise TooLarge if it is beyond the limits; then nothing changes."""
    repository = get_or_fail(GalaxyRepository, repository_pk)
    ready = prepare(repository, temporary_file_pk, filename, signatures, limits)
    _publish(repository, [ready])
    return {"warnings": ready.warnings}


def _publish(repository: GalaxyRepository, collections: list[Ready]) -> None:
    """Add collections and their signatures to a repository, in one new version."""
    with repository.new_version() as version:
        units = [each.unit.pk for each in collections]
        version.add_content(CollectionVersion.objects.filter(pk__in=units))
        for each in collections:
            signed = CollectionSignature.objects.filter(pk__in=each.signatures)
            # Each replaces an older one by the same key.
            older = CollectionSignature.objects.filter(
                signed_collection=each.unit, issuer__in=signed.values("issuer")
            ).exclude(pk__in=signed.values("pk"))
            version.remove_content(version.get_content(older))
            version.add_content(signed)


@contextmanager
def _record_end(
    temporary_file_pk: str,
    filename: str,
    signatures: Sequence[str] = (),
    *,
    is_over: bool = True,
) -> Iterator[None]:
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


def remove_files(temporary_file_pks: Iterable[str]) -> None:
    """Remove the temporary files that are left; those that have become artifacts are gone."""
    for left in PulpTemporaryFile.objects.filter(pk__in=list(temporary_file_pks)):
        # Only the object's own `delete` removes the file, too.
        left.delete()


def _end(temporary_file_pk: str) -> None:
    remove_files([temporary_file_pk])
    group = TaskGroup.current()
    if group:
        import_progress.count_done(group)
