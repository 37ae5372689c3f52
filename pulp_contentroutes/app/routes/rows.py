"""Content routes of Django's → those of the content app, so that both decide in one way."""

import json
from typing import Any

from pulp_contentroutes.app.routes.models import ContentRoute
from pulp_contentroutes.serving.resolve.route_rows import route_of
from pulp_contentroutes.serving.routing import content_routes
from pulp_contentroutes.serving.routing.mount_patterns import patterns_of, stems_of
from pulp_contentroutes.serving.routing.route_tree import Match, RouteTree


def row_of(route: ContentRoute) -> dict[str, Any]:
    """Return the row of a route as route_sql.py reads it."""
    targets = list(route.targets.select_related("distribution")) if not route._state.adding else []
    return {
        "pulp_id": route.pk,
        "name": route.name,
        "host": route.host,
        "mount": route.mount,
        "action": route.action,
        "status": route.status,
        "path": route.path,
        "location": route.location,
        "content_guard_id": route.content_guard_id,
        "cache_control": route.cache_control,
        "headers": json.dumps(route.headers),
        "listings": route.listings,
        "allow": json.dumps(route.allow),
        "deny": json.dumps(route.deny),
        "domain_id": route.pulp_domain_id,
        "domain": route.pulp_domain.name,
        "distribution_ids": [target.distribution_id for target in targets],
        "paths": [
            "/".join(filter(None, [target.distribution.base_path, target.path]))
            for target in targets
        ],
    }


def find_route(
    changed: content_routes.ContentRoute, host: str, segments: list[str]
) -> Match | None:
    """Return the match of a URL among the enabled routes, `changed` being one that is not saved."""
    routes = ContentRoute.objects.filter(
        enabled=True, host__in=patterns_of(host), stem__in=stems_of(segments)
    )
    tree = RouteTree()
    for route in routes.exclude(pk=changed.id):
        found = route_of(row_of(route))
        if found is not None:
            tree.add(found)
    tree.add(changed)
    return tree.find(host, segments)
