"""Every setting of ours, once.

From here come the defaults (`app.settings`), the names of the fast path's options
(`serving.options`) and the bounds that the deploy checks look at (`app.checks`). A test compares
docs/settings.md with it.
docs/development.md says how a setting is added.
"""

from dataclasses import dataclass
from typing import Final

PREFIX: Final = "CONTENTROUTES_"


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of Pulp called `CONTENTROUTES_<key>`."""

    key: str
    default: bool | int | float | list[str]
    #: For docs/settings.md.
    sentence: str
    #: The smallest number that can be worked with; a float where fractions make sense. None for
    #: settings that are not numbers.
    least: int | float | None = None
    #: Of the number.
    unit: str = ""

    @property
    def name(self) -> str:
        return PREFIX + self.key


SETTINGS: Final = (
    Setting("FAST_PATH", True, "Whether stored content is answered without Pulp's handler."),
    Setting(
        "ACCELERATE_CONTENT_PREFIX",
        True,
        "Whether that goes for Pulp's own `CONTENT_PATH_PREFIX`, and the routes of plugins, too.",
    ),
    Setting(
        "CACHED_DISTRIBUTIONS",
        4000,
        "How many distributions a content worker keeps in memory (about 3.5 KB each).",
        least=0,
    ),
    Setting(
        "CACHED_ROUTES",
        200_000,
        "How many content routes a content worker keeps in memory (about 2 KB each); if there are "
        "more, each request for one asks the database.",
        least=0,
    ),
    Setting(
        "CACHED_PATHS",
        100_000,
        "How many resolved paths a content worker keeps in memory.",
        least=0,
    ),
    Setting(
        "CACHED_PATH_BYTES",
        25_165_824,
        "In how many bytes they are kept; paths that do not exist get a quarter on top.",
        least=0,
        unit="bytes",
    ),
    Setting("OPEN_FILES", 256, "How many artifacts a content worker keeps open.", least=0),
    Setting(
        "DATABASE_CONNECTIONS",
        4,
        "How many connections to PostgreSQL a worker may have, beside Django's and the one that "
        "listens.",
        least=1,
    ),
    Setting(
        "DATABASE_TIMEOUT",
        5.0,
        "After which time without an answer Pulp's handler is asked.",
        least=0.1,
        unit="seconds",
    ),
    Setting(
        "STALE_IF_ERROR",
        60.0,
        "For how long public content in memory is served when PostgreSQL is down.",
        least=0.0,
        unit="seconds",
    ),
    Setting(
        "MAX_RANGES",
        200,
        "How many ranges a request may ask for; with more it gets the whole file.",
        least=0,
    ),
    # PATH_MAX on Linux. aiohttp ends a request line at 8190 bytes whatever stands here.
    Setting(
        "MAX_PATH_BYTES",
        4096,
        "Longest path, as sent, that the content route looks up; a longer one is answered 414.",
        least=1,
        unit="bytes",
    ),
    Setting(
        "HIDE_REFUSALS",
        False,
        "Whether clients that a guard refuses are told 404 instead of 401 or 403.",
    ),
    Setting(
        "FAILED_LOGINS",
        30,
        "How many wrong credentials for guarded content an address may send to a content worker in "
        "a minute; then its passwords are answered 429. `0` for no limit.",
        least=0,
    ),
    Setting(
        "TRUSTED_PROXIES",
        ["127.0.0.0/8", "::1"],
        "Reverse proxies whose `X-Forwarded-For`, or else `Forwarded`, is believed: addresses or "
        "networks.",
    ),
    Setting(
        "DEBUG_HEADER",
        False,
        "Whether each answer for content says in a header `X-Contentroutes` how it came about "
        "([fast-path.md](fast-path.md#answers-and-reasons-to-hand-over)).",
    ),
    # The web server in front limits uploads, too: see webserver_snippets.
    Setting(
        "COLLECTION_MAX_BYTES",
        536_870_912,
        "How large the tarball of a published collection may be.",
        least=1,
        unit="bytes",
    ),
    Setting(
        "COLLECTION_MAX_UNPACKED_BYTES",
        1_073_741_824,
        "How large it may be when it is unpacked.",
        least=1,
        unit="bytes",
    ),
    Setting("COLLECTION_MAX_MEMBERS", 100_000, "How many files and folders it may hold.", least=1),
)
