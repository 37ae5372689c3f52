"""Paths of the files of a distribution, as clients request them from the content app."""

from django.conf import settings
from pulpcore.plugin.models import Distribution
from pulpcore.plugin.util import get_domain

from pulp_contentroutes.paths import CONTENT_PREFIX, with_domain


def path_below(prefix: str, distribution: Distribution) -> str:
    """Return the path of a distribution of the current domain, with a slash at its end."""
    domain = get_domain().name if settings.DOMAIN_ENABLED else None
    return f"{with_domain(prefix, domain)}{distribution.base_path}/"


def content_path(distribution: Distribution, relative_path: str) -> str:
    """Return the path of a file on the content route, decoded."""
    return path_below(CONTENT_PREFIX, distribution) + relative_path
