"""The commands of docs/operating.md, as an operator pastes them."""

import os
import re
import secrets
import shutil
import subprocess
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from pulp_contentroutes.standalone.environment import SYSTEM_FOLDER
from pulp_contentroutes.standalone.postgres import Cluster
from pulp_contentroutes.standalone.programs import Account
from tests.harness.http1 import Route
from tests.harness.standalone import SCRIPTS, Standalone, requires_nginx
from tests.harness.template import PASSWORD
from tests.harness.waiting import free_ports, wait_until
from tests.pulp.life import Used

pytestmark = requires_nginx  # one port for everything
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
#: Programs of an operator's machine, of which only the call can be tested here.
STUBS = ("journalctl", "pip", "systemctl")
STOP, START, RESTART = (
    f"systemctl {verb} 'pulpcore*'" for verb in ("stop", "start --all", "restart")
)


def commands(heading: str) -> list[tuple[str, str]]:
    """Return the commands below a heading, each with the output that is shown below it."""
    section = f"\n{PAGE}".partition(f"\n{heading}\n")[2].partition("\n## ")[0]
    found = []
    for block in re.findall(r"```console\n(.*?)```", section, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    assert found, heading
    return found


class Operator:
    """Pastes commands into a shell in which the page's variables name `instance`."""

    def __init__(self, instance: Standalone, home: Path) -> None:
        self.instance = instance
        self.home = home
        self.cluster = Cluster(instance.data)
        self.locations = home / "locations"
        self._stopped = ExitStack()
        self._variables = self._assign()
        stubs = home / "stubs"
        for path in (self.locations, stubs):
            path.mkdir()
        for name in STUBS:
            _write_script(stubs / name, "exit 0")
        _write_script(stubs / "nginx", f'exec {shutil.which("nginx")} -c {self._site()} "$@"')
        first = [str(each) for each in (stubs, SCRIPTS, self.cluster.programs)]
        self.environment = {
            **instance.variables(),
            "PATH": ":".join([*first, os.environ["PATH"]]),
        }

    def _assign(self) -> str:
        """Return the page's assignments with the values of this Pulp."""
        where = {**self.cluster.database, "dbname": "{}"}
        conninfo = " ".join(f"{name}={value}" for name, value in where.items())
        values: dict[str, object] = {
            "PULP_SETTINGS": self.instance.data / "settings.py",
            "database": conninfo.format("pulp"),
            "administrator": conninfo.format("postgres"),
            "media": self.instance.data / "media",
            "keys": self.instance.data / "database_fields.key",
            "locations": self.locations,
            "pulp": self.instance.front,
            "PASSWORD": PASSWORD,
        }
        named = [re.sub(r"^export ", "", command).partition("=") for command, _ in commands("")]
        assert {name for name, *_ in named} == set(values)
        return "".join(f"export {name}='{value}'\n" for name, value in values.items())

    def _site(self) -> Path:
        site = self.home / "nginx.conf"
        upstreams = "".join(
            f"upstream pulp-{name} {{ server 127.0.0.1:1; }} " for name in ("api", "content")
        )
        locations = f"include {self.locations}/*.conf;"
        site.write_text(
            f"pid {self.home}/nginx.pid; error_log stderr; events {{}}\n"
            f"http {{ {upstreams} server {{ listen 127.0.0.1:{free_ports()}; {locations} }} }}\n"
        )
        return site

    def paste(self, command: str, code: int = 0) -> str:
        """Return the output of a command, which must end with `code`."""
        if command in (STOP, START, RESTART):
            self._control(command)
            return ""
        ended = subprocess.run(
            ["bash", "-o", "pipefail", "-c", self._variables + command],
            cwd=self.home,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        assert ended.returncode == code, f"{command}: {ended.returncode}\n{ended.stdout}"
        return ended.stdout

    def _control(self, command: str) -> None:
        """Stop or start Pulp's services, not PostgreSQL, which a real machine runs separately."""
        if command != START:
            self.instance.close_console()
            self.instance.stop()
            self._stopped.enter_context(self.cluster.running())
        if command != STOP:
            self._stopped.close()
            self.instance.start()

    def paste_all(self, heading: str) -> None:
        for command, shown in commands(heading):
            assert not shown, "an output that is not compared"
            if "remove-plugin" in command:
                self._wait_until_pulp_knows_that_it_is_stopped()
            self.paste(command)

    def _wait_until_pulp_knows_that_it_is_stopped(self) -> None:
        """Wait until no process counts as running; a killed one of the API does for two minutes."""
        online = (
            "from pulpcore.app.models import AppStatus; print(AppStatus.objects.online().count())"
        )
        command = f"pulpcore-manager shell --no-imports -c '{online}'"
        wait_until(lambda: self.paste(command).split()[-1] == "0", 150, "no process is online")


def _write_script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def operator(life: Used, tmp_path: Path) -> Operator:
    return Operator(life.pulp.instance, tmp_path)


def test_every_section_with_commands_is_pasted_here() -> None:
    sections = re.split(r"^(## .*)$", PAGE, flags=re.MULTILINE)[1:]
    headings = [
        heading
        for heading, text in zip(sections[::2], sections[1::2], strict=True)
        if "```console" in text
    ]
    tests = Path(__file__).read_text(encoding="utf-8").partition("def test_a_healthy")[2]
    assert headings == [each for each in headings if f'"{each}"' in tests]


def test_a_healthy_pulp_is_found_to_be_well(operator: Operator) -> None:
    operator.paste_all("## Is it well?")
    operator.paste_all("## What to watch")


@pytest.mark.exhaustive
def test_an_upgrade_ends_with_a_healthy_pulp(operator: Operator, life: Used) -> None:
    operator.paste_all("## Upgrade")
    life.check()
    life.check_token()


def test_a_downgrade_that_would_lose_something_says_what_the_page_shows(
    operator: Operator,
) -> None:
    [(command, shown)] = commands("## Downgrade")
    said = operator.paste(command, code=1)
    # The numbers depend on the tests.
    assert re.sub(r"delete .*? To", "", said) == re.sub(r"delete .*? To", "", shown)


@pytest.mark.exhaustive
def test_a_backup_is_restored(operator: Operator, life: Used) -> None:
    operator.paste_all("## Back up")
    for command, _ in commands("## Restore"):
        operator.paste(command)
        if command == STOP:
            shutil.rmtree(life.pulp.instance.data / "media")
            (life.pulp.instance.data / "media").mkdir()
            operator.paste('psql "$database" -c "DROP TABLE contentroutes_apitoken CASCADE"')
    life.check()
    life.check_token()


@pytest.mark.exhaustive
def test_a_folder_of_serve_is_restored_elsewhere(operator: Operator, life: Used) -> None:
    instance = life.pulp.instance
    # A folder that the account of root's PostgreSQL can reach.
    home = SYSTEM_FOLDER if Account.for_postgresql() else operator.home
    restored = Standalone(home / f"restored-{secrets.token_hex(4)}", instance.options)
    _, *back_up, make, extract, (serve, _) = commands("## A Pulp of `serve`")
    assert serve == "pulp-contentroutes serve --data restored"
    instance.close_console()
    for command, _ in back_up:
        operator.paste(f"data={instance.data}; {command}")
    assert instance.process
    assert instance.process.wait(30) == 0
    for command, _ in (make, extract):
        operator.paste(command.replace("restored", str(restored.data)))
    try:
        restored.start()
        moved = replace(life, stock=Route.of("stock", restored.content_port))
        moved.check_content()
        moved.check_token()
    finally:
        restored.end()
        restored.log.unlink(missing_ok=True)
    instance.start()
    life.check()


@pytest.mark.exhaustive
def test_nginx_starts_at_every_step_of_a_removal(operator: Operator, life: Used) -> None:
    target = ROOT / "pulp_contentroutes/app/webserver_snippets/nginx.conf"
    link = operator.locations / "pulp_contentroutes.conf"
    link.symlink_to(operator.home / "uninstalled.conf")
    operator.paste("nginx -t", code=1)
    link.unlink()
    link.symlink_to(target)
    operator.paste("nginx -t")
    operator.paste_all("## Remove")
