"""The content route gives the same answers as Pulp's content prefix, under its own URLs."""

import html

import pytest

from tests.harness.http1 import Answer, ask
from tests.harness.pulp import Pulp
from tests.harness.standalone import requires_nginx

FILES = {
    "hello.txt": b"hello",
    "empty.bin": b"",
    "dir/a.tar.gz": b"not really a tarball" * 100,
    "dir/sub/index.html": b"<p>index</p>",
    "dir/sub/b.xml": b"<b/>",
    "odd/a+b_%2f_~^:,;=@&$!'()*_\u00fc.txt": b"odd",
}
AWKWARD = "awkward/a+b %2f \u00fc#?.txt"

#: Headers that never differ for one and the same file; Date and Server say nothing.
COMPARED = (
    "accept-ranges",
    "cache-control",
    "content-length",
    "content-range",
    "content-type",
    "etag",
    "last-modified",
    "x-pulp-artifact-size",
)


@pytest.fixture(scope="module")
def base(pulp: Pulp) -> str:
    """The base path of a distribution of FILES, and of AWKWARD, which only the database accepts."""
    base_path = pulp.publish(FILES)
    pulp.instance.console.run(f"""
from pulpcore.plugin.models import ContentArtifact, Distribution, PublishedArtifact
publication = Distribution.objects.get(base_path={base_path!r}).publication
hello = ContentArtifact.objects.get(
    relative_path="hello.txt", content__in=publication.repository_version.content
)
for path in ({AWKWARD!r}, "indexed/index.html"):
    PublishedArtifact.objects.create(
        publication=publication, content_artifact=hello, relative_path=path
    )
""")
    return base_path


def compared(answer: Answer) -> tuple[int, dict[str, str | None], bytes]:
    return answer.status, {name: answer.headers.get(name) for name in COMPARED}, answer.body


@pytest.mark.parametrize("path", FILES)
def test_every_file_is_served_as_under_the_content_prefix(pulp: Pulp, base: str, path: str) -> None:
    ours, stock = pulp.ours.get(f"{base}/{path}"), pulp.stock.get(f"{base}/{path}")
    assert compared(ours) == compared(stock)
    assert (ours.status, ours.body) == (200, FILES[path])


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=0-0"},
        {"Range": "bytes=-5"},
        {"Range": "bytes=100-"},
        {"Range": "bytes=99999-"},
        {"If_Modified_Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
        {"If_None_Match": '"x"'},
    ],
    ids=[
        *("the first byte", "a suffix", "from a byte on", "beyond the end"),
        *("modified since the future", "another tag"),
    ],
)
def test_ranges_and_conditions_are_answered_as_under_the_content_prefix(
    pulp: Pulp, base: str, headers: dict[str, str]
) -> None:
    path = f"{base}/dir/a.tar.gz"
    assert compared(pulp.ours.get(path, **headers)) == compared(pulp.stock.get(path, **headers))
    assert compared(pulp.ours.head(path)) == compared(pulp.stock.head(path))


def test_the_validators_of_an_answer_give_a_304(pulp: Pulp, base: str) -> None:
    path = f"{base}/hello.txt"
    etag = pulp.ours.get(path).headers["etag"]
    assert pulp.ours.get(path, If_None_Match=etag).status == 304


@pytest.mark.domains
def test_an_awkward_name_round_trips(pulp: Pulp, base: str) -> None:
    assert pulp.ours.get(f"{base}/{AWKWARD}").body == FILES["hello.txt"]
    assert pulp.ours.get(f"{base}/{AWKWARD.replace('?', '')}").status == 404


@requires_nginx
def test_an_awkward_name_round_trips_through_nginx(pulp: Pulp, base: str) -> None:
    route = pulp.route("ours", pulp.instance.port)
    assert route.get(f"{base}/{AWKWARD}").body == FILES["hello.txt"]


def test_a_listing_links_to_an_awkward_name(pulp: Pulp, base: str) -> None:
    """Mirroring tools lose the files whose links are not percent-encoded."""
    page = pulp.ours.get(f"{base}/awkward/").text
    assert '<a href="./a%2Bb%20%252f%20%C3%BC%23%3F.txt">a+b %2f \u00fc#?.txt</a>' in page


