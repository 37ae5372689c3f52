"""A repository is exported to files, and imported where nothing of it is left."""

from typing import Any

import pytest

from tests.harness.galaxy import Galaxy, create_galaxy, manifest_of, role_archive, tarball
from tests.harness.pulp import Pulp
from tests.harness.rest import Rest, new_name
from tests.harness.waiting import wait_until
from tests.unit.galaxy.archives import FILES
from tests.unit.galaxy.keys import Key

ENDED = {"completed", "failed", "canceled", "skipped"}
COLLECTION = "api/v3/collections/acme/tools/"


def look_up(server: Galaxy) -> dict[str, Any]:
    """Return the data that clients are given, without times and hosts."""
    detail = server.get(f"{COLLECTION}versions/1.2.3/").json()
    names = ("version", "artifact", "metadata", "requires_ansible")
    return {
        "deprecated": server.get(COLLECTION).json()["deprecated"],
        "signatures": [each["signature"] for each in detail["signatures"]],
        "roles": [each["name"] for each in server.get("api/v1/roles/").json()["results"]],
        **{name: detail[name] for name in names},
    }


def remove(admin: Rest, server: Galaxy) -> None:
    """Delete a repository with its content."""
    for href in (server.distribution, server.repository):
        admin.run_task("DELETE", href)
    admin.run_task("POST", "orphans/cleanup/", orphan_protection_time=0)


@pytest.mark.parametrize("files", [FILES, {"README.md": b"x"}], ids=["ansible", "any ansible"])
def test_what_is_exported_can_be_imported(pulp: Pulp, files: dict[str, bytes], token: str) -> None:
    admin, source = pulp.rest, create_galaxy(pulp.rest)
    data, name = tarball(files)
    signature = Key.make("release").signature_of(manifest_of(data))
    document = source.wait_for_import(source.publish(data, name, token, [signature]), token)
    assert document["error"] is None
    assert source.add_role(role_archive(name), version="1.0.0")["state"] == "completed"
    source.change("deprecate", "acme.tools")
    before = look_up(source)
    folder = pulp.instance.data.with_name("exports") / new_name()
    values = {"name": new_name(), "path": str(folder), "repositories": [source.repository]}
    exporter = admin.create("exporters/core/pulp/", **values)
    exported = admin.run_task("POST", f"{exporter['pulp_href']}exports/", full=True)
    assert exported["state"] == "completed", exported
    admin.call("DELETE", exporter["pulp_href"])
    name_of_source = admin.call("GET", source.repository).json()["name"]
    remove(admin, source)
    target = create_galaxy(admin)
    renamed = {name_of_source: admin.call("GET", target.repository).json()["name"]}
    importer = admin.create("importers/core/pulp/", name=new_name(), repo_mapping=renamed)
    [toc] = folder.glob("*toc.json")
    answer = admin.call("POST", f"{importer['pulp_href']}imports/", toc=str(toc))
    assert answer.status_code == 202, answer.text
    group = wait_for_group(admin, answer.json()["task_group"])
    assert group["failed"] == 0, group
    assert look_up(target) == before


def wait_for_group(admin: Rest, href: str) -> dict[str, Any]:
    def group() -> dict[str, Any] | None:
        found: dict[str, Any] = admin.call("GET", href).json()
        # The counts of the group do not serve: pulpcore queries each of them separately, and a
        # task that begins between two queries is in none of them.
        states = {task["state"] for task in found["tasks"]}
        return found if states and states <= ENDED else None

    return dict(wait_until(group, what=href))
