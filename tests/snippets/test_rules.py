"""Rules for the packaged files, so that they load wherever Pulp's snippets are loaded."""

import re

import nginx
import pytest

from pulp_contentroutes.app.settings_table import SETTINGS
from pulp_contentroutes.paths import CONTENT_PREFIX, GALAXY_PREFIX
from tests.snippets.fronts import ROOT, SNIPPETS

SERVICES = {CONTENT_PREFIX: "pulp-content", GALAXY_PREFIX: "pulp-api"}


def lines(name: str) -> list[str]:
    """Return the directives of a snippet, without comments and indentation."""
    text = (SNIPPETS / name).read_text(encoding="utf-8")
    stripped = (line.strip() for line in text.splitlines())
    return [line for line in stripped if line and not line.startswith("#")]


def test_the_operator_finds_a_route_for_every_location() -> None:
    """Read as in pulp-operator's route_paths.py, where one failure ends all plugins' routes."""
    found = {}
    for location in nginx.loadf(str(SNIPPETS / "nginx.conf")).filter("Location"):
        targets = [key.value for key in location.keys if key.name == "proxy_pass"]
        assert len(targets) == 1, f"{location.value} has no direct proxy_pass"
        found[location.value] = targets[0].removeprefix("http://")
    assert found == SERVICES


def test_nginx_has_nothing_but_plain_prefix_locations() -> None:
    """At server level a directive would change all of Pulp; a modifier would become a path."""
    depth, top = 0, []
    for line in lines("nginx.conf"):
        if depth == 0:
            top.append(line)
        depth += line.count("{") - line.count("}")
    assert {line for line in top if line != "}"} == {f"location {each} {{" for each in SERVICES}


def test_nginx_names_its_upstreams_without_a_path_or_a_variable() -> None:
    """A URI part behind a variable upstream (the compose image) changes the request."""
    targets = [line for line in lines("nginx.conf") if line.startswith("proxy_pass")]
    assert targets == [f"proxy_pass http://{service};" for service in SERVICES.values()]


@pytest.mark.parametrize("prefix", SERVICES)
def test_a_prefix_makes_a_kubernetes_name(prefix: str) -> None:
    name = "pulp-contentroutes" + prefix.rstrip("/").replace("/", "-").replace("_", "-")
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name)
    assert len(name) <= 63


@pytest.mark.parametrize(("prefix", "service"), SERVICES.items())
def test_apache_uses_the_defines_without_a_scheme(prefix: str, service: str) -> None:
    directives = lines("apache.conf")
    path = prefix.removesuffix("/")
    assert f"ProxyPass {path} ${{{service}}}{path} nocanon" in directives
    assert f"ProxyPassReverse {path} ${{{service}}}{path}" in directives
    assert not [line for line in directives if "://" in line]


def test_nginx_takes_the_largest_collection_and_the_guide_says_how_much_that_is() -> None:
    """ansible-galaxy sends base64 in lines of 76 characters."""
    [size] = re.findall(r"client_max_body_size (\d+)m;", "\n".join(lines("nginx.conf")))
    [allowed] = [each.default for each in SETTINGS if each.key == "COLLECTION_MAX_BYTES"]
    assert isinstance(allowed, int)
    assert int(size) * 2**20 >= allowed * 78 / 57 + 2**20
    guide = (ROOT / "docs" / "installation.md").read_text(encoding="utf-8")
    assert set(re.findall(r"(\d+) MiB", guide)) == {size}
    assert "uploads of any size" not in guide


def test_nothing_promises_a_limit_that_apache_does_not_keep() -> None:
    """LimitRequestBody does not apply to proxied requests: see the site apache-installer."""
    for file in (SNIPPETS / "apache.conf", *(ROOT / "snippets" / "apache").glob("*.conf")):
        assert not re.search(r"^\s*LimitRequestBody", file.read_text(encoding="utf-8"), re.M)
