"""The types of distributions that are served as pulpcore serves them: read from Python, once."""

import logging

from django.conf import settings
from pulpcore.plugin.models import Distribution, Repository

from pulp_contentroutes.serving.resolve.snapshots import DistributionTypes

#: A class that overrides one of these answers requests in its own way, which only it knows.
_HOOKS = (
    "content_handler",
    "content_handler_list_directory",
    "content_headers_for",
    "get_fallback_ca",
    "get_repository_publication_and_version",
)


log = logging.getLogger(__name__)


def distribution_types() -> DistributionTypes:
    """Return the types of every installed plugin."""
    models = {
        name: model
        for name, model in Distribution._pulp_model_map.items()
        if model is not Distribution
    }
    # Types of repositories that choose their latest version themselves. Any distribution may serve
    # such a repository, but the SQL takes the last complete version.
    own = [
        name
        for name, model in Repository._pulp_model_map.items()
        if model.latest_version is not Repository.latest_version
    ]
    if own:
        log.warning("The fast path serves nothing: %s chooses its latest version.", ", ".join(own))
    return DistributionTypes(
        publishing=frozenset(n for n, model in models.items() if model.SERVE_FROM_PUBLICATION),
        plain=frozenset(
            name
            for name, model in models.items()
            if not own
            and all(getattr(model, hook) is getattr(Distribution, hook) for hook in _HOOKS)
        ),
        retain_superseded=settings.DISTRIBUTED_PUBLICATION_RETENTION_PERIOD > 0,
    )
