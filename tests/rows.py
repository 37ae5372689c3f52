"""Rows of our statements, as PostgreSQL returns them."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

CREATED = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
ENTERED = datetime(2025, 6, 7, 8, 9, 10, 999999, UTC)


def route_row(mount: str, host: str = "", **values: Any) -> dict[str, Any]:
    """Return the row of a content route, by default one that redirects; its name is its URL."""
    given: dict[str, Any] = {
        "pulp_id": uuid4(),
        "name": f"{host}{mount}",
        "host": host,
        "mount": mount,
        "action": "redirect" if "paths" not in values else "serve",
        "status": 302,
        "path": "",
        "location": "/new/{path}",
        "content_guard_id": None,
        "cache_control": "",
        "headers": "{}",
        "listings": True,
        "allow": "[]",
        "deny": "[]",
        "domain_id": uuid4(),
        "domain": "default",
        "distribution_ids": None,
        "paths": None,
    }
    return {**given, **values}


def stored(name: str, size: int, **values: Any) -> dict[str, Any]:
    """Return the row of a file that exists; its digests are made up from its name."""
    return {
        **NOTHING,
        "content_artifact_id": uuid4(),
        "is_published": True,
        "entered": ENTERED,
        "artifact_id": uuid4(),
        "file": name,
        "size": size,
        "sha256": name * 2,
        "sha512": name * 4,
        **values,
    }


NO_DISTRIBUTION: dict[str, Any] = dict.fromkeys(
    (
        "distribution_id", "distribution_type", "base_path", "checkpoint", "publishes",
        "repository_id", "remote_id", "content_guard_id", "domain_id", "domain_updated",
        "storage_class", "storage_settings",
        "publication_id", "is_publication_complete", "pass_through", "publication_created",
        "version_id", "version_repository_id", "number", "is_version_complete", "version_created",
        "is_above_another",
    )
) | {"has_fallback": False, "repository_labels": []}  # fmt: skip
NOTHING: dict[str, Any] = {
    "content_artifact_id": None,
    "is_published": False,
    "is_ambiguous": False,
    "entered": None,
    "artifact_id": None,
    "file": None,
    "size": None,
    "sha256": None,
    "sha512": None,
    "is_directory": False,
    "expires_at": None,
}
