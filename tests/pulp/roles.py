"""Roles for the tests, and their way into a repository."""

from typing import Any

import requests

from tests.pulp.access import Access
from tests.pulp.galaxy import Galaxy
from tests.unit.galaxy.archives import packed

MAIN = b"galaxy_info: {author: Somebody, description: Shows a message., galaxy_tags: [motd]}\n"


def archive(text: str = "") -> bytes:
    return packed({"motd/meta/main.yml": MAIN, "motd/tasks/main.yml": text.encode()}).read()


def role(server: Galaxy, data: bytes, **values: str) -> dict[str, Any]:
    """Upload a role into the repository of a server; return the ended task, or the error."""
    admin = Access(server.pulp)
    answer = requests.post(
        admin.url("content/contentroutes/roles/"),
        data={"namespace": "acme", "name": "motd", "repository": server.repository, **values},
        files={"file": ("motd.tar.gz", data)},
        headers={"Authorization": admin.authorization},
        timeout=60,
    )
    return admin.ended(answer.json()["task"]) if answer.status_code == 202 else answer.json()
