"""pulp_container: blobs by their digests, on a route of its own.

The registry API redirects clients there. Blobs of an upload that is not complete yet, and the empty
blob that every repository has, are left to the plugin.
"""

import re
from typing import Final

from pulp_contentroutes.serving.types.rule import RouteRule

_REGISTRY: Final = "pulp_container.app.registry:Registry"
ROUTE: Final = RouteRule(
    pulp_type="container.container",
    package="pulp-container",
    versions=">=2.30,<2.31",
    fingerprint="b1c245ff11cb3dfb0ee8b65f766f3b4f1d1157f4f13d73ad7ae757b12f4ccaaa",
    functions=(
        f"{_REGISTRY}.get_by_digest",
        f"{_REGISTRY}._base_paths",
        f"{_REGISTRY}._dispatch",
        "pulp_container.app.models:ContainerDistribution.get_repository_version",
    ),
    prefix="/pulp/container/",
    pattern="{path}/blobs/sha256:{digest}",
    url=re.compile(r"(?P<base_path>[\w./-]+)/blobs/(?P<path>sha256:[0-9a-f]{64})", re.ASCII),
    fields_for=lambda digest: (
        ("Content-Type", "application/octet-stream"),
        ("Docker-Content-Digest", digest),
        ("Docker-Distribution-Api-Version", "registry/2.0"),
    ),
)
