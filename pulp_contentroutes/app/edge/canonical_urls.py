"""The same content under two prefixes: Pulp's own (canonical) and ours."""

import re
from typing import Final

from aiohttp import web
from django.conf import settings
from yarl import URL

from pulp_contentroutes.paths import CONTENT_PREFIX, percent_encode, with_domain
from pulp_contentroutes.serving.request_state import mount_of

#: Pulp's format of a checkpoint directory's name, for `strftime` (pulpcore.constants), and the
#: pattern of such names.
CHECKPOINT_FORMAT: Final = "%Y%m%dT%H%M%SZ"
_CHECKPOINT: Final = re.compile(r"\d{8}T\d{6}Z")


def domain_name(request: web.Request) -> str | None:
    """Return the domain segment of the request's URL, None where domains are not enabled."""
    return request.match_info.get("pulp_domain")


def canonical_request(request: web.Request) -> web.Request:
    """Return the request as it would have come in under `CONTENT_PATH_PREFIX`.

    Guards get this one: the RHSM guard strips the content prefix by its length, and the redirect
    guard has signed path and query of the canonical URL.
    """
    path = _canonical_prefix(request) + request.match_info["path"]
    return request.clone(rel_url=_url(request, percent_encode(path)))


def append_slash(request: web.Request) -> URL:
    """Return the request's own URL, to the byte, with a slash after its path."""
    return _url(request, f"{request.rel_url.raw_path}/")


def own_location(request: web.Request, location: URL) -> URL | None:
    """Return the URL below our prefix, or the mount, for a redirect by Pulp's handler.

    Return None if it leads elsewhere.

    Pulp makes its `location` from decoded text, so that `?`, `#` and `%2e%2e` in a name arrive
    changed, and it drops the query. Both are taken from the request again.
    """
    canonical = _canonical_prefix(request)
    path = request.match_info["path"]
    if location in (URL(f"{request.path}/"), URL(f"{canonical}{path}/")):
        return append_slash(request)
    if location.host is not None or not location.path.startswith(canonical):
        return None
    own = with_domain(CONTENT_PREFIX, domain_name(request))
    moved = location.path.removeprefix(canonical)
    segments = path.split("/")
    for index, (segment, other) in enumerate(zip(segments, moved.split("/"), strict=False)):
        if segment != other and _CHECKPOINT.fullmatch(segment) and _CHECKPOINT.fullmatch(other):
            # Of a redirect to another checkpoint, only the timestamp is taken.
            moved = "/".join([*segments[:index], other, *segments[index + 1 :]])
            break
    mount = mount_of(request)
    if mount is not None and moved.startswith(mount.path):
        own, moved = mount.prefix, moved.removeprefix(mount.path)
    return _url(request, percent_encode(own + moved))


def _canonical_prefix(request: web.Request) -> str:
    return with_domain(settings.CONTENT_PATH_PREFIX, domain_name(request))


def _url(request: web.Request, encoded_path: str) -> URL:
    query = request.rel_url.raw_query_string
    return URL(f"{encoded_path}?{query}" if query else encoded_path, encoded=True)
