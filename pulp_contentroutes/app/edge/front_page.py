"""The page with the server's addresses: at `/` of a standalone Pulp, and as 404 above our URLs.

It is HTML for browsers, plain text for other clients. Nothing in it comes from the request or the
database, so that it is also served while the database is down (with domains, since pulpcore 3.112).
"""

from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from jinja2 import Environment

from pulp_contentroutes.paths import CONTENT_PREFIX, GALAXY_PREFIX, with_domain

_TITLE: Final = "Pulp with pulp_contentroutes"
_NOTHING: Final = "Nothing is at this address of the Pulp server. What there is:"
#: The page loads nothing, and runs nothing.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_HTML: Final = Environment(autoescape=True).from_string(
    """\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{{ title }}</title>
<meta name="viewport" content="width=device-width">
<style>
body { font: 1rem/1.5 sans-serif; margin: 2rem auto; max-width: 46rem; padding: 0 1rem }
dt { font-weight: bold; margin-top: 1rem } dd { margin: 0 } code, a { overflow-wrap: anywhere }
</style></head>
<body>
<h1>{{ title }}</h1>
<p>{{ first }}</p>
<dl>
{% for name, url, is_link, said in entries -%}
<dt>{{ name }}</dt>
<dd>{% if is_link %}<a href="{{ url }}">{{ url }}</a>{% else %}<code>{{ url }}</code>{% endif %}<br>
{{ said }}</dd>
{% endfor -%}
</dl>
</body>
</html>
"""
)


class FrontPage:
    """Django middleware that answers `/` with the page; the settings of `serve` name it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info == "/" and request.method in ("GET", "HEAD"):
            return render(request, f"This is a {_TITLE}. Where things are:", 200)
        return self._get_response(request)


@method_decorator(csrf_exempt, name="dispatch")
class NothingHereView(View):
    """A 404 with the page, for the addresses above those of distributions."""

    # pulpcore's middleware would look the domain up in the database; before 3.112 it does.
    skip_domain_middleware = True

    def dispatch(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return render(request, _NOTHING, 404)


def render(request: HttpRequest, first: str, status: int) -> HttpResponse:
    """Return the page in a type the client accepts; `first` is the sentence above the addresses."""
    entries = _entries(request)
    if "text/html" in request.headers.get("Accept", ""):
        text = _HTML.render(title=_TITLE, first=first, entries=entries)
        content_type = "text/html; charset=utf-8"
    else:
        lines = [f"{name:9}{url}\n{'':9}{said}" for name, url, _, said in entries]
        text = "\n".join([first, "", *lines, ""])
        content_type = "text/plain; charset=utf-8"
    headers = {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": _POLICY,
        "Vary": "Accept",
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(text, content_type, status, headers=headers)


def _entries(request: HttpRequest) -> list[tuple[str, str, bool, str]]:
    """Return each address as a name, a URL, whether it is a link, and a sentence."""
    domain = "default" if settings.DOMAIN_ENABLED else None
    other = " Another domain's name goes in the place of 'default'." if domain else ""
    origin = (settings.CONTENT_ORIGIN or "").rstrip("/")
    # With API_ROOT_REWRITE_HEADER the API root is that of the request.
    root = f"/{getattr(request, 'api_root', settings.API_ROOT).strip('/')}/"
    return [
        (
            "content",
            origin + with_domain(CONTENT_PREFIX, domain),
            True,
            f"The published files of every distribution.{other}",
        ),
        (
            "Galaxy",
            f"{with_domain(GALAXY_PREFIX, domain)}BASE_PATH/",
            False,
            "For ansible-galaxy --server, after the address of this server; BASE_PATH is that of a "
            f"Galaxy distribution.{other}",
        ),
        ("API", f"{root}api/v3/status/", True, "Pulp's REST API: its version and health."),
        ("docs", f"{root}api/v3/docs/", True, "What the REST API takes and answers."),
    ]
