"""The same collections in a repository of each plugin, published as their users would."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

from tests.benchmarks.galaxy.load import Server, Wanted
from tests.benchmarks.galaxy.pulp import Pulp
from tests.benchmarks.session import Say
from tests.harness.galaxy import create_galaxy, tarball
from tests.harness.rest import Rest, new_name
from tests.harness.waiting import wait_until

T = TypeVar("T")

OURS: Final = "ours"
THEIRS: Final = "pulp_ansible"
COLLECTION: Final = "bench.tools"
_DEPENDENCY: Final = "bench.base"
_TASK_SECONDS: Final = 300
#: Progress lines of the work that is done for each version.
_LINES: Final = 4


class Content:
    """Makes the content of `instance`; `say` gets a line for each step that takes long."""

    def __init__(self, instance: Pulp, say: Say) -> None:
        self._say = say
        self._admin = Rest(instance.front)

    def ours(self, wanted: Wanted) -> Server:
        """Publish through the Galaxy API to a new distribution."""
        server = create_galaxy(self._admin)
        token = str(self._admin.token(scope="publish")["token"])
        tarballs = _tarballs(wanted)
        for data, name in self._counted(tarballs, f"publishing to {OURS}"):
            document = server.wait_for_import(server.publish(data, name, token), token)
            assert document["state"] == "completed", document
        return Server(OURS, server.url)

    def theirs(self, wanted: Wanted) -> Server:
        """Import into a new repository of pulp_ansible, then distribute it."""
        tasks = [
            self._upload(data, name)
            for data, name in self._counted(_tarballs(wanted), f"uploading to {THEIRS}")
        ]
        imported = self._counted(tasks, f"{THEIRS} imports")
        units = [self._finished(task)["created_resources"][-1] for task in imported]
        self._say(f"{THEIRS}: a repository version, and a distribution of it")
        name = new_name()
        repository = self._admin.create("repositories/ansible/ansible/", name=name)["pulp_href"]
        self._task("POST", f"{repository}modify/", add_content_units=units)
        made = self._task(
            *("POST", "distributions/ansible/ansible/"),
            name=name,
            base_path=f"team/{name}",
            repository=repository,
        )
        distribution = self._admin.call("GET", made["created_resources"][-1]).json()
        return Server(THEIRS, str(distribution["client_url"]))

    def _upload(self, data: bytes, name: str) -> str:
        """Return the href of the task that imports a tarball."""
        response = self._admin.upload(
            "content/ansible/collection_versions/", [("file", (name, data))]
        )
        assert response.status_code == 202, response.text
        return str(response.json()["task"])

    def _task(self, method: str, path: str, **values: Any) -> dict[str, Any]:
        response = self._admin.call(method, path, **values)
        assert response.status_code == 202, response.text
        return self._finished(str(response.json()["task"]))

    def _finished(self, href: str) -> dict[str, Any]:
        """Return a task once it is completed."""

        def ended() -> dict[str, Any] | None:
            task: dict[str, Any] = self._admin.call("GET", href).json()
            return task if task["finished_at"] else None

        task: dict[str, Any] = wait_until(ended, _TASK_SECONDS, href)
        assert task["state"] == "completed", task["error"]
        return task

    def _counted(self, things: Sequence[T], what: str) -> Iterator[T]:
        """Yield each, and tell from time to time how many there have been."""
        for number, thing in enumerate(things):
            if number % -(-len(things) // _LINES) == 0:
                self._say(f"{what}: {number} of {len(things)}")
            yield thing


def _tarballs(wanted: Wanted) -> list[tuple[bytes, str]]:
    """Return each tarball and its file name, the dependency first."""
    namespace, name = wanted.collection.split(".")
    base = tarball(namespace=namespace, name=_DEPENDENCY.split(".")[1], version="1.0.0")
    versions = (f"1.{number}.0" for number in range(wanted.versions))
    dependencies = {_DEPENDENCY: ">=1.0.0"}
    return [
        base,
        *(
            tarball(namespace=namespace, name=name, version=version, dependencies=dependencies)
            for version in versions
        ),
    ]
