"""What workers of Pulp do for us; the names and arguments of tasks are frozen once released."""

import hashlib
import time
from gettext import gettext as _

from asgiref.sync import sync_to_async
from django.db import IntegrityError, transaction
from pulpcore.plugin.exceptions import PulpException
from pulpcore.plugin.models import Artifact, PulpTemporaryFile
from pulpcore.plugin.util import get_domain_pk

from pulp_contentroutes.app.collections import stored
from pulp_contentroutes.app.models import CollectionVersion, GalaxyRepository
from pulp_contentroutes.galaxy.collection import read_collection
from pulp_contentroutes.galaxy.errors import InvalidCollection
from pulp_contentroutes.galaxy.limits import SMALL, Limits

# Pulp says after 5 s that what it runs at once has failed, and does not stop it: so that nothing is
# stored behind its back, we give up before.
_AT_ONCE_SECONDS = 3.0


class CollectionRefused(PulpException):
    """Why a published collection was not taken; shown to whoever has published it."""

    def __init__(self, code, sentence):
        self.error_code = code
        self.sentence = sentence
        super().__init__()

    def __str__(self):
        return self.sentence


def import_collection(temporary_file_pk, repository_pk, filename):
    """Make a temporary file a collection in a new version of a repository.

    Identical bytes again are a success that changes nothing. Returns the warnings of the import.
    The temporary file is gone afterwards, unless the worker is.
    """
    return _import(temporary_file_pk, repository_pk, filename, Limits(), float("inf"))


async def aimport_collection(temporary_file_pk, repository_pk, filename):
    """`import_collection` for small ones: Pulp runs at once what is async, if nothing is locked."""
    deadline = time.monotonic() + _AT_ONCE_SECONDS
    blocking = sync_to_async(_import)
    return await blocking(temporary_file_pk, repository_pk, filename, SMALL, deadline)


def _import(temporary_file_pk, repository_pk, filename, limits, deadline):
    temporary = PulpTemporaryFile.objects.get(pk=temporary_file_pk)
    try:
        collection = _read(temporary, filename, limits)
        with temporary.file.open() as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        repository = GalaxyRepository.objects.get(pk=repository_pk)
        _check_is_new(repository, collection.info, digest)
        artifact = _artifact_of(temporary, digest)
    finally:
        # What has become an artifact is gone already. Only its own `delete` removes the file, too.
        if PulpTemporaryFile.objects.filter(pk=temporary_file_pk).exists():
            temporary.delete()
    if time.monotonic() > deadline:
        raise CollectionRefused("too_slow", _("The server is busy. Publish once more."))
    unit = stored(collection, artifact)
    with repository.new_version() as version:
        version.add_content(CollectionVersion.objects.filter(pk=unit.pk))
    return {"warnings": list(collection.warnings)}


def _read(temporary, filename, limits):
    try:
        with temporary.file.open() as tarball:
            collection = read_collection(tarball, limits)
    except InvalidCollection as error:
        raise CollectionRefused(error.code, str(error)) from error
    if collection.info.filename != filename:
        raise CollectionRefused(
            "invalid_filename",
            _("The file is called {}, and its manifest calls for {}.").format(
                filename, collection.info.filename
            ),
        )
    return collection


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


def _check_is_new(repository, info, digest):
    """Clients believe for a day that a version never changes."""
    same = {"namespace": info.namespace, "name": info.name, "version": info.version}
    held = CollectionVersion.objects.filter(**same, version_memberships__repository=repository)
    if held.exclude(sha256=digest).exists():
        raise CollectionRefused(
            "already_exists",
            _("{} is or was in the repository with other bytes. Publish a new version.").format(
                info.filename
            ),
        )
