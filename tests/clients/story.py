"""One story with one release of `ansible-galaxy`: it publishes, installs, downloads and verifies.

All requests are recorded. The server is guarded, and has more versions of acme.base and of the role
acme.motd than fit on a page.
"""

from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.clients.commands import configure, output_of
from tests.clients.recorder import Exchange, Recorder
from tests.harness.ansible_galaxy import Client, Ended
from tests.harness.galaxy import Galaxy, create_galaxy, role_archive
from tests.harness.pulp import Pulp
from tests.unit.galaxy.archives import FILES, INFO
from tests.unit.galaxy.keys import Key

BASE_VERSIONS = [f"1.{number}.0" for number in range(250)]
ROLE_VERSIONS = [f"1.{number}.0" for number in range(60)]
#: Versions of acme.tools: one that clients hide, one that they publish, and a later back-port.
PRE_RELEASE, PUBLISHED, BACK_PORT = "2.0.0-rc.1", "1.2.3", "1.2.2"
#: The requirement allows only the oldest version of acme.base, the last one on the last page.
NEEDS = {"acme.base": ">=1.0.0,<1.1.0"}
ROLE_TEXT = "# the oldest version"
CHANGED_FILE = "plugins/modules/ping.py"


@dataclass(frozen=True)
class Step:
    """One command, and the requests that it sent."""

    ended: Ended
    exchanges: list[Exchange]

    @property
    def output(self) -> str:
        return output_of(self.ended)

    @property
    def requests(self) -> list[str]:
        """Paths with their queries."""
        return [exchange.path for exchange in self.exchanges]


@dataclass(frozen=True)
class Story:
    release: str
    server: Galaxy
    token: str
    home: Path
    build: Step
    publish: Step
    install: Step
    #: After a back-port was published.
    download: Step
    #: After a file of acme.base, but none of acme.tools, was changed.
    verify: Step
    role: Step

    @property
    def steps(self) -> dict[str, Step]:
        names = ("publish", "install", "download", "verify", "role")
        return {name: getattr(self, name) for name in names}

    @property
    def collections(self) -> str:
        return f"{self.server.path}api/v3/collections/"

    @property
    def roles(self) -> str:
        return f"{self.server.path}api/v1/roles/"


@dataclass(frozen=True)
class Stock:
    """The content that the server of each story begins with."""

    #: The href of a repository version.
    version: str
    base: bytes
    signature: str


def create_stock(pulp: Pulp, token: str) -> Stock:
    """Fill a repository: most of its versions are rows without a file."""
    server = create_galaxy(pulp.rest)
    signature = Key.make("stranger").signature_of(b"something else")
    base = server.add(token, [signature], name="base", version=BASE_VERSIONS[0])
    server.add(token, version=PRE_RELEASE)
    task = server.add_role(role_archive(ROLE_TEXT), version=ROLE_VERSIONS[0])
    assert task["state"] == "completed", task
    for model, name, versions in (
        ("CollectionVersion", "base", BASE_VERSIONS),
        ("RoleVersion", "motd", ROLE_VERSIONS),
    ):
        arguments = (model, server.repository, name, versions[1:])
        code = f"from tests.clients.copies import add_copies; add_copies(*{arguments!r})"
        pulp.instance.console.run(code)
    return Stock(server.latest_version(), base, signature)


def tell_story(
    pulp: Pulp, stock: Stock, token: str, client: Client, recorder: Recorder, release: str
) -> Story:
    """Let a client go through all steps with a new server."""
    server = create_galaxy(pulp.rest, content_guard=pulp.rest.guard("contentroutes/token"))
    task = pulp.rest.run_task("POST", f"{server.repository}modify/", base_version=stock.version)
    assert task["state"] == "completed", task
    configure(client, team={"url": server.url, "token": token})
    write_source(client.home / "source")

    def run(*arguments: str) -> Step:
        return Step(client.run(*arguments), recorder.take())

    build = run("collection", "build", "source")
    publish = run("collection", "publish", f"acme-tools-{PUBLISHED}.tar.gz")
    install = run("collection", "install", "acme.tools", "-p", "got")
    assert install.ended.returncode == 0, install.output
    server.add(token, version=BACK_PORT, dependencies=NEEDS)
    download = run("collection", "download", f"acme.tools:{BACK_PORT}", "-p", "to")
    changed = client.home / "got/ansible_collections/acme/base" / CHANGED_FILE
    changed.write_text("print('changed')\n")
    verify = run("collection", "verify", "acme.tools", "acme.base", "-p", "got")
    role = run("role", "install", f"acme.motd,{ROLE_VERSIONS[0]}", "-p", "roles")
    steps = (build, publish, install, download, verify, role)
    return Story(release, server, token, client.home, *steps)


def write_source(folder: Path) -> None:
    """Write acme.tools as its authors have it, before it is built."""
    info = {**INFO, "version": PUBLISHED, "dependencies": NEEDS}
    for name, data in {"galaxy.yml": yaml.safe_dump(info).encode(), **FILES}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
