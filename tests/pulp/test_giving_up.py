"""A content worker that can no longer know the right answer leaves it to Pulp."""

from contextlib import ExitStack
from pathlib import Path

from pulp_contentroutes.serving.database import schema
from tests.harness.waiting import wait_until
from tests.pulp.adversity import Site, Stage, content_app, is_fast


def deploy_check(site: Site) -> str:
    """Return the faults that Pulp's deploy checks find in the plugin, each with its id."""
    return site.instance.console.run("""
from django.core.checks import run_checks
found = run_checks(include_deployment_checks=True)
print(*(f"{each.id} {each.msg}" for each in found if "contentroutes" in str(each.id)))
""")


def test_a_schema_that_is_not_ours_is_left_to_pulp_until_it_is(site: Site, tmp_path: Path) -> None:
    """Or after an upgrade of pulpcore we would serve content that was never published."""
    # Pulp's own handler does not need the trigger, but we would not hear of a change.
    trigger = "TRIGGER contentroutes_core_distribution_update"
    site.sql(f"ALTER TABLE core_distribution DISABLE {trigger}")
    with content_app(site.instance, tmp_path, site.socket.parent) as app:
        answer, is_off = app.route.get(site.small), app.says("CRITICAL: The fast path is off")
        without_trigger = deploy_check(site)
        site.sql(f"ALTER TABLE core_distribution ENABLE {trigger}")
        column = "ALTER TABLE core_publishedartifact RENAME COLUMN"
        site.sql(f"{column} relative_path TO renamed")
        without_column = deploy_check(site)
        site.sql(f"{column} renamed TO relative_path")
        # As at the end of our migrations; without it, the worker looks again in half a minute.
        site.sql(f"NOTIFY {schema.CHANNEL}, '{schema.CHANGED}'")
        assert (is_off, answer.body, is_fast(answer)) == (True, site.files[site.small], False)
        assert "contentroutes.E004" in without_trigger
        assert "lack core_publishedartifact.relative_path" in without_column
        wait_until(lambda: is_fast(app.route.get(site.small)), what="the fast path on")


def test_beyond_the_stale_limit_nothing_old_is_served(site: Site, tmp_path: Path) -> None:
    """Or a worker that has lost its database would serve yesterday's packages for days."""
    settings = {"CONTENTROUTES_STALE_IF_ERROR": "3", "CONTENT_APP_TTL": "48"}
    with ExitStack() as stack:
        proxy = stack.enter_context(site.proxied())
        app = content_app(site.instance, tmp_path, proxy.folder, **settings)
        stage = Stage(site, proxy, stack.enter_context(app))
        stage.settle()
        proxy.is_closed = True
        proxy.cut()
        assert is_fast(stage.app.route.get(site.small))
        wait_until(lambda: stage.app.route.get(site.small).status == 500, 15, "Pulp's own answer")
        proxy.restore()
        stage.settle()
        # Without a database Pulp's worker ends itself, for its supervisor to start another.
        proxy.is_closed = True
        proxy.cut()
        stage.app.master.wait(40)
