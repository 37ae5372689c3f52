"""What the migrations make is what the fast path looks for at its start."""

import re
from importlib import import_module
from pathlib import Path

from pulp_contentroutes.serving import schema

FOLDER = Path(__file__).parents[3] / "pulp_contentroutes" / "app" / "migrations"
MODULES = [
    import_module(f"pulp_contentroutes.app.migrations.{file.stem}") for file in FOLDER.glob("0*.py")
]
UP = "".join(
    value for module in MODULES for name, value in vars(module).items() if name.endswith("_UP")
)


def test_every_trigger_and_index_is_looked_for() -> None:
    """One that is missing would leave plans in memory for ever."""
    made = re.findall(r"CREATE (?:TRIGGER|INDEX CONCURRENTLY) (\w+)", UP)
    assert sorted(made) == sorted(schema.REQUIRED_OBJECTS)


def test_the_triggers_notify_the_channel_that_is_listened_to() -> None:
    assert set(re.findall(r"pg_notify\('(\w+)'", UP)) == {schema.CHANNEL}
    assert f"ELSE '{schema.EVERYTHING}' END" in UP
