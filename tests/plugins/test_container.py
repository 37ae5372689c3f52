"""skopeo with pulp_container: push, inspect and pull, through nginx."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness.rest import USER_PASSWORD, new_name
from tests.plugins.commands import expect_success, run
from tests.plugins.content import container
from tests.plugins.environment import FLOOR
from tests.plugins.expected import expect
from tests.plugins.site import BEFORE_A_RELEASE, Site

pytestmark = BEFORE_A_RELEASE
PLUGIN = "container"

#: The row of the table.
BLOB = r"blobs/sha256:[0-9a-f]{64}"


@dataclass(frozen=True)
class Pushed:
    """An image that was pushed to Pulp, and the credentials of a reader if it is private."""

    image: container.Image
    base_path: str
    reference: str
    credentials: str | None

    @property
    def login(self) -> str:
        """The end of skopeo's options for the reader."""
        return f"creds={self.credentials}" if self.credentials else "no-creds"


@pytest.fixture(scope="module", params=["public", "private"])
def pushed(
    request: pytest.FixtureRequest, site: Site, tmp_path_factory: pytest.TempPathFactory
) -> Pushed:
    folder = tmp_path_factory.mktemp("container")
    image, base_path = container.build(folder / "image"), f"acme/{new_name()}"
    reference = container.push(site, image, base_path, folder)
    if request.param == "public":
        return Pushed(image, base_path, reference, None)
    href = site.rest.find_distribution(base_path, "container/container")
    assert site.rest.run_task("PATCH", href, private=True)["state"] == "completed"
    user = site.rest.user()["username"]
    site.rest.add_role(href, "container.containerdistribution_consumer", users=[user])
    return Pushed(image, base_path, reference, f"{user}:{USER_PASSWORD}")


def test_skopeo_inspects_and_pulls_an_image(site: Site, pushed: Pushed, tmp_path: Path) -> None:
    inspect = container.skopeo_command("inspect", "--tls-verify=false", f"--{pushed.login}")
    copy = container.skopeo_command("copy", "--src-tls-verify=false", f"--src-{pushed.login}")
    got = tmp_path / "got"
    with site.front.record() as requests:
        described = json.loads(expect_success(*inspect, pushed.reference, home=tmp_path))
        expect_success(*copy, pushed.reference, f"dir:{got}", home=tmp_path)
    assert described["Layers"] == [f"sha256:{pushed.image.layer}"]
    assert (got / "manifest.json").read_bytes() == pushed.image.manifest
    for digest, data in pushed.image.blobs.items():
        assert (got / digest).read_bytes() == data
    expect(
        PLUGIN,
        requests,
        site.content_path(pushed.base_path, container.PREFIX),
        BLOB,
        environment=site.environment.name,
    )


def test_a_release_without_a_rule_has_one_warning(site: Site) -> None:
    said = site.instance.log.read_text().count("served slowly: the rule was tested with pulp-cont")
    assert said == (1 if site.environment is FLOOR else 0)


def test_a_private_image_needs_credentials(site: Site, pushed: Pushed, tmp_path: Path) -> None:
    inspect = container.skopeo_command(
        "inspect", "--tls-verify=false", "--no-creds", pushed.reference
    )
    ended = run(*inspect, home=tmp_path)
    assert (ended.returncode == 0) == (pushed.credentials is None), ended.stdout
