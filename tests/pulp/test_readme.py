"""The commands of the README, as a newcomer types them."""

import hashlib
import os
import re
import signal
import subprocess
from pathlib import Path

import requests

from pulp_contentroutes.standalone import database
from pulp_contentroutes.standalone.postgres import Cluster
from tests.harness.ansible_galaxy import Client
from tests.harness.documentation import ROOT, blocks, console
from tests.harness.standalone import Standalone, requires_nginx, run
from tests.harness.template import copy_template
from tests.harness.waiting import free_ports, wait_until

MARK = "--- end of a command ---"


@requires_nginx  # the README's one port
def test_the_first_requests_print_what_the_readme_shows(plain: Standalone, tmp_path: Path) -> None:
    make, *commands = console("README.md", "Try it")
    assert (make[0], len(commands)) == ("make serve", 2)
    lines = [f"{command}\necho; echo '{MARK}'" for command, _ in commands]
    script = "\n".join(lines).replace("127.0.0.1:8080", f"127.0.0.1:{plain.port}")
    ended = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=120,
    )
    printed = ended.stdout.split(MARK)
    for (command, shown), output in zip(commands, printed, strict=False):
        assert output.strip() == shown.strip(), command


def publish_and_install(client: Client, publish: str) -> None:
    """Publish a collection and its dependency as `make serve` says, and install them."""
    client.home.mkdir()
    base = client.build("acme", "base")
    tools = client.build("acme", "tools", dependencies={"acme.base": ">=1.0.0"})
    for collection in (base, tools):
        ended = client.run(*publish.replace("FILE", str(collection)).split())
        assert ended.returncode == 0, ended.stderr
    url = publish.split("--server ")[1].split()[0]
    ended = client.run("collection", "install", "acme.tools", "-p", "got", "--server", url)
    assert ended.returncode == 0, ended.stderr
    assert client.version_of("acme", "base") == "1.0.0"


def check_first_screen(said: str) -> None:
    """Check for steps, one line per service and the addresses; services write to their logs."""
    services = ("postgresql", "api", "content", "worker-1")
    for name in services:
        assert len(re.findall(rf"^  {name} ", said, re.M)) == (2 if name == "content" else 1)
    assert "[INFO]" not in said
    assert "pulp [" not in said
    assert len(said.splitlines()) <= 40


def names_in(screen: str) -> list[str]:
    """Return the names of the addresses below "Pulp is ready"."""
    _, _, summary = screen.partition("Pulp is ready")
    return re.findall(r"^  (\w+(?: \w+)*) {2,}", summary, re.M)


def prepare_without_administrator(data: Path) -> None:
    """Make a data folder that needs no migrations, and is otherwise new."""
    copy_template(data)
    cluster = Cluster(data)
    with cluster.running(), database.connect(cluster.database, seconds=10) as connection:
        connection.execute("UPDATE auth_user SET username = 'somebody' WHERE username = 'admin'")


def test_make_serve_prints_lines_that_work(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_ports(3)
    prepare_without_administrator(data)
    arguments = [f"DATA={data}", f"ARGS=--port {port} --content-workers 1"]
    log = tmp_path / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            ["make", "serve", *arguments],
            cwd=ROOT,
            stdout=output,
            stderr=output,
            # A terminal's Ctrl-C goes to all processes.
            start_new_session=True,
        ) as make,
    ):
        try:
            wait_until(lambda: "\nTry:" in log.read_text(), 200, "the lines to try")
            said = log.read_text()
            check_first_screen(said)
            [shown] = blocks("README.md", "text", "Try it")
            assert names_in(shown) == names_in(said)[: len(names_in(shown))]
            [password] = re.findall(r"^The password of 'admin', shown only now: (.+)$", said, re.M)
            [fetch] = re.findall(r"^  (curl -O .+)$", said, re.M)
            subprocess.run(fetch.split(), cwd=tmp_path, check=True, capture_output=True)
            digest = hashlib.sha256((tmp_path / "hello.txt").read_bytes()).hexdigest()
            units = requests.get(
                f"http://127.0.0.1:{port}/pulp/api/v3/content/file/files/",
                params={"relative_path": "hello.txt"},
                auth=("admin", password),
                timeout=60,
            ).json()
            assert [unit["sha256"] for unit in units["results"]] == [digest]
            [publish] = re.findall(r"^  ansible-galaxy (.+ FILE .+)$", said, re.M)
            publish_and_install(Client(tmp_path / "home"), publish)
        finally:
            os.killpg(make.pid, signal.SIGINT)
            make.wait(timeout=20)
    assert log.read_text().endswith("Stopped.\n")
    assert run("reset", "--yes", "--data", str(data)).returncode == 0
