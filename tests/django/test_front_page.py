"""The front page, which says where everything is, and the helpful 404 pages."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, RequestFactory, override_settings
from django.urls import Resolver404, resolve

from pulp_contentroutes.app.edge.front_page import FrontPage
from pulp_contentroutes.paths import CONTENT_PREFIX, GALAXY_PREFIX, ROOT

BROWSER = {"HTTP_ACCEPT": "text/html,application/xhtml+xml,*/*;q=0.8", "HTTP_HOST": "testserver"}
CURL = {"HTTP_ACCEPT": "*/*", "HTTP_HOST": "testserver"}
NOTHING_HERE = [ROOT, ROOT[:-1], GALAXY_PREFIX, GALAXY_PREFIX[:-1]]


class Links(HTMLParser):
    """The targets that a page links to, and the tags that would load something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        if tag == "a":
            self.links.append(values["href"] or "")
        elif "src" in values or "href" in values or tag in ("script", "iframe", "object"):
            self.loaded.append(tag)


def get(path: str, headers: dict[str, str]) -> Any:
    return Client().get(path, **headers)


@pytest.mark.parametrize(("path", "status"), [("/", 200), *((path, 404) for path in NOTHING_HERE)])
def test_a_browser_gets_links_that_lead_somewhere_and_load_nothing(path: str, status: int) -> None:
    response = get(path, BROWSER)
    assert response.status_code == status
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response["Content-Security-Policy"]
    page = Links(response.text)
    assert page.loaded == []
    own = [link.removeprefix(settings.CONTENT_ORIGIN) for link in page.links]
    assert own == [CONTENT_PREFIX, "/pulp/api/v3/status/", "/pulp/api/v3/docs/"]
    for link in own[1:]:
        assert get(link, CURL).status_code == 200
    assert f"{GALAXY_PREFIX}BASE_PATH/" in response.text


@pytest.mark.parametrize(("path", "status"), [("/", 200), *((path, 404) for path in NOTHING_HERE)])
def test_curl_gets_text(path: str, status: int) -> None:
    response = get(path, CURL)
    assert (response.status_code, response["Vary"]) == (status, "Accept")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert f"content  {settings.CONTENT_ORIGIN}{CONTENT_PREFIX}\n" in response.text
    assert f"Galaxy   {GALAXY_PREFIX}BASE_PATH/\n" in response.text
    assert "<" not in response.text
    assert max(map(len, response.text.splitlines())) < 200


def test_every_method_gets_the_404(db: None) -> None:
    """Otherwise a POST without a CSRF token would be a 403, whose page leads elsewhere."""
    client = Client(enforce_csrf_checks=True)
    for method in ("post", "put", "delete", "options"):
        assert getattr(client, method)(GALAXY_PREFIX, **CURL).status_code == 404
    assert client.head("/", **CURL).status_code == 200
    assert client.post("/", **CURL).status_code == 404


def test_a_path_beside_the_root_is_not_the_pages() -> None:
    for path in ("/x", "/index.html", "/pulp_contentroutesx"):
        assert get(path, CURL).status_code == 404
        assert "content  " not in get(path, CURL).text


@pytest.mark.parametrize("path", ["x", "x/", "x/api/", "default/x/"])
def test_a_distributions_own_address_is_not_the_pages(path: str) -> None:
    assert resolve(GALAXY_PREFIX + path).func.view_class.__name__ != "NothingHereView"


def test_the_page_needs_no_database() -> None:
    """A user who looks for a fault needs the page while the database is down, too."""
    from django.db import connections

    with connections["default"].execute_wrapper(refuse):
        assert get("/", CURL).status_code == 200
        assert get(GALAXY_PREFIX, BROWSER).status_code == 404


def refuse(*arguments: Any) -> None:
    pytest.fail("the database was asked")


@pytest.mark.parametrize(
    ("origin", "content"),
    [(None, CONTENT_PREFIX), ("https://x/", f"https://x{CONTENT_PREFIX}"), ('"><b>', None)],
)
def test_content_is_where_clients_find_it_and_texts_are_escaped(
    origin: str | None, content: str | None
) -> None:
    with override_settings(CONTENT_ORIGIN=origin):
        response = get("/", BROWSER)
    assert "<b>" not in response.text
    assert content is None or f'<a href="{content}">{content}</a>' in response.text


def test_with_domains_the_urls_have_one() -> None:
    with override_settings(DOMAIN_ENABLED=True, CONTENT_ORIGIN=None):
        text = get("/", CURL).text
    assert f"content  {CONTENT_PREFIX}default/\n" in text
    assert f"Galaxy   {GALAXY_PREFIX}default/BASE_PATH/\n" in text
    assert text.count("Another domain's name goes in the place of 'default'.") == 2


def test_the_api_is_under_the_root_of_the_request() -> None:
    """Pulp's API_ROOT_REWRITE_HEADER sets this root."""
    request = RequestFactory().get("/", headers={"Accept": "text/html"})
    request.api_root = 'other"/<pulp>'
    text = FrontPage(lambda request: None)(request).text
    assert re.findall(r'href="(/other[^"]+)"', text) == [
        f"/other&#34;/&lt;pulp&gt;/api/v3/{end}/" for end in ("status", "docs")
    ]


def test_other_pulps_keep_their_own_root() -> None:
    """The middleware is in the settings of `serve`, and no URL of ours is at the root."""
    with pytest.raises(Resolver404):
        resolve("/")