@pytest.mark.domains
@pytest.mark.parametrize("directory", ["", "dir/", "odd/"])
def test_a_listing_names_what_is_there_on_our_prefix(pulp: Pulp, base: str, directory: str) -> None:
    ours, stock = pulp.ours.get(f"{base}/{directory}"), pulp.stock.get(f"{base}/{directory}")
    assert (ours.status, stock.status) == (200, 200)
    assert f"<title>Index of {pulp.ours.prefix}{base}/{directory}</title>" in ours.text
    # Names, dates and sizes, as stock lays them out.
    assert _rows(ours.text) == _rows(stock.text)
    assert ours.headers["content-type"] == "text/html; charset=utf-8"
    assert ours.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in ours.headers["content-security-policy"]


def _rows(page: str) -> list[str]:
    """Return the visible text of each entry; stock counts `&amp;` as five columns."""
    rows = html.unescape(page.partition("<pre>")[2].partition("</pre>")[0]).splitlines()
    return [" ".join(row.partition(">")[2].split()) for row in rows]


def test_a_listing_escapes_what_uploaders_named(pulp: Pulp) -> None:
    base_path = pulp.publish({"<script>/<b>x": b"x"})
    page = pulp.ours.get(f"{base_path}/<script>/").text
    assert "<script>" not in page
    assert "<b>" not in page
    assert "&lt;b&gt;x" in page


def test_index_html_is_served_for_its_directory(pulp: Pulp, base: str) -> None:
    assert pulp.ours.get(f"{base}/indexed/").body == FILES["hello.txt"]
    answer = pulp.ours.raw(f"{base}/indexed?q")
    assert answer.headers["location"] == f"{pulp.ours.prefix}{base}/indexed/?q"


@pytest.mark.domains
def test_the_root_lists_the_distributions(pulp: Pulp, base: str) -> None:
    answer = pulp.ours.get("")
    assert answer.status == 200
    assert f"<title>Index of {pulp.ours.prefix}</title>" in answer.text
    assert '<a href="./base/">base/</a>' in answer.text
    assert pulp.ours.head("").status == 200


@pytest.mark.domains
def test_a_common_part_of_base_paths_lists_the_distributions(pulp: Pulp, base: str) -> None:
    answer = pulp.ours.get("base/")
    assert f"<title>Index of {pulp.ours.prefix}base/</title>" in answer.text
    assert base.removeprefix("base/") + "/" in answer.text


@pytest.mark.domains
def test_hidden_distributions_are_served_but_not_listed(pulp: Pulp) -> None:
    hidden = pulp.publish({"x": b"x"}, hidden=True)
    assert hidden.removeprefix("base/") not in pulp.ours.get("base/").text
    assert pulp.ours.get(f"{hidden}/x").body == b"x"


@pytest.mark.domains
@pytest.mark.parametrize("directory", ["", "/dir", "/odd", "/dir/sub"])
@pytest.mark.parametrize("query", ["", "?a=1&b=%2F%20x", "?"])
def test_a_slash_redirect_stays_on_our_prefix_and_keeps_the_query(
    pulp: Pulp, base: str, directory: str, query: str
) -> None:
    answer = pulp.ours.raw(base + directory + query)
    assert answer.status == 301
    kept = query if len(query) > 1 else ""
    assert answer.headers["location"] == f"{pulp.ours.prefix}{base}{directory}/{kept}"


@pytest.mark.domains
def test_the_prefix_without_its_slash_is_redirected(pulp: Pulp) -> None:
    answer = ask(pulp.instance.content_port, pulp.ours.prefix.removesuffix("/") + "?x=1")
    assert (answer.status, answer.headers["location"]) == (301, f"{pulp.ours.prefix}?x=1")


@pytest.mark.domains
def test_the_redirect_of_a_common_part_stays_on_our_prefix(pulp: Pulp, base: str) -> None:
    answer = pulp.ours.raw("base?x=1")
    assert (answer.status, answer.headers["location"]) == (301, f"{pulp.ours.prefix}base/?x=1")


