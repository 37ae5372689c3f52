"""Rows of route_sql.py → content routes."""

import json
import logging

from pulp_contentroutes.serving.database.rows import Row
from pulp_contentroutes.serving.routing.content_routes import (
    Action,
    ContentRoute,
    Redirect,
    Rewrite,
    Serve,
)
from pulp_contentroutes.serving.routing.mount_patterns import InvalidPattern, parse_mount
from pulp_contentroutes.serving.routing.templates import parse_base_path, parse_location

log = logging.getLogger(__name__)


def route_of(row: Row) -> ContentRoute | None:
    """Return the route of a row; None, with a line in the log, if nothing could have stored it."""
    try:
        mount = parse_mount(row["mount"])
        action: Action
        if row["action"] == "serve":
            action = Serve(tuple(f"{path}/" for path in row["paths"] or ()))
        elif row["action"] == "rewrite":
            action = Rewrite(parse_base_path(row["path"], mount.captures))
        else:
            action = Redirect(row["status"], parse_location(row["location"], mount.captures))
        fields = dict(json.loads(row["headers"]))
        if row["cache_control"]:
            fields["Cache-Control"] = row["cache_control"]
        keys = {row["domain_id"], *(row["distribution_ids"] or ())}
        return ContentRoute(
            id=row["pulp_id"],
            name=row["name"],
            host=row["host"],
            mount=mount,
            action=action,
            domain=row["domain"],
            guard_id=row["content_guard_id"],
            fields=tuple(fields.items()),
            has_listings=row["listings"],
            allow=tuple(json.loads(row["allow"])),
            deny=tuple(json.loads(row["deny"])),
            keys=tuple(map(str, keys)),
        )
    except (InvalidPattern, ValueError, TypeError, KeyError) as error:
        log.warning("The content route %s is not used: %s", row["pulp_id"], error)
        return None
