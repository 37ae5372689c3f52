"""Content routes in Pulp's REST API: their rules, each with a sentence that names the conflict."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pulpcore.plugin.models import Distribution

from pulp_contentroutes.app.models import ContentRoute
from pulp_contentroutes.app.routes.rows import row_of
from pulp_contentroutes.serving.database import route_sql
from pulp_contentroutes.serving.resolve.route_rows import route_of
from pulp_contentroutes.serving.routing.content_routes import Serve
from tests.harness.rest import USER_PASSWORD, Rest, basic, new_name

ROUTES = "contentroutes/routes/"
REDIRECT = {"action": "redirect", "location": "/new/{path}"}


@pytest.fixture
def distribution(admin: Rest) -> str:
    """Return the href of a distribution with the base path `base/path`."""
    values = {"name": "distribution", "base_path": "base/path"}
    return admin.create_in_task("distributions/file/file/", **values)


def create(rest: Rest, **values: Any) -> dict[str, Any]:
    """Create a route, by default a redirect."""
    given = values if "action" in values else {**REDIRECT, **values}
    return rest.create(ROUTES, **{"name": new_name(), **given})


def refusal(rest: Rest, **values: Any) -> str:
    """Return the text of the refusal of a route."""
    given = values if "action" in values else {**REDIRECT, **values}
    answer = rest.call("POST", ROUTES, **{"name": new_name(), **given})
    assert answer.status_code == 400, answer.text
    return str(answer.text)


def test_a_route_is_made_with_one_call(admin: Rest, distribution: str) -> None:
    made = create(
        admin,
        name="debian",
        mount="/debian/",
        action="serve",
        targets=[{"distribution": distribution, "path": "dists/"}],
        host="Debs.Example.com",
        cache_control="max-age=60",
        headers={"X-Team": "a"},
        deny=["secret/*"],
        pulp_labels={"team": "a"},
    )
    shown = admin.call("GET", made["pulp_href"]).json()
    assert shown == made
    assert shown["targets"] == [{"distribution": distribution, "path": "dists"}]
    assert (shown["host"], shown["enabled"], shown["listings"]) == ("debs.example.com", True, True)
    assert admin.call("DELETE", made["pulp_href"]).status_code == 204
    assert not ContentRoute.objects.exists()


def test_a_route_is_changed(admin: Rest, distribution: str) -> None:
    other = admin.create_in_task("distributions/file/file/", name="other", base_path="other")
    made = create(admin, mount="/a/", action="serve", targets=[{"distribution": distribution}])
    href = made["pulp_href"]
    targets = [{"distribution": other}, {"distribution": distribution}]
    changed = admin.call("PATCH", href, mount="/b/", targets=targets).json()
    assert changed["targets"] == [{**each, "path": ""} for each in targets]
    [route] = ContentRoute.objects.all()
    assert (route.stem, route.shape) == ("/b/", "/b/")
    changed = admin.call("PATCH", href, **REDIRECT).json()
    assert (changed["action"], changed["targets"], changed["status"]) == ("redirect", [], 302)
    answer = admin.call("PATCH", href, action="serve")
    assert (answer.status_code, "needs a target" in answer.text) == (400, True)
    assert admin.call("PATCH", href, enabled=False).json()["enabled"] is False


def test_of_two_changes_at_once_the_second_one_sees_the_first(admin: Rest) -> None:
    """Or a change of the description would bring back a guard that was just replaced."""
    href = create(admin, mount="/a/")["pulp_href"]
    with CaptureQueriesContext(connection) as asked:
        assert admin.call("PATCH", href, description="x").status_code == 200
    statements = [query["sql"] for query in asked]
    [locks] = [at for at, each in enumerate(statements) if "FOR UPDATE" in each]
    [writes] = [at for at, each in enumerate(statements) if each.startswith("UPDATE")]
    reads = [at for at, each in enumerate(statements) if _reads_route(each)]
    assert any(locks < at < writes for at in reads)


def _reads_route(statement: str) -> bool:
    is_query = statement.startswith("SELECT") and "FOR UPDATE" not in statement
    return is_query and 'FROM "contentroutes_contentroute" WHERE' in statement


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"mount": "debian/"}, "begins and ends with a slash"),
        ({"mount": "/"}, "needs a host"),
        ({"mount": "/{a}/", "location": "/{a}/"}, "needs a host"),
        ({"mount": "/a/", "host": "a:80"}, "without a port"),
        ({"mount": "/a/", "location": "//evil.example/{path}"}, "begins with one slash"),
        ({"mount": "/a/", "location": "{path}"}, "begins with one slash"),
        ({"mount": "/a/", "location": ""}, "needed for 'redirect'"),
        ({"mount": "/a/{x}/"}, "'x' of the mount is not used"),
        ({"mount": "/a/", "location": "/{y}/"}, "no capture 'y'"),
        ({"mount": "/a/", "location": "/a/{path}"}, "redirected for ever"),
        ({"mount": "/a/", "status": 303}, "is not a valid choice"),
        ({"mount": "/a/", "headers": {"Set-Cookie": "a"}}, "cannot be given"),
        ({"mount": "/a/", "headers": {"CDN-Cache-Control": "public"}}, "cannot be given"),
        ({"mount": "/a/", "headers": {"X-A": "a\r\nX-B: b"}}, "printable ASCII"),
        ({"mount": "/a/", "cache_control": "a\r\nb"}, "printable ASCII"),
        ({"mount": "/a/", "path": "x"}, "does not belong to 'redirect'"),
        ({"mount": "/a/", "unknown": "x"}, "Unexpected field"),
        ({"mount": "/a/", "action": "rewrite"}, "needed for 'rewrite'"),
        ({"mount": "/a/", "action": "rewrite", "path": "/x"}, "no slash at its begin"),
        ({"mount": "/a/", "action": "serve"}, "needs a target"),
        ({"mount": "/a/\0/"}, "Null characters"),
    ],
)
def test_a_route_that_could_not_work_is_refused(
    admin: Rest, values: dict[str, Any], sentence: str
) -> None:
    assert sentence in refusal(admin, **values)


@pytest.mark.parametrize(
    "mount",
    [
        *("/pulp/api/v3/", "/pulp/api/", "/pulp/", "/pulp/content/", "/pulp/content/a/"),
        *("/pulp_contentroutes/", "/pulp_contentroutes/content/a/", "/auth/", "/auth/login/"),
        *("/pulp/api/v3/{a}/", "/pulp/{a}/"),
    ],
)
def test_a_mount_takes_no_url_that_is_in_use(admin: Rest, mount: str) -> None:
    location = "/new/{a}/" if "{a}" in mount else "/new/"
    assert "which is in use" in refusal(admin, mount=mount, location=location)


@pytest.mark.parametrize("mount", ["/pulp/repos/", "/pulp/isos/", "/content/", "/pulpx/"])
def test_a_mount_may_be_beside_urls_that_are_in_use(admin: Rest, mount: str) -> None:
    assert create(admin, mount=mount)["mount"] == mount


def test_a_host_of_its_own_may_have_every_url_but_those_of_the_content_app(admin: Rest) -> None:
    elsewhere = "https://b.example/{path}"
    create(admin, mount="/", host="a.example", location=elsewhere)
    create(admin, mount="/auth/", host="a.example", location=elsewhere)
    assert "in use" in refusal(admin, mount="/pulp/content/x/", host="a.example")


def test_a_mount_belongs_to_one_route(admin: Rest) -> None:
    create(admin, name="first", mount="/a/{x}/", location="/{x}/")
    values = {"mount": "/a/{y}/", "location": "/{y}/"}
    assert "The route 'first' has these URLs: '/a/{x}/'." in refusal(admin, **values)
    create(admin, **values, host="other.example")
    assert "This field must be unique" in refusal(admin, name="first", mount="/b/")


def test_redirects_that_lead_back_are_refused(admin: Rest) -> None:
    create(admin, name="one", mount="/one/", location="/two/{path}")
    create(admin, name="two", mount="/two/", location="/three/x/{path}")
    text = refusal(admin, name="three", mount="/three/{v}/", location="/one/{v}/{path}")
    assert "three → one → two" in text
    create(admin, name="three", mount="/three/{v}/", location="/four/{v}/{path}")
    create(admin, name="elsewhere", mount="/five/", location="https://other.example/five/")


def test_a_target_is_in_the_domain_and_visible(admin: Rest, distribution: str) -> None:
    user = admin.user()["username"]
    own = admin.as_user(basic(user, USER_PASSWORD))
    values = {"mount": "/a/", "action": "serve", "targets": [{"distribution": distribution}]}
    assert own.call("POST", ROUTES, name="a", **values).status_code == 403
    creator = {"role": "contentroutes.contentroute_creator", "content_object": None}
    admin.call("POST", f"users/{id_of(admin, user)}/roles/", **creator, domain=None)
    assert "you may not see it" in refusal(own, **values)
    admin.add_role(distribution, "file.filedistribution_viewer", users=[user])
    made = create(own, **values)
    assert own.call("PATCH", made["pulp_href"], enabled=False).status_code == 200
    stranger = admin.as_user(basic(admin.user()["username"], USER_PASSWORD))
    assert stranger.call("GET", made["pulp_href"]).status_code == 404
    assert stranger.call("GET", ROUTES).json()["count"] == 0


def id_of(admin: Rest, name: str) -> str:
    [user] = admin.call("GET", f"users/?username={name}").json()["results"]
    return str(user["pulp_href"]).split("/")[-2]


def test_routes_are_filtered_and_labelled(admin: Rest) -> None:
    made = create(admin, name="a", mount="/a/", pulp_labels={"team": "x"})
    create(admin, name="b", mount="/b/", host="h.example", enabled=False)

    def found(query: str) -> list[str]:
        results = admin.call("GET", f"{ROUTES}?{query}").json()["results"]
        return sorted(each["name"] for each in results)

    assert found("mount=/a/") == ["a"]
    assert found("host=h.example") == ["b"]
    assert found("enabled=false") == ["b"]
    assert found("action=redirect") == ["a", "b"]
    assert found("pulp_label_select=team=x") == ["a"]
    answer = admin.call("POST", f"{made['pulp_href']}set_label/", key="team", value="y")
    assert answer.status_code == 201
    assert found("pulp_label_select=team=y") == ["a"]


def test_the_statements_read_what_the_api_has_written(admin: Rest, distribution: str) -> None:
    """The same values as by the models, which the rules are decided with."""
    create(
        admin, mount="/a/", action="serve", headers={"X-A": "b"}, allow=["*.deb"],
        targets=[{"distribution": distribution, "path": "x"}, {"distribution": distribution}],
    )  # fmt: skip
    create(admin, mount="/b/{x}/", location="/{x}/", status=301)
    create(admin, mount="/c/", enabled=False)
    statement = route_sql.ROUTES_OF_URL.replace("$1", "%s").replace("$2", "%s")
    with connection.cursor() as cursor:
        cursor.execute(statement, [[""], ["/a/", "/b/", "/c/"]])
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    found = {row["mount"]: route_of(row) for row in rows}
    assert found.keys() == {"/a/", "/b/{x}/"}
    for route in ContentRoute.objects.filter(enabled=True):
        expected, one = route_of(row_of(route)), found[route.mount]
        assert expected is not None
        assert one is not None
        for name in type(one).__dataclass_fields__:
            assert getattr(one, name) == getattr(expected, name), name
    serving = found["/a/"]
    assert serving is not None
    assert serving.action == Serve(("base/path/x/", "base/path/"))


def test_a_route_whose_guard_is_deleted_is_disabled(admin: Rest) -> None:
    """Or it would be open to everyone."""
    guard = admin.guard("core/rbac")
    href = create(admin, mount="/a/", content_guard=guard)["pulp_href"]
    assert admin.call("DELETE", guard).status_code == 204
    shown = admin.call("GET", href).json()
    assert (shown["content_guard"], shown["enabled"]) == (None, False)


def test_a_route_without_its_distribution_stays(admin: Rest, distribution: str) -> None:
    made = create(admin, mount="/a/", action="serve", targets=[{"distribution": distribution}])
    admin.run_task("DELETE", distribution)
    assert not Distribution.objects.filter(base_path="base/path").exists()
    assert admin.call("GET", made["pulp_href"]).json()["targets"] == []