def test_a_slash_redirect_keeps_the_encoding_of_a_name(pulp: Pulp) -> None:
    """Stock redirects requests for `q%3Fd` to `…/q?d/`, and for `%252e%252e` to `…/../`."""
    base_path = pulp.publish({"x%3Fd/%2e%2e/x": b"x"})
    answer = pulp.ours.raw(f"{base_path}/x%253Fd/%252e%252e?y")
    expected = f"{pulp.ours.url(base_path)}/x%253Fd/%252e%252e/?y"
    assert answer.headers["location"] == expected


@pytest.mark.parametrize(
    ("suffix", "status"),
    [
        ("/../hello.txt", 404),
        ("/%2e%2e/hello.txt", 404),
        ("/..%2f..%2f..%2fetc/passwd", 404),
        ("//hello.txt", 404),
        ("/dir//a.tar.gz", 404),
        ("/%00", 400),
        ("/hello.txt%00", 400),
        ("/%ff", 400),
        ("/%zz", 400),
        ("/\udcff", 400),
        ("/" + "a" * 5000, 414),
        ("/" + "a/" * 1500, 404),
        ("/%0d%0aX-Injected:%20yes", 404),
        ("/no such file", 400),
    ],
    ids=lambda value: str(value)[:20].encode("ascii", "backslashreplace").decode(),
)
@pytest.mark.parametrize(
    "front", [False, pytest.param(True, marks=requires_nginx)], ids=["direct", "nginx"]
)
def test_a_path_that_is_none_gets_a_4xx(
    pulp: Pulp, base: str, suffix: str, status: int, front: bool
) -> None:
    port = pulp.instance.port if front else pulp.instance.content_port
    answer = ask(port, pulp.ours.prefix + base + suffix)
    # nginx answers some of them itself, and resolves `..` before it chooses a location.
    assert answer.status in ((status, 400, 404) if front else (status,))
    assert b"root:" not in answer.body
    assert "x-injected" not in answer.headers


@pytest.mark.domains
def test_a_domain_segment_that_is_no_name_gets_a_4xx(pulp: Pulp) -> None:
    """Stock looks it up in the database, which refuses NUL, and answers 500."""
    answer = ask(pulp.instance.content_port, "/pulp_contentroutes/content/%00/x/y")
    assert answer.status == 400


def test_other_methods_are_refused(pulp: Pulp, base: str) -> None:
    url = pulp.ours.url(f"{base}/hello.txt")
    assert ask(pulp.instance.content_port, url, "POST").status == 405


@pytest.mark.domains
def test_missing_files_are_404(pulp: Pulp, base: str) -> None:
    assert pulp.ours.get(f"{base}/missing").status == 404
    assert pulp.ours.get("no/such/distribution").status == 404


def test_a_distribution_of_a_repository_serves_its_newest_publication(pulp: Pulp) -> None:
    repository = pulp.repository({"v1.txt": b"1"})
    pulp.publication(repository)
    base_path = pulp.distribution(repository=repository)["base_path"]
    assert pulp.ours.get(f"{base_path}/v1.txt").body == b"1"


@pytest.mark.domains
def test_checkpoints_are_listed_and_redirected_to_on_our_prefix(pulp: Pulp) -> None:
    repository = pulp.repository({"dir/x.txt": b"x"})
    publication = pulp.publication(repository, checkpoint=True)
    base = pulp.distribution(repository=repository, checkpoint=True)["base_path"]
    pulp.instance.console.run(f"""
from pulpcore.plugin.models import Publication
made = Publication.objects.filter(pk={publication.split("/")[-2]!r})
print(made.update(pulp_created="2025-01-02T03:04:05Z"))
""")
    later = pulp.ours.raw(f"{base}/20260101T000000Z/dir/x.txt?y=1")
    expected = f"{pulp.ours.url(base)}/20250102T030405Z/dir/x.txt?y=1"
    assert (later.status, later.headers["location"]) == (301, expected)
    assert pulp.ours.get(f"{base}/20250102T030405Z/dir/x.txt").body == b"x"
    page = pulp.ours.get(f"{base}/")
    assert f"<title>Index of {pulp.ours.prefix}{base}/</title>" in page.text
    assert '<a href="./20250102T030405Z/">' in page.text
    assert _rows(page.text) == _rows(pulp.stock.get(f"{base}/").text)
    assert "content-security-policy" in page.headers
