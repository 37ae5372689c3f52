"""Content stays in its domain."""

import shutil
from functools import partial
from pathlib import Path

from tests.harness.galaxy import create_galaxy
from tests.harness.pulp import Pulp
from tests.harness.rest import new_name
from tests.harness.standalone import Standalone
from tests.harness.waiting import wait_until


def test_no_collection_is_copied_between_domains(domains: Standalone, tmp_path: Path) -> None:
    rest, name = Pulp(domains, "default").rest, new_name()
    target = create_galaxy(rest)
    storage = {
        "storage_class": "pulpcore.app.models.storage.FileSystem",
        "storage_settings": {"location": str(tmp_path)},
    }
    rest.create("domains/", name=name, **storage)
    elsewhere = f"/pulp/{name}/api/v3/repositories/contentroutes/galaxy/"
    other = rest.create(elsewhere, name=name)
    values = {"source_version": other["latest_version_href"], "collections": ["acme.tools"]}
    answer = rest.call("POST", f"{target.repository}copy/", **values)
    assert (answer.status_code, "domain" in answer.text) == (400, True)


def is_served(pulp: Pulp, url: str, data: bytes) -> bool:
    return pulp.ours.get(url).body == data


def test_content_is_served_from_where_the_storage_of_its_domain_has_moved_to(
    domains: Standalone, tmp_path: Path
) -> None:
    """The old files are damaged, so that an answer from there would be a 500."""
    rest, name = Pulp(domains, "default").rest, new_name()
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    storage = {"storage_class": "pulpcore.app.models.storage.FileSystem"}
    created = rest.create("domains/", name=name, storage_settings={"location": str(old)}, **storage)
    pulp = Pulp(domains, name)
    files = {"small": b"x" * 100, "large": b"y" * 400_000}
    base = domains.console.run(f"""
from pulpcore.plugin.models import Domain
from pulpcore.plugin.util import set_domain
from tests.harness.in_pulp import create_distribution, create_publication, create_repository
set_domain(Domain.objects.get(name={name!r}))
publication = create_publication(create_repository({files!r}))
print(create_distribution(publication=publication)["base_path"])
""").strip()
    for path, data in files.items():
        assert pulp.stock.get(f"{base}/{path}").body == data
        assert pulp.ours.get(f"{base}/{path}").body == data
    shutil.copytree(old, new)
    changed = {"storage_settings": {"location": str(new)}}
    assert rest.call("PATCH", created["pulp_href"], **changed).status_code < 300
    for file in old.rglob("*"):
        if file.is_file():
            file.write_bytes(b"")
    for path, data in files.items():
        url = f"{base}/{path}"
        wait_until(partial(is_served, pulp, url, data), what="the content from its new place")
        assert pulp.stock.get(url).body == data
