"""A change of the content is seen, whatever happens to its notification."""

from pathlib import Path

import pytest

from pulp_contentroutes.serving.database import schema
from pulp_contentroutes.serving.database.pool import _SERVER_SETTINGS
from tests.harness.database_proxy import LISTEN
from tests.harness.pgbouncer import requires_pgbouncer, run_pgbouncer
from tests.harness.waiting import wait_until
from tests.pulp.adversity import CHANGING, Site, Stage, content_app, is_fast


def test_a_change_is_seen_at_once_while_nothing_is_listened_to(stage: Stage) -> None:
    """Or clients would install content that a publish has just replaced."""
    site, proxy = stage.site, stage.proxy
    site.serve(0)
    stage.wait_for_change(0)
    proxy.cuts_at = LISTEN
    proxy.cut(only_listening=True)
    cut = proxy.accepted
    wait_until(lambda: proxy.listening == 0 and proxy.accepted > cut, what="another attempt")
    for number in (1, 0, 1, 0):
        site.serve(number)
        answer = stage.changing()
        assert (answer.body, is_fast(answer)) == (CHANGING[number], True)
    proxy.restore()
    stage.wait_for_memory(f"{site.changing}/changing.txt")
    site.serve(1)
    stage.wait_for_change(1)


def test_a_connection_lost_while_the_schema_is_looked_at_is_no_mismatch(stage: Stage) -> None:
    """Or one restart in an unlucky moment would switch the fast path off for half a minute."""
    stage.proxy.cuts_at = b"core_distribution dist"
    accepted = stage.proxy.accepted
    # The same notification as at the end of our migrations.
    stage.site.sql(f"NOTIFY {schema.CHANNEL}, '{schema.CHANGED}'")
    wait_until(lambda: stage.proxy.accepted > accepted + 1, what="another attempt to listen")
    stage.proxy.restore()
    stage.settle()
    assert not stage.app.says("CRITICAL")


def test_a_listening_connection_that_is_silently_dead_is_noticed(stage: Stage) -> None:
    """Or a firewall that forgets idle connections would freeze a mirror for ever."""
    stage.site.serve(0)
    stage.wait_for_change(0)
    stage.proxy.stall(only_listening=True)
    stage.site.serve(1)
    # Two heartbeats of 5 s, and a margin for a busy machine; raises when the time is over.
    stage.wait_for_change(1, seconds=20)
    assert stage.changing().body == CHANGING[1]


TRIGGER = "ALTER TABLE core_distribution {} TRIGGER contentroutes_core_distribution_update"
BYPASSES = {
    "replica": ("SET session_replication_role = replica", "RESET session_replication_role", 5),
    # Five seconds between two looks, and a margin for a busy machine.
    "disabled": (TRIGGER.format("DISABLE"), TRIGGER.format("ENABLE ALWAYS"), 20),
}


@pytest.mark.parametrize("bypass", BYPASSES)
def test_a_change_that_bypasses_triggers_is_noticed(stage: Stage, bypass: str) -> None:
    """Or after a restore of some tables, the former content would be served for ever."""
    site = stage.site
    before, after, seconds = BYPASSES[bypass]
    site.serve(0)
    stage.wait_for_change(0)
    with site.connect() as connection:
        connection.autocommit = True
        connection.execute(before.encode())
        connection.execute(
            "UPDATE core_distribution SET publication_id = %s WHERE base_path = %s",
            [site.publications[1], site.changing],
        )
        connection.execute(after.encode())
    stage.wait_for_change(1, seconds=seconds)


@requires_pgbouncer
@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_a_change_is_seen_at_once_behind_pgbouncer(site: Site, tmp_path: Path, mode: str) -> None:
    """Or snapshots and guards would be outdated for ever, though the log says all is well."""
    known = ",".join(("extra_float_digits", "statement_timeout", *_SERVER_SETTINGS))
    server = str(site.socket.parent)
    with (
        run_pgbouncer(server, mode, ignore_startup_parameters=known) as pooler,
        content_app(site.instance, tmp_path, pooler) as app,
    ):
        said = "Changes are not heard of" if mode == "transaction" else "Listening to the database"
        wait_until(lambda: app.says(said), 30, f"said: {said}")
        for number in (1, 0, 1, 0):
            site.serve(number)

            def changed(number: int = number) -> bool:
                answer = app.route.get(f"{site.changing}/changing.txt")
                assert is_fast(answer)
                return answer.body == CHANGING[number]

            # Answers that ask the database are right at once; those that rely on notifications,
            # in a moment.
            assert mode == "session" or changed()
            wait_until(changed, 5, "the change")
