"""The versions that clients find, on one server and on several."""

import pytest

from tests.clients.commands import (
    configure,
    expect_refusal,
    expect_success,
    install,
    only_before_a_release,
)
from tests.harness.ansible_galaxy import Client
from tests.harness.galaxy import Galaxy, create_galaxy
from tests.harness.rest import Rest


@pytest.fixture(scope="module")
def with_pre_release(admin: Rest, token: str) -> Galaxy:
    server = create_galaxy(admin)
    for version in ("1.0.0", "2.0.0-rc.1"):
        server.add(token, version=version)
    return server


def install_tools(client: Client, server: Galaxy, requirement: str = "acme.tools") -> str | None:
    """Return the version that is installed."""
    expect_success(install(client, requirement, "-s", server.url))
    return client.version_of("acme", "tools")


@pytest.mark.parametrize("form", ["/api", *only_before_a_release("", "/", "/api/")])
def test_the_url_may_be_written_in_four_ways(
    with_pre_release: Galaxy, client: Client, form: str
) -> None:
    expect_success(install(client, "acme.tools", "-s", with_pre_release.url.rstrip("/") + form))
    assert client.version_of("acme", "tools") == "1.0.0"


@pytest.mark.parametrize(
    "arguments",
    [["acme.tools", "--pre"], *only_before_a_release(["acme.tools:2.0.0-rc.1"])],
    ids=" ".join,
)
def test_a_pre_release_is_installed_if_it_is_asked_for(
    with_pre_release: Galaxy, each_client: Client, arguments: list[str]
) -> None:
    expect_success(install(each_client, *arguments, "-s", with_pre_release.url))
    assert each_client.version_of("acme", "tools") == "2.0.0-rc.1"


def test_a_removed_version_is_not_installed_by_a_client_that_remembers_it(
    server: Galaxy, outer_client: Client, token: str
) -> None:
    for version in ("1.0.0", "2.0.0"):
        server.add(token, version=version)
    assert install_tools(outer_client, server) == "2.0.0"
    assert server.change("remove", "acme.tools:2.0.0")["state"] == "completed"
    assert install_tools(outer_client, server) == "1.0.0"
    output = expect_refusal(install(outer_client, "acme.tools:2.0.0", "-s", server.url))
    assert "acme.tools:2.0.0 (direct request)" in output


def test_a_promotion_is_found_by_a_client_that_remembers_both_servers(
    admin: Rest, server: Galaxy, outer_client: Client, token: str
) -> None:
    """Clients keep one date for a collection on all servers of a host, but lists for each."""
    server.add(token, version="1.0.0")
    stable = create_galaxy(admin)
    stable.serve(server.repository, 1)
    assert install_tools(outer_client, stable) == "1.0.0"
    server.add(token, version="2.0.0")
    assert install_tools(outer_client, server) == "2.0.0"
    stable.serve(server.repository, 2)
    expect_success(install(outer_client, "acme.tools:2.0.0", "-s", stable.url))


def test_a_rollback_is_found_by_a_client_that_remembers_the_versions(
    admin: Rest, server: Galaxy, outer_client: Client, token: str
) -> None:
    for version in ("1.0.0", "2.0.0"):
        server.add(token, version=version)
    stable = create_galaxy(admin)
    for number, version in ((2, "2.0.0"), (1, "1.0.0")):
        stable.serve(server.repository, number)
        assert install_tools(outer_client, stable) == version


def test_the_second_server_is_asked_for_a_collection_that_the_first_lacks(
    server: Galaxy, with_pre_release: Galaxy, outer_client: Client
) -> None:
    configure(outer_client, first={"url": server.url}, second={"url": with_pre_release.url})
    expect_success(install(outer_client, "acme.tools"))
    assert outer_client.version_of("acme", "tools") == "1.0.0"


def test_a_url_of_no_server_is_said_to_be_one(server: Galaxy, outer_client: Client) -> None:
    """Or a user who mistypes the URL would believe that the collection is missing."""
    url = server.url.replace("/team/", "/none/")
    output = expect_refusal(install(outer_client, "acme.tools", "-s", url))
    assert "There is no Galaxy distribution" in output
