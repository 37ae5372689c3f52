"""The questions: paths near those of a world, in odd spellings, with conditions and ranges.

Header values may hold tokens in braces, whose meaning differs between the servers: see `facts.py`.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from hypothesis import strategies as st

from tests.differential.dataset import (
    GUARD_HEADER,
    GUARD_VALUE,
    PYTHON,
    Distribution,
    Domain,
    World,
)
from tests.differential.expected import stamp_of
from tests.harness.http1 import Header

SAFE = "/-._~!$&'()*+,;=:@"
#: Keys in the form that the guard expects: base64 of GUARD_VALUE, and of something else.
KEYS = (base64.b64encode(GUARD_VALUE.encode()).decode(), "b3RoZXI=")
NUMBERS = (0, 1, 2, 5, 9, 10, 11, 50, 99, 100, 101, 4095, 4096, 65536, 299_999, 300_000, 10**19)
NO_RANGES = (
    "bytes=", "bytes=-", "bytes=abc", "bytes=5-2", "bytes=1-2-3", "bytes=--1", "bytes=+1-2",
    "bytes", "=0-1", "bytes=0-1;", "bytes=0-x,1-2", "bytes=1-2,5-2",
)  # fmt: skip
ODD_RANGES = (
    "Bytes=0-1", "bytes= 0-1", "bytes=0-1 , 3-4", "bytes=0-1,,3-4", "items=0-5", "seconds=1-2",
    "bytes=-0", "bytes=-0,-0", "bytes=0-0,-0", "bytes=0-,0-,0-", "bytes=5-9,0-4", "bytes=3-,-3",
    "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 400, 2)),
)  # fmt: skip
TAGS = (
    "{own}", "{own}", '"{sha256}"', '"{sha256}"', 'W/"{sha256}"', "{stock}", '"other"', "*",
    '"other", "{sha256}"', '"other",W/"other"', '"a,b", "{sha256}"', "{sha256}", '"unclosed', '""',
    'w/"{sha256}"', '"{sha256}x"',
)  # fmt: skip
DATES = (
    "{own-date}", "{own-date}", "{stock-date}", "{entered+0}", "{entered-1}", "{entered+1}",
    "{mtime-1}", "{mtime+1}", "Fri, 01 Jan 2100 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT",
    "yesterday", "0", "{rfc850+0}", "{asctime+0}", "{rfc850-1}", "Fri, 99 Foo 2024 00:00:00 GMT",
)  # fmt: skip
#: Paths that a distribution of pulp_python answers without any file.
PYPI = (
    "pypi/shelf-reader/json", "pypi/Shelf_Reader/json", "pypi/shelf-reader/0.1/json",
    "pypi/shelf-reader/0.2/json", "pypi/nobody/json", "pypi/shelf-reader/", "simple/nobody/",
)  # fmt: skip
CONDITIONS = ("If-None-Match", "If-Match", "If-Modified-Since", "If-Unmodified-Since")


@dataclass(frozen=True, slots=True)
class Question:
    """`suffix` follows the prefix and is encoded; the path below the domain is `path`."""

    domain: str
    suffix: str
    method: str = "GET"
    query: str = ""
    headers: tuple[Header, ...] = ()
    http: str = "1.1"

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


def encoded(path: str) -> str:
    return quote(path, safe=SAFE)


# Paths.


def without_dots(suffix: str) -> str:
    """Return a suffix without its "." segments; a last one stands for the directory."""
    *segments, last = suffix.split("/")
    dots = (".", "%2e", "%2E")
    kept = [*(each for each in segments if each not in dots), "" if last in dots else last]
    return "/".join(kept) or suffix


def directories(paths: list[str]) -> list[str]:
    """Return the directories of paths, each with its slash, and the root as ""."""
    found = {path[: index + 1] for path in paths for index, sign in enumerate(path) if sign == "/"}
    return ["", *sorted(found)]


def known_paths(domain: Domain, distribution: Distribution) -> list[str]:
    """Return the decoded paths that may lead to a file or a directory of a distribution."""
    files = domain.paths_of(distribution)
    below = [*files, *directories(files)]
    if distribution.plugin == PYTHON:
        below += PYPI
    if distribution.checkpoint:
        below = [f"{stamp}/{path}" for stamp in stamps(domain, distribution) for path in below]
    return [f"{distribution.base_path}/{path}" for path in below]


def stamps(domain: Domain, distribution: Distribution) -> list[str]:
    """Return the checkpoints of a distribution, and names that are not checkpoints."""
    made = [
        publication.created
        for publication in domain.publications
        if publication.repository == distribution.repository and publication.checkpoint
    ]
    return [
        *(stamp_of(created) for created in made),
        *(stamp_of(created + 1) for created in made),
        "19990101T000000Z", "29990101T000000Z", "20241301T000000Z", "2024", "20240301T000000Zx",
    ]  # fmt: skip


MUTATIONS = (
    lambda text: text,
    lambda text: text.removesuffix("/"),
    lambda text: f"{text}/",
    lambda text: text.rpartition("/")[0],
    lambda text: text.rpartition("/")[0] + "/",
    lambda text: text.rpartition("/")[0].rpartition("/")[0],
    lambda text: f"{text}/more",
    lambda text: f"{text}x",
    lambda text: text[:-1],
    lambda text: text.swapcase(),
    lambda text: text.replace("/", "//", 1),
    lambda text: text[::-1].replace("/", "//", 1)[::-1],
    lambda text: f"/{text}",
    lambda text: f"{text}/../x",
    lambda text: f"./{text}",
    lambda text: text.replace("/", "/./", 1),
    lambda text: text.replace("/", "/././"),
    lambda text: f"{text}/.",
    lambda text: f"{text}/index.html",
    lambda text: f" {text} ",
    lambda text: text + "\0",
    lambda text: f"{text}?",
    lambda text: text + "\ud800",
)

SPELLINGS = (
    encoded,
    encoded,
    encoded,
    lambda text: quote(text, safe="/"),
    lambda text: quote(text, safe=""),
    lambda text: quote(text, safe="/").lower(),
    lambda text: "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogatepass")),
    lambda text: encoded(text).replace(".", "%2e"),
    lambda text: encoded(text).replace("%", "%25", 1),
    lambda text: encoded(text) + "%",
    lambda text: encoded(text) + "%zz",
    lambda text: encoded(text) + "%ff",
    lambda text: encoded(text) + "\udcfc",
    lambda text: quote(text, safe=SAFE + "äüß日本語"),
    lambda text: encoded(text) + "a" * 5000,
)


def _encodable(spelling: object, text: str) -> str:
    try:
        return str(spelling(text))  # type: ignore[operator]
    except UnicodeEncodeError:
        return quote(text, safe=SAFE, errors="surrogatepass")


@st.composite
def suffixes(draw: st.DrawFn, world: World, has_domains: bool) -> tuple[str, str]:
    """Draw a domain, and the suffix that follows the prefix."""
    domain = draw(st.sampled_from(world.domains))
    distribution = draw(st.sampled_from(domain.distributions))
    path = draw(st.sampled_from(known_paths(domain, distribution)))
    if draw(st.integers(0, 2)) == 0:
        path = draw(st.sampled_from(MUTATIONS))(path)
    spelling = draw(st.sampled_from(SPELLINGS)) if draw(st.integers(0, 2)) == 0 else encoded
    suffix = _encodable(spelling, path)
    if not has_domains:
        return domain.name, suffix
    odd = st.sampled_from(("nobody", "", "%00", "OTHER", "default%2Fvoid", "..", "%ff"))
    segment = draw(odd) if draw(st.integers(0, 40)) == 0 else domain.name
    return domain.name, f"{segment}/{suffix}"


# Headers.


@st.composite
def ranges(draw: st.DrawFn) -> str:
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return draw(st.sampled_from(NO_RANGES))
    if kind == 1:
        return draw(st.sampled_from(ODD_RANGES))
    specs = [draw(specs_of_ranges()) for _ in range(draw(st.sampled_from((1, 1, 1, 2, 3, 4))))]
    return "bytes=" + draw(st.sampled_from((",", ", "))).join(specs)


@st.composite
def specs_of_ranges(draw: st.DrawFn) -> str:
    first, second = draw(st.sampled_from(NUMBERS)), draw(st.sampled_from(NUMBERS))
    low, high = sorted((first, second))
    return draw(st.sampled_from((f"{low}-{high}", f"{low}-", f"-{low}", f"{low}-{low + 3}")))


@st.composite
def conditions(draw: st.DrawFn) -> tuple[Header, ...]:
    """Draw up to three conditions, and sometimes a range on top."""
    headers: list[Header] = []
    for name in draw(st.lists(st.sampled_from(CONDITIONS), max_size=3)):
        values = DATES if name.endswith("Since") else TAGS
        headers.append((name, draw(st.sampled_from(values))))
    if draw(st.booleans()):
        headers.append(("Range", draw(ranges())))
        if draw(st.integers(0, 2)) == 0:
            headers.append(("If-Range", draw(st.sampled_from(TAGS + DATES))))
    return tuple(headers)


@st.composite
def questions(draw: st.DrawFn, world: World, has_domains: bool) -> Question:
    domain, suffix = draw(suffixes(world, has_domains))
    headers = draw(conditions()) if draw(st.booleans()) else ()
    key = draw(st.sampled_from((None, *KEYS)))
    if key is not None and (f"/{suffix}".find("/guarded") >= 0 or draw(st.integers(0, 9)) == 0):
        headers = (*headers, (GUARD_HEADER, key))
    rare = draw(st.integers(0, 19))
    extra = {0: ("Connection", "close"), 1: ("Accept-Encoding", "gzip, br"), 2: ("Accept", "*/*")}
    if rare in extra:
        headers = (*headers, extra[rare])
    return Question(
        domain,
        suffix,
        draw(st.sampled_from(("GET", "GET", "GET", "HEAD", "HEAD", "GET", "POST"))),
        draw(st.sampled_from(("", "", "", "?a=1&b=%2F%20x", "?"))),
        headers,
        "1.0" if rare == 3 else "1.1",
    )


def every_path(world: World, has_domains: bool) -> Iterator[Question]:
    """Yield a plain question for each path of the first domain, and for the roots."""
    domain = world.domains[0]
    prefix = f"{domain.name}/" if has_domains else ""
    for distribution in domain.distributions:
        for path in known_paths(domain, distribution):
            yield Question(domain.name, prefix + encoded(path))
    tops = ["", *prefix[:-1].split(), prefix, "over", "overlap", "overlap/", "hidden/", "hidden"]
    for top in dict.fromkeys(tops):
        yield Question(domain.name, top if top in ("", prefix[:-1]) else prefix + top)


def every_condition(suffix: str, domain: str) -> Iterator[Question]:
    """Yield each condition and each odd range once, for one file."""
    for method in ("GET", "HEAD"):
        for value in (
            *NO_RANGES,
            *ODD_RANGES,
            "bytes=0-0",
            "bytes=-5",
            "bytes=50-",
            "bytes=99-999",
        ):
            yield Question(domain, suffix, method, headers=(("Range", value),))
        for name in CONDITIONS:
            for value in DATES if name.endswith("Since") else TAGS:
                yield Question(domain, suffix, method, headers=((name, value),))
        for value in dict.fromkeys(TAGS + DATES):
            headers = (("Range", "bytes=0-0"), ("If-Range", value))
            yield Question(domain, suffix, method, headers=headers)
    lines = (("If-None-Match", '"other"'), ("If-None-Match", '"{sha256}"'))
    yield Question(domain, suffix, headers=lines)
    yield Question(domain, suffix, headers=(("Range", "bytes=999999-"), ("If-Range", '"other"')))
