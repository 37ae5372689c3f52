"""pulp_container: blobs by their digests, on a route of its own.

The registry API redirects clients there. Blobs of an upload that is not complete yet, and the empty
blob that every repository has, are left to the plugin.
"""

import re
from typing import Final

from pulp_contentroutes.serving.types.rule import RouteRule

#: The blob that the plugin answers with bytes of its own.
_EMPTY: Final = "a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4"
ROUTE: Final = RouteRule(
    pulp_type="container.container",
    package="pulp-container",
    versions=">=2.30,<2.31",
    fingerprint="a38ad1ad9258409d0ce3182af636148089cf4f0fbed0731cb1070d1fb43dbfef",
    functions=(
        # The whole class: its method is wrapped where Pulp has a cache.
        "pulp_container.app.registry:Registry",
        "pulp_container.app.models:ContainerDistribution.get_repository_version",
    ),
    prefix="/pulp/container/",
    pattern="{path}/blobs/sha256:{digest}",
    url=re.compile(
        rf"(?P<base_path>[\w./-]+)/blobs/(?P<path>sha256:(?!{_EMPTY})[0-9a-f]{{64}})", re.ASCII
    ),
    fields_for=lambda digest: (
        ("Content-Type", "application/octet-stream"),
        ("Docker-Content-Digest", digest),
        ("Docker-Distribution-Api-Version", "registry/2.0"),
    ),
)
