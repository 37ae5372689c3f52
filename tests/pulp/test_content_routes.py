"""Content routes in a running Pulp: each URL has the answer of the content that it leads to."""

import base64
import re
import time
from pathlib import Path

import pytest
import requests

from tests.harness import guides
from tests.harness.http1 import Answer, ask
from tests.harness.pulp import Pulp
from tests.harness.rest import Rest, new_name
from tests.harness.standalone import requires_nginx
from tests.pulp.guarded import Distribute, header_guard

ROUTES = "contentroutes/routes/"
#: Fields that may differ: the time of the answer.
_UNLIKE = {"date"}


def fields_of(answer: Answer) -> dict[str, str]:
    return {name: answer[name] for name in answer.headers if name not in _UNLIKE}


@requires_nginx
@pytest.mark.domains
def test_every_recipe_works(pulp: Pulp, tmp_path: Path) -> None:
    pasted = guides.with_names("routed", [*guides.FIRST_STEPS, *guides.ROUTES])
    has_domains = pulp.domain is not None
    guides.paste(pulp.instance.front, tmp_path / "home", pasted, has_domains=has_domains)
    port = pulp.instance.content_port
    expected = pulp.ours.get("routed-my/own/place/routed-mine.txt")
    assert expected.status == 200
    for url, host in (
        ("/artifactory/files/routed-mine.txt", ""),
        ("/routed-mine.txt", "files.example.com"),
        ("/all/routed-mine.txt", ""),
        ("/repos/place/routed-mine.txt", ""),
    ):
        named = {"Host": host} if host else {}
        found = requests.get(f"http://127.0.0.1:{port}{url}", headers=named, timeout=60)
        assert (found.status_code, found.content) == (200, expected.body), url
    moved = ask(port, "/downloads/a%20b?x=1")
    assert (moved.status, moved["location"]) == (301, "https://files.example.com/a%20b?x=1")


@pytest.mark.domains
@pytest.mark.redis
@pytest.mark.parametrize("is_fast", [True, False], ids=["fast", "without the fast path"])
def test_a_mount_answers_as_the_content_route(
    pulp: Pulp, admin: Rest, distribute: Distribute, without_fast_path: int, is_fast: bool
) -> None:
    """Files, parts, listings, redirects and 404s."""
    port = pulp.instance.content_port if is_fast else without_fast_path
    base, mount = distribute(None), f"/{new_name()}/a b/"
    target = {"distribution": admin.find_distribution(base), "path": ""}
    admin.create(ROUTES, name=new_name(), mount=mount, action="serve", targets=[target])
    encoded = mount.replace(" ", "%20")
    prefix = pulp.ours.url(f"{base}/")
    for path in (
        "x",
        "dir/y",
        "dir/",
        "",
        "dir",
        "nothing",
        "dir/nothing/",
        "./x",
        "dir//y",
        "%zz",
    ):
        for method, headers in (
            ("GET", {}),
            ("GET", {}),
            ("HEAD", {}),
            ("GET", {"Range": "bytes=0-0"}),
            ("POST", {}),
        ):
            one = ask(port, prefix + path, method, headers)
            other = ask(port, encoded + path, method, headers)
            assert other.status == one.status, (path, method)
            shown = other.text.replace(mount, prefix).replace(encoded, prefix)
            assert shown == one.text, (path, method)
            fields = fields_of(one)
            if "location" in fields:
                fields["location"] = fields["location"].replace(prefix, encoded)
            ignored = {"content-length", "allow"} if one.status != 206 else set()
            for name in fields.keys() - ignored:
                assert other[name] == fields[name], (path, method, name)


@pytest.mark.redis
def test_a_group_lists_the_names_of_all_that_a_client_may_have(pulp: Pulp, admin: Rest) -> None:
    guard, admitting = header_guard(admin), {"x-key": base64.b64encode(b"secret").decode()}
    bases = [
        pulp.publish({"dir/a": b"first a", "dir/b": b"b"}),
        pulp.publish({"dir/a": b"the second one", "dir/c/d": b"d", "index/x": b"x"}),
        pulp.publish({"dir/secret": b"s", "index/index.html": b"<p>"}, content_guard=guard),
    ]
    mount, port = f"/{new_name()}/", pulp.instance.content_port
    targets = [{"distribution": admin.find_distribution(base)} for base in bases]
    values = {"targets": targets, "headers": {"X-Team": "a"}}
    admin.create(ROUTES, name=new_name(), mount=mount, action="serve", **values)
    assert ask(port, f"{mount}dir/a")["x-team"] == "a"
    for _ in range(2):
        page = ask(port, f"{mount}dir/")
        assert "x-team" not in page.headers
        assert re.findall(r'href="\./([^"]+)"', page.text) == ["a", "b", "c/"]
        assert f"Index of {mount}dir/" in page.text
        assert "7 Bytes" in page.text
        admitted = ask(port, f"{mount}dir/", headers=admitting)
        assert re.findall(r'href="\./([^"]+)"', admitted.text) == ["a", "b", "c/", "secret"]
        # A file comes before all listings.
        assert 'href="./x"' in ask(port, f"{mount}index/").text
        assert ask(port, f"{mount}index/", headers=admitting).body == b"<p>"
        assert ask(port, f"{mount}dir").status == 301
        assert ask(port, f"{mount}dir/a").body == b"first a"
        assert ask(port, f"{mount}dir/c/d").body == b"d"


def test_a_change_is_answered_by_every_worker_within_milliseconds(
    pulp: Pulp, admin: Rest, distribute: Distribute
) -> None:
    """And no answer is older than the change that was there when the request began."""
    base = distribute(None)
    target = {"distribution": admin.find_distribution(base)}
    mounts = [f"/{new_name()}/" for _ in range(2)]
    made = admin.create(ROUTES, name=new_name(), mount=mounts[0], action="serve", targets=[target])
    port = pulp.instance.content_port
    for number in range(10):
        old, new = mounts[number % 2], mounts[(number + 1) % 2]
        assert ask(port, f"{old}x").status == 200
        assert admin.call("PATCH", made["pulp_href"], mount=new).status_code == 200
        time.sleep(0.1)
        for _ in range(4):
            assert (ask(port, f"{old}x").status, ask(port, f"{new}x").status) == (404, 200)
    admin.call("PATCH", made["pulp_href"], enabled=False)
    time.sleep(0.1)
    assert {ask(port, f"{mount}x").status for mount in mounts} == {404}
