"""Guards stand before everything, and see the canonical content path."""

import base64
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.pulp.conftest import Pulp
from tests.pulp.standalone import PASSWORD


def guard(pulp: Pulp, kind: str, **values: Any) -> str:
    """Return the href of a new content guard."""
    domain = f"{pulp.domain}/" if pulp.domain else ""
    response = requests.post(
        f"{pulp.instance.front}/pulp/{domain}api/v3/contentguards/core/{kind}/",
        json={"name": pulp.rest.name(), **values},
        auth=("admin", PASSWORD),
        timeout=60,
    )
    assert response.status_code == 201, response.text
    return str(response.json()["pulp_href"])


@pytest.mark.parametrize("path", ["x", "missing", "", "dir", "dir/"])
def test_nothing_is_revealed_before_the_guard(pulp: Pulp, folder: Path, path: str) -> None:
    href = guard(pulp, "header", header_name="x-key", header_value="secret")
    distribution = pulp.rest.published({"x": b"x", "dir/y": b"y"}, folder, content_guard=href)
    refused = pulp.ours.get(f"{distribution['base_path']}/{path}", If_None_Match="*")
    assert refused.status == 403
    assert refused.body == b"403: Access denied."


def test_a_header_guard_admits_who_has_the_header(pulp: Pulp, folder: Path) -> None:
    href = guard(pulp, "header", header_name="x-key", header_value="secret")
    base = pulp.rest.published({"x": b"x"}, folder, content_guard=href)["base_path"]
    key = base64.b64encode(b"secret").decode()
    assert pulp.ours.get(f"{base}/x", x_key=key).body == b"x"


def test_a_signed_url_of_the_content_prefix_is_valid_on_ours(pulp: Pulp, folder: Path) -> None:
    """The redirect guard signs path and query, so it must be shown the canonical path."""
    href = guard(pulp, "content_redirect")
    path = "dir/a+b_%2f_\u00fc.txt"
    base = pulp.rest.published({path: b"x"}, folder, content_guard=href)["base_path"]
    signed = pulp.instance.shell(f"""
from pulpcore.plugin.models import ContentRedirectContentGuard
guard = ContentRedirectContentGuard.objects.get(pk={href.split("/")[-2]!r})
print(guard.preauthenticate_url("http://any.example" + {pulp.stock.url(f"{base}/{path}")!r}))
""")
    query = signed.partition("?")[2]
    encoded = pulp.ours.url(f"{base}/{path}").removeprefix(pulp.ours.prefix)
    assert pulp.stock.raw(f"{encoded}?{query}").status == 200
    assert pulp.ours.raw(f"{encoded}?{query}").body == b"x"
    assert pulp.ours.raw(encoded).status == 403
    assert pulp.ours.raw(f"{encoded}?{query[:-1]}0").status == 403
    other = pulp.ours.url(f"{base}/other").removeprefix(pulp.ours.prefix)
    assert pulp.ours.raw(f"{other}?{query}").status == 403


def test_an_rbac_guard_knows_the_user(pulp: Pulp, folder: Path) -> None:
    href = guard(pulp, "rbac")
    base = pulp.rest.published({"x": b"x"}, folder, content_guard=href)["base_path"]
    credentials = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    assert pulp.ours.get(f"{base}/x").status == 403
    assert pulp.ours.get(f"{base}/x", Authorization=f"Basic {credentials}").body == b"x"
