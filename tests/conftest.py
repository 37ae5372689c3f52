"""The Pulps that tests share, the order and groups of tests, and a check for blocking calls."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from blockbuster import BlockBuster, blockbuster_ctx

from tests.harness.pulp import Pulp
from tests.harness.standalone import Standalone, run_pulp

#: Without domains and with them: tests that are marked `domains` run on both.
PLAIN, DOMAINS = "plain", "domains"
_TESTS = Path(__file__).parent
_COMPARED = "differential"
#: The folders of tests, the slowest first.
_ORDER = (
    *("suites", "differential", "pulp", "plugins", "clients", "django"),
    *("snippets", "postgres", "contracts", "unit"),
)
#: Modules of tests/pulp with a group of their own. The process of the differential tests has a Pulp
#: with domains, for all tests that need one.
_GROUPS = {
    "test_adversity_changes.py": "adversity",
    "test_adversity_clients.py": "adversity",
    "test_adversity_database.py": "adversity",
    "test_adversity_disk.py": "adversity",
    "test_domains.py": _COMPARED,
    "test_giving_up.py": "adversity",
    "test_install.py": "life cycle",
    "test_instance.py": "life cycle",
    "test_life_cycle.py": "life cycle",
    "test_operating.py": "life",
    "test_readme.py": "life cycle",
    "test_refused_commands.py": "life cycle",
    "test_removal.py": "life",
}
#: The group that runs first, before all folders: it takes one process minutes.
_FIRST = "life cycle"
#: The modules that run first in their folder, for the same reason: they wait for processes.
_FIRST_OF_FOLDER = (
    *("test_restarts.py", "test_shutdown.py", "test_service_logs.py"),
    "test_packaging.py",
)
_NOTES = pytest.StashKey[list[str]]()
#: With one worker, the second answer comes from the memory that the first one filled.
_ONE_WORKER = ("--content-workers", "1")
#: No limit: all tests share one address, and some send nothing but wrong credentials.
_SETTINGS = {"CONTENTROUTES_FAILED_LOGINS": "0"}

# No test fails because the machine is busy: speed belongs in `make bench`.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

# A shell that runs the tests in the background ignores these signals, and every Pulp that the tests
# start would inherit that.
for number, handler in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGQUIT, signal.SIG_DFL),
):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run marked tests in both variants; others run in the second one only before a release.

    Those have the mark `exhaustive`.
    """
    for fixture, marker, (usual, other) in (
        ("pulp", "domains", (PLAIN, DOMAINS)),
        ("cache", "redis", ("without cache", "with cache")),
    ):
        if fixture in metafunc.fixturenames:
            found = metafunc.definition.get_closest_marker(marker)
            # `domains(False)` exempts a test from the mark of its module.
            is_marked = found is not None and found.args != (False,)
            marks = () if is_marked else (pytest.mark.exhaustive,)
            values = [usual, pytest.param(other, marks=marks)]
            metafunc.parametrize(fixture, values, indirect=True, scope="session")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slowest tests first, as the last group of a run keeps only one process busy."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> tuple[bool, int, bool]:
    name = item.path.name
    folder = _ORDER.index(item.path.relative_to(_TESTS).parts[0])
    return _GROUPS.get(name) != _FIRST, folder, name not in _FIRST_OF_FOLDER


def group_of(nodeid: str) -> str:
    """Return the group of a test: one process runs its tests, which share a Pulp or a server."""
    path, _, name = nodeid.partition("::")
    folder, *below = path.removeprefix("tests/").split("/")
    if folder == "unit":
        return path
    if folder != "pulp":
        return folder
    usual = _COMPARED if name.partition("[")[2].startswith(DOMAINS) else PLAIN
    return _GROUPS.get(below[0], usual)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Distribute groups. xdist's own `loadgroup` changes node ids, which pytest 9.2 ignores."""
    from xdist.scheduler import LoadScopeScheduling

    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = group_of
    return scheduler


# Notes for the end of the run, which workers of pytest-xdist send to the process that prints.


@pytest.fixture(scope="session")
def notes(pytestconfig: pytest.Config) -> list[str]:
    """Return the list of lines with figures for the end of the run."""
    return pytestconfig.stash.setdefault(_NOTES, [])


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["notes"] = session.config.stash.get(_NOTES, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash.setdefault(_NOTES, []).extend(node.workeroutput.get("notes", []))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if config.stash.get(_NOTES, []):
        terminalreporter.section("notes")
        for line in config.stash[_NOTES]:
            terminalreporter.write_line(line)


@pytest.fixture(autouse=True)
def no_blocking_calls() -> Iterator[BlockBuster]:
    """Make a blocking call of our code an error, in every test with an event loop."""
    with blockbuster_ctx("pulp_contentroutes") as blockbuster:
        # asyncpg looks for a password file once for each new connection.
        for name in ("os.stat", "io.BufferedReader.read", "io.TextIOWrapper.read"):
            blockbuster.functions[name].can_block_in(
                "asyncpg/connect_utils.py", {"_read_password_file"}
            )
        yield blockbuster


def _exporting(data: Path) -> dict[str, str]:
    """Return the settings of a Pulp in `data` that exports to, and imports from, `exports`."""
    folder = json.dumps([str(data.with_name("exports"))])
    return {"ALLOWED_EXPORT_PATHS": folder, "ALLOWED_IMPORT_PATHS": folder}


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """Run a Pulp without domains, with the demo."""
    data = tmp_path_factory.mktemp(PLAIN) / "data"
    options = ("--demo", *_ONE_WORKER)
    with run_pulp(data, *options, settings={**_SETTINGS, **_exporting(data)}) as instance:
        yield instance


@pytest.fixture(scope="session")
def domains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """Run a Pulp with domains."""
    data = tmp_path_factory.mktemp(DOMAINS) / "data"
    settings = {**_SETTINGS, **_exporting(data), "DOMAIN_ENABLED": "true"}
    with run_pulp(data, *_ONE_WORKER, settings=settings) as instance:
        yield instance


@pytest.fixture(scope="session")
def pulp(request: pytest.FixtureRequest) -> Pulp:
    instance: Standalone = request.getfixturevalue(request.param)
    return Pulp(instance, "default" if request.param == DOMAINS else None)


@pytest.fixture(scope="session")
def token(pulp: Pulp) -> str:
    """Return a token that may read and publish."""
    return str(pulp.rest.token(scope="publish")["token"])
