"""The known facts about the file of a question, and the header values that they give."""

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

#: A token of `questions.py`: a name, and seconds to add where it is a time.
TOKEN = re.compile(r"\{([a-z0-9-]+?)([+-]\d+)?\}")
IMF_FIXDATE = "%a, %d %b %Y %H:%M:%S GMT"
RFC850 = "%A, %d-%b-%y %H:%M:%S GMT"
#: pulpcore's Cache-Control of files.
CACHED = "public, max-age=0, must-revalidate"
ASCTIME = "%a %b %d %H:%M:%S %Y"


@dataclass(frozen=True, slots=True)
class File:
    """A stored file, as ours must serve it."""

    data: bytes
    sha256: str
    entered: int
    mtime: int
    name: str
    is_guarded: bool = False
    #: The field of the answers, without a guard; it is empty before pulpcore 3.122.
    cache_control: str = CACHED
    #: The names of a plugin's fields, in lower case.
    plugin_fields: frozenset[str] = frozenset()

    @property
    def etag(self) -> str:
        return f'"{self.sha256}"'

    @property
    def last_modified(self) -> str:
        return written(self.entered)

    @property
    def digests(self) -> str:
        """Return the value of Repr-Digest (RFC 9530)."""
        return ", ".join(
            f"{name}=:{base64.b64encode(hashlib.new(algorithm, self.data).digest()).decode()}:"
            for name, algorithm in (("sha-256", "sha256"), ("sha-512", "sha512"))
        )


@dataclass(frozen=True, slots=True)
class Validators:
    """The validators that a server sent in a plain answer."""

    etag: str = '"none"'
    last_modified: str = "Thu, 01 Jan 2015 00:00:00 GMT"


def written(seconds: int, form: str = IMF_FIXDATE) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(form)


def read_date(value: str) -> int | None:
    """Return the time of an HTTP-date (RFC 9110 §5.6.7), None if it is not a date."""
    for form in (IMF_FIXDATE, RFC850, ASCTIME):
        try:
            return int(datetime.strptime(value, form).replace(tzinfo=UTC).timestamp())
        except ValueError:
            continue
    return None


Learn = Callable[[], Validators]


def resolved(value: str, file: File | None, own: Learn, stock: Learn) -> str:
    """Return a header value with its tokens replaced; an unknown value becomes a fixed one."""
    entered = file.entered if file else 1_600_000_000
    dates = {"entered": IMF_FIXDATE, "rfc850": RFC850, "asctime": ASCTIME}

    def replacement(match: re.Match[str]) -> str:
        name, seconds = match[1], int(match[2] or 0)
        if name in dates:
            return written(entered + seconds, dates[name])
        if name == "mtime":
            return written((file.mtime if file else entered) + seconds)
        if name == "sha256":
            return file.sha256 if file else "0" * 64
        validators = own() if name.startswith("own") else stock()
        return validators.last_modified if name.endswith("date") else validators.etag

    return TOKEN.sub(replacement, value)
