"""Runs of the suites, and the result of each test."""

import json
import os
import subprocess
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.harness.standalone import SCRIPTS
from tests.harness.template import PASSWORD
from tests.suites import environment
from tests.suites.expected import NOT_RUN

SUITES: Final = ("pulpcore", "pulp_file", "pulp_certguard")
#: A variable that the test of the environment guard shares with the content app.
SECRET: Final = {"ENVVAR_HEADER_GUARD_TEST_SECRET": "the secret of the tests"}
_TEST_SECONDS: Final = 120
_RUN_SECONDS: Final = 3000


@dataclass(frozen=True)
class Result:
    #: passed, failed, error, skipped or xfailed
    outcome: str
    #: The failure as pytest reports it, or the reason.
    says: str = ""


def settings(folder: Path, origin: str) -> dict[str, str]:
    """Return Pulp's settings for suites that run in a folder and ask for content at an origin."""
    return {
        "CONTENT_ORIGIN": origin,
        "ENVVAR_HEADER_CONTENT_GUARD_ALLOWED_VARS": json.dumps(list(SECRET)),
        # Where the suites put their upstreams' files, for remotes with file:// URLs.
        "ALLOWED_IMPORT_PATHS": json.dumps([str(folder)]),
        # Seconds; pulp_file's test waits for the end of this period, and needs no longer one.
        "DISTRIBUTED_PUBLICATION_RETENTION_PERIOD": "5",
    }


def run_suites(
    folder: Path, variables: dict[str, str], api_port: int, *options: str
) -> dict[str, Result]:
    """Run all tests that ask the content app, with a Pulp's variables; return results by test.

    A test is named by its module without `tests.functional.api`, its class and its name:
    `pulpcore.using_plugin.test_contentguard.test_composite_contentguard_permissions`.
    """
    python = environment.python()
    folder.mkdir()
    report = folder / "report.xml"
    command = [str(python), "-m", "pytest", "-v", "-p", "select_content", f"--junitxml={report}"]
    bounds = [f"--timeout={_TEST_SECONDS}", f"--basetemp={folder / 'files'}"]
    # Use neither the settings of our own tests nor their plugins.
    apart = [f"--rootdir={folder}", "-c", "/dev/null", "-p", "no:cacheprovider"]
    modules = ["--continue-on-collection-errors", "--pyargs"]
    modules += [f"{suite}.tests.functional" for suite in SUITES]
    omitted = [f"--deselect={test}" for test in NOT_RUN]
    with (folder / "output.txt").open("wb") as output:
        subprocess.run(
            [*command, *bounds, *apart, *omitted, *options, *modules],
            cwd=folder,
            env=_environment(variables, api_port),
            stdout=output,
            stderr=output,
            check=False,
            timeout=_RUN_SECONDS,
        )
    assert report.exists(), (folder / "output.txt").read_text(encoding="utf-8")
    return _read(report)


def _environment(variables: dict[str, str], api_port: int) -> dict[str, str]:
    kept = {name: value for name, value in variables.items() if not name.startswith("PYTEST_")}
    return {
        **kept,
        **SECRET,
        "API_PROTOCOL": "http",
        "API_HOST": "127.0.0.1",
        "API_PORT": str(api_port),
        "ADMIN_PASSWORD": PASSWORD,
        # The suites call pulpcore-manager.
        "PATH": f"{SCRIPTS}{os.pathsep}{variables['PATH']}",
        "PYTHONPATH": str(Path(__file__).parent),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _read(report: Path) -> dict[str, Result]:
    results: dict[str, Result] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        name = _name(case)
        # A test that fails and cannot clean up is listed twice.
        if results.get(name, Result("passed")).outcome == "passed":
            results[name] = _result(case)
    return results


def _name(case: ElementTree.Element) -> str:
    """Return a test's name, or pytest's name of a module that could not be collected."""
    found = case.find("properties/property[@name='module']")
    name, place = case.get("name", ""), case.get("classname", "").rpartition(".")[2]
    if found is None:
        return name
    module = found.get("value", "").replace(".tests.functional.api", "")
    # For a test in a class, the report has module and class, for a function the module.
    parts = [module, name] if module.endswith(f".{place}") else [module, place, name]
    return ".".join(parts)


def _result(case: ElementTree.Element) -> Result:
    for tag, outcome in (("failure", "failed"), ("error", "error"), ("skipped", "skipped")):
        found = case.find(tag)
        if found is not None:
            is_expected = found.get("type") == "pytest.xfail"
            return Result("xfailed" if is_expected else outcome, found.get("message", ""))
    return Result("passed")
