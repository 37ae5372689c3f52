"""The plugin's life on one Pulp: used, taken back, removed and installed again.

After each step, all of Pulp's lists answer, content is right, and guards hold: on `serve` alone,
and on Debian's PostgreSQL behind nginx and Apache.
"""

import base64
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from functools import partial

import pytest

from pulp_contentroutes.standalone.postgres import Cluster
from tests.harness.http1 import Route
from tests.harness.pulp import Pulp
from tests.harness.rest import Rest, basic
from tests.harness.standalone import SCRIPTS, Standalone, run
from tests.harness.template import PASSWORD
from tests.harness.waiting import connects, free_ports, wait_until
from tests.pulp.debian import run_pulp_on_debian
from tests.pulp.life import FILES, Used, use_everything

#: All plugins but this one.
PLUGINS = '["pulp_file", "pulp_certguard", "pulp_python"]'
#: The key in the form that a header guard expects.
KEY = base64.b64encode(b"yes").decode()
#: Repositories protect the content that they hold, and so are deleted first.
DELETE_EVERYTHING = """
from django.apps import apps as all_apps
models = all_apps.get_app_config("contentroutes").get_models()
for model in sorted(models, key=lambda model: not model.__name__.startswith("Galaxy")):
    model.objects.filter().delete()
"""


def manage(instance: Standalone, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run("manage", "--data", str(instance.data), *arguments)


@contextmanager
def without_the_plugin(used: Used) -> Iterator[Used]:
    """Run Pulp's API and content app as if without the plugin; PostgreSQL runs already."""
    instance, rest, content = used.pulp.instance, free_ports(), free_ports()
    environment = {**instance.variables(), "PULP_ENABLED_PLUGINS": PLUGINS}
    with ExitStack() as stack, instance.log.open("ab") as log:
        for name, port in (("api", rest), ("content", content)):
            command = [str(SCRIPTS / f"pulpcore-{name}"), "--bind", f"127.0.0.1:{port}"]
            command.append("--no-control-socket")
            service = subprocess.Popen(command, env=environment, cwd="/", stdout=log, stderr=log)
            stack.enter_context(service)
            # Killed processes would count as running for two minutes (docs/operating.md).
            stack.callback(service.terminate)
        for port in (rest, content):
            wait_until(partial(connects, port), what="a service without the plugin")
        bare = replace(
            used,
            rest=Rest(f"http://127.0.0.1:{rest}"),
            stock=Route.of("stock", content),
            fronts=(),
        )
        versions = bare.rest.call("GET", "status/").json()["versions"]
        assert "contentroutes" not in {each["component"] for each in versions}
        yield bare


def is_fast(used: Used) -> bool:
    return "repr-digest" in used.public_file(X_Key=KEY).headers


def set_guard(used: Used, guard: str | None) -> None:
    """Set the guard of the public distribution."""
    answer = used.rest.call("PATCH", used.public_href, content_guard=guard)
    if answer.status_code != 200:
        assert used.rest.wait_for_task(answer)["state"] == "completed"


@pytest.fixture(
    scope="module", params=["serve", pytest.param("Debian", marks=pytest.mark.exhaustive)]
)
def used(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Used]:
    if request.param == "serve":
        life: Used = request.getfixturevalue("life")
        yield use_everything(life.pulp)
        return
    with run_pulp_on_debian(tmp_path_factory.mktemp("debian")) as (instance, apache):
        routes = [Route.of("stock", port) for port in (instance.port, apache)]
        yield use_everything(Pulp(instance), routes)


@contextmanager
def database_of(instance: Standalone) -> Iterator[None]:
    """Run PostgreSQL alone; a server that `serve` was given runs anyway."""
    cluster = Cluster(instance.data)
    with cluster.running() if cluster.data.exists() else nullcontext():
        yield


def test_taking_a_used_plugin_back_is_refused_and_pulp_goes_on(used: Used) -> None:
    ended = manage(used.pulp.instance, "migrate", "contentroutes", "zero")
    assert ended.returncode == 1
    [sentence] = ended.stderr.splitlines()
    assert sentence.startswith("CommandError: Nothing was changed: this migration would delete ")
    assert "'pulpcore-manager remove-plugin contentroutes'" in sentence
    used.check()


def test_a_guard_that_is_set_after_the_triggers_have_gone_holds(used: Used) -> None:
    """The content app runs all the time, and has the file in memory."""
    instance = used.pulp.instance
    wait_until(lambda: is_fast(used), what="the fast path")
    guard = used.rest.guard("core/header", header_name="X-Key", header_value="yes")
    instance.console.run(DELETE_EVERYTHING)
    ended = manage(instance, "migrate", "contentroutes", "zero")
    assert ended.returncode == 0, ended.stderr
    set_guard(used, guard)
    assert used.public_file().status == 403
    assert used.public_file(X_Key=KEY).body == FILES["hello.txt"]
    assert not is_fast(used)
    # Clients go on sending their tokens.
    assert used.public_file(X_Key=KEY, Authorization=f"Bearer {used.token}").status == 200
    ended = manage(instance, "migrate")
    assert ended.returncode == 0, ended.stderr
    # Without a notification from the migration it would take half a minute.
    wait_until(lambda: is_fast(used), 15, "the fast path again")
    assert used.public_file().status == 403
    set_guard(used, None)
    wait_until(lambda: used.public_file().status == 200, what="the file open to all again")
    used.check()


@pytest.mark.exhaustive
def test_a_plugin_that_is_taken_back_and_uninstalled_leaves_a_pulp_that_answers(
    used: Used,
) -> None:
    """Also for tasks that have created objects of a type that Pulp no longer knows."""
    instance = used.pulp.instance
    again = use_everything(used.pulp, used.fronts)
    instance.console.run(DELETE_EVERYTHING)
    ended = manage(instance, "migrate", "contentroutes", "zero")
    assert ended.returncode == 0, ended.stderr
    with without_the_plugin(again) as bare:
        bare.check()
    assert manage(instance, "migrate").returncode == 0


@pytest.mark.exhaustive
def test_a_plugin_that_is_removed_leaves_no_trace_and_can_be_installed_again(used: Used) -> None:
    instance = used.pulp.instance
    again = use_everything(used.pulp, used.fronts)
    again.check()
    instance.close_console()
    instance.stop()
    ended = manage(instance, "remove-plugin", "contentroutes")
    assert ended.returncode == 0, ended.stderr
    with database_of(instance), without_the_plugin(again) as bare:
        bare.check()
        answer = bare.guarded_file(Authorization=basic("admin", PASSWORD))
        assert answer.body == FILES["hello.txt"]
        for path in ("roles/", "access_policies/", "contentguards/", "content/", "repositories/"):
            assert "contentroutes" not in bare.rest.call("GET", f"{path}?limit=1000").text
    instance.start()
    again.check()
    use_everything(used.pulp, used.fronts).check()
