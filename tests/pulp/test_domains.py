"""Content stays in its domain."""

from pathlib import Path

from tests.harness.galaxy import create_galaxy
from tests.harness.pulp import Pulp
from tests.harness.rest import new_name
from tests.harness.standalone import Standalone


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
