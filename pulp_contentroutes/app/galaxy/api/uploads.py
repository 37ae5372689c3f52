"""Uploaded collections with their signatures, and the checks of them that take no time."""

import re
from collections.abc import ItemsView, Sequence
from dataclasses import dataclass
from gettext import gettext as _
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from pulpcore.plugin.exceptions import DigestValidationError
from pulpcore.plugin.models import PulpTemporaryFile
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request

from pulp_contentroutes.app.galaxy.models.repository import GalaxyRepository, already_exists
from pulp_contentroutes.galaxy.errors import InvalidSignature, quote
from pulp_contentroutes.galaxy.limits import SMALL_UPLOAD
from pulp_contentroutes.galaxy.manifest import problem_of_name
from pulp_contentroutes.galaxy.signatures import LONGEST_SIGNATURE, Signature

_FILENAME = re.compile(
    r"(?P<namespace>\w{1,64})-(?P<name>\w{1,64})-(?P<version>[0-9A-Za-z.+-]{1,128})"
    r"\.tar\.gz"
)
_GZIP = b"\x1f\x8b"
_MOST_SIGNATURES = 10
_ARMORED = ".asc"
# ansible-galaxy sends base64 in lines of 76: 78 bytes for 57. The rest of a form is small.
_BASE64 = 78 / 57
_REST_OF_FORM = 1024 * 1024


class AlreadyExists(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "already_exists"


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


@dataclass(frozen=True, slots=True)
class Upload:
    """A tarball in a temporary file of Django's, and signatures in ASCII armor."""

    file: UploadedFile
    #: namespace, name and version, from the file's name.
    names: dict[str, str]
    signatures: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def sha256(self) -> str:
        return self.file.hashers["sha256"].hexdigest()

    @property
    def is_small(self) -> bool:
        return self.file.size <= SMALL_UPLOAD

    def arguments(self, temporary: PulpTemporaryFile) -> dict[str, Any]:
        """Return the arguments of `tasks.imports.import_collections` for one upload."""
        return {
            "temporary_file_pk": str(temporary.pk),
            "filename": self.name,
            "signatures": list(self.signatures),
            "sha256": self.sha256,
            "is_small": self.is_small,
        }

    def check_is_new(self, repository: GalaxyRepository) -> None:
        """Raise AlreadyExists if the repository knows the version with other bytes.

        The version is the one in the file's name; the import looks into the file.
        """
        if repository.other_bytes_of(**self.names, sha256=self.sha256).exists():
            raise AlreadyExists(str(already_exists(self.name)))

    def temporary_file(self, sha256: str = "") -> PulpTemporaryFile:
        """Return a saved PulpTemporaryFile; raise ValidationError if the digest does not match."""
        digests = {"sha256": sha256} if sha256 else None
        try:
            temporary = PulpTemporaryFile.init_and_validate(self.file, expected_digests=digests)
        except DigestValidationError:
            raise ValidationError(
                _("The SHA-256 of the file does not match the one sent with it.")
            ) from None
        temporary.save()
        return temporary


def check_length(request: Request, allowed: int) -> None:
    """Raise TooLarge for a body with more than `allowed` bytes of files, before it is read."""
    text = request.META.get("CONTENT_LENGTH") or "0"
    is_number = text.isascii() and text.isdigit() and len(text) < 20
    if not is_number or int(text) > allowed * _BASE64 + _REST_OF_FORM:
        raise _too_large(_("A call"), allowed)


def _too_large(what: str, allowed: int) -> TooLarge:
    return TooLarge(
        _("{} may have {} bytes (setting CONTENTROUTES_COLLECTION_MAX_BYTES).").format(
            what, allowed
        )
    )


def collections_in(request: Request) -> ItemsView[UploadedFile, list[UploadedFile | str]]:
    """Return the parts of a form that are collections, each with the parts that sign it.

    A collection is a `file`. A signature is a part called `signature` if there is one collection,
    or a `file` named like a collection with `.asc` at its end. Raise ValidationError.
    """
    parts = request.FILES.getlist("file")
    tarballs = [part for part in parts if not part.name.endswith(_ARMORED)]
    if not tarballs:
        raise ValidationError(_("The part 'file' with the tarball is missing."))
    signatures: dict[UploadedFile, list[UploadedFile | str]] = {part: [] for part in tarballs}
    common = request.data.getlist("signature")
    if common and len(tarballs) > 1:
        raise ValidationError(
            _("With several collections, send signatures as files called like them, with '.asc'.")
        )
    signatures[tarballs[0]] += common
    by_name = {f"{part.name}{_ARMORED}": part for part in tarballs}
    for part in parts:
        if part.name.endswith(_ARMORED):
            if part.name not in by_name:
                raise ValidationError(
                    _("{} does not belong to any collection in the request.").format(part.name)
                )
            signatures[by_name[part.name]].append(part)
    return signatures.items()


def check_upload(file: UploadedFile, signatures: Sequence[UploadedFile | str]) -> Upload:
    """Return the upload, or raise ValidationError or TooLarge."""
    matched = _FILENAME.fullmatch(file.name)
    if matched is None:
        raise ValidationError(
            _("The file {} is not called namespace-name-version.tar.gz.").format(quote(file.name))
        )
    for name in ("namespace", "name"):
        problem = problem_of_name(matched[name])
        if problem:
            raise ValidationError(
                _("The file {} has the {} {}, which {}.").format(
                    quote(file.name), name, quote(matched[name]), problem
                )
            )
    allowed = settings.CONTENTROUTES_COLLECTION_MAX_BYTES
    if file.size > allowed:
        raise _too_large(_("A collection"), allowed)
    file.seek(0)
    if file.read(len(_GZIP)) != _GZIP:
        raise ValidationError(_("The file is not compressed with gzip."))
    file.seek(0)
    if len(signatures) > _MOST_SIGNATURES:
        raise ValidationError(_("A collection may have {} signatures.").format(_MOST_SIGNATURES))
    return Upload(file, matched.groupdict(), tuple(map(_signature, signatures)))


def _signature(part: UploadedFile | str) -> str:
    text = part if isinstance(part, str) else part.read(LONGEST_SIGNATURE + 1)
    text = text if isinstance(text, str) else text.decode("ascii", "replace")
    try:
        return Signature.parse(text).text
    except InvalidSignature as error:
        raise ValidationError(str(error)) from error
