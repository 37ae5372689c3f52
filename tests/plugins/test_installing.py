"""Our migrations beside the plugins: forwards, backwards and forwards again."""

from pathlib import Path

import pytest

from tests.harness.standalone import Standalone, run_pulp
from tests.harness.waiting import wait_until
from tests.plugins.environment import ENVIRONMENTS, Environment
from tests.plugins.site import BEFORE_A_RELEASE

pytestmark = BEFORE_A_RELEASE

#: Columns, indexes, constraints and triggers of every table but ours, as text.
_SCHEMA = """
from django.db import connection

PARTS = (
    "SELECT table_name, column_name, data_type, is_nullable, column_default"
    "  FROM information_schema.columns WHERE table_schema = 'public'",
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace",
    "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger"
    " WHERE NOT tgisinternal",
)
with connection.cursor() as cursor:
    for part in PARTS:
        cursor.execute(part)
        for row in sorted(map(str, cursor.fetchall())):
            print(row)
"""
_OURS = "contentroutes"
_ON = b"the fast path is on"
_OFF = b"The fast path is off"


def lines_of(instance: Standalone) -> list[str]:
    return instance.console.run(_SCHEMA).splitlines()


def migrate(instance: Standalone, *target: str) -> None:
    instance.console.run(
        f"from django.core.management import call_command; call_command('migrate', *{target!r})"
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda each: each.name)
def test_the_plugins_tables_are_as_they_were_after_a_downgrade(
    environment: Environment, tmp_path: Path
) -> None:
    with run_pulp(tmp_path / "data", environment=environment.make()) as instance:

        def wait_for(said: bytes, times: int) -> None:
            wait_until(lambda: instance.log.read_bytes().count(said) >= times, what=str(said))

        wait_for(_ON, 1)
        migrated = lines_of(instance)
        watched = {line.split("'")[1] for line in migrated if "EXECUTE FUNCTION contentr" in line}
        assert {"deb_distributedpublication", "core_distribution"} <= watched
        migrate(instance, _OURS, "zero")
        wait_for(_OFF, 1)
        left = lines_of(instance)
        assert [line for line in left if _OURS in line] == []
        assert left == [line for line in migrated if _OURS not in line]
        on = instance.log.read_bytes().count(_ON)
        migrate(instance)
        assert lines_of(instance) == migrated
        wait_for(_ON, on + 1)
