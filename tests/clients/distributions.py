"""Distributions that change what they serve."""

from typing import Any

from tests.pulp.access import Access
from tests.pulp.galaxy import Galaxy


def change(server: Galaxy, **values: Any) -> None:
    """Change the distribution of a server, and wait until that is done."""
    admin = Access(server.pulp)
    path = f"distributions/contentroutes/galaxy/?base_path={server.base_path}"
    [distribution] = admin.call("GET", path).json()["results"]
    answer = admin.call("PATCH", distribution["pulp_href"], **values)
    assert answer.status_code in (200, 202), answer.text
    if answer.status_code == 202:
        assert admin.ended(answer.json()["task"])["state"] == "completed"


def serve(server: Galaxy, repository: str, number: int) -> None:
    """Let a server serve a version of any repository."""
    change(server, repository=None, repository_version=f"{repository}versions/{number}/")
