"""A repository is exported to files, and imported where nothing of it is left."""

from typing import Any

import pytest

from tests.pulp.access import Access
from tests.pulp.conftest import Pulp
from tests.pulp.galaxy import Galaxy, galaxy, manifest_of, tarball
from tests.pulp.roles import archive, role
from tests.pulp.standalone import wait_until
from tests.unit.galaxy.archives import FILES
from tests.unit.galaxy.keys import Key

COLLECTION = "api/v3/collections/acme/tools/"


def told(server: Galaxy) -> dict[str, Any]:
    """Return what clients are told, without times and hosts."""
    detail = server.get(f"{COLLECTION}versions/1.2.3/").json()
    names = ("version", "artifact", "metadata", "requires_ansible")
    return {
        "deprecated": server.get(COLLECTION).json()["deprecated"],
        "signatures": [each["signature"] for each in detail["signatures"]],
        "roles": [each["name"] for each in server.get("api/v1/roles/").json()["results"]],
        **{name: detail[name] for name in names},
    }


def removed(admin: Access, server: Galaxy) -> None:
    """Delete a repository with its content."""
    [distribution] = admin.call(
        "GET", f"distributions/contentroutes/galaxy/?base_path={server.base_path}"
    ).json()["results"]
    for href in (distribution["pulp_href"], server.repository):
        admin.finished("DELETE", href)
    admin.finished("POST", "orphans/cleanup/", orphan_protection_time=0)


@pytest.mark.parametrize("files", [FILES, {"README.md": b"x"}], ids=["ansible", "any ansible"])
def test_what_is_exported_can_be_imported(pulp: Pulp, files: dict[str, bytes]) -> None:
    admin, source = Access(pulp), galaxy(pulp)
    token = str(admin.token(scope="publish")["token"])
    data, name = tarball(files)
    signature = Key.make("release").signature_of(manifest_of(data))
    assert source.imported(source.publish(data, name, token, [signature]), token)["error"] is None
    assert role(source, archive(name), version="1.0.0")["state"] == "completed"
    admin.finished("POST", f"{source.repository}deprecate/", collections=["acme.tools"])
    before = told(source)
    folder = pulp.instance.data.with_name("exports") / pulp.rest.name()
    exporter = admin.made(
        "exporters/core/pulp/",
        name=pulp.rest.name(),
        path=str(folder),
        repositories=[source.repository],
    )
    exported = admin.finished("POST", f"{exporter['pulp_href']}exports/", full=True)
    assert exported["state"] == "completed", exported
    admin.call("DELETE", exporter["pulp_href"])
    names = admin.call("GET", source.repository).json()["name"]
    removed(admin, source)
    target = galaxy(pulp)
    renamed = {names: admin.call("GET", target.repository).json()["name"]}
    importer = admin.made("importers/core/pulp/", name=pulp.rest.name(), repo_mapping=renamed)
    [toc] = folder.glob("*toc.json")
    answer = admin.call("POST", f"{importer['pulp_href']}imports/", toc=str(toc))
    assert answer.status_code == 202, answer.text
    group = ended_group(admin, answer.json()["task_group"])
    assert group["failed"] == 0, group
    assert told(target) == before


def ended_group(admin: Access, href: str) -> dict[str, Any]:
    def group() -> dict[str, Any] | None:
        found: dict[str, Any] = admin.call("GET", href).json()
        return None if found["waiting"] or found["running"] else found

    return dict(wait_until(group, seconds=60, what=href))
