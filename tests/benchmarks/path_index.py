"""A Pulp on S3 whose Maven repository has pulp_maven's own path index.

pulp_maven makes these indexes for repositories with the label `path_index` on S3 storage. It then
finds a file without a query for its content, and redirects the client to a signed URL of S3.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import requests

from tests.benchmarks import processes, pulp
from tests.benchmarks.contenders import Contender, WrongAnswer
from tests.benchmarks.site import Server
from tests.harness.environments import make_environment
from tests.harness.http1 import Answer, ask
from tests.harness.waiting import free_ports, wait_until
from tests.plugins.access import OPEN
from tests.plugins.content import maven
from tests.plugins.environment import Environment
from tests.plugins.running import run_site
from tests.plugins.site import Site

#: An environment of its own, because S3 needs packages that the other plugins do without.
ENVIRONMENT: Final = Environment("path-index", {"file": "pulpcore[s3]", "maven": "pulp-maven"})
_JAR: Final = maven.path_of("extension", "jar")
_BUCKET: Final = "pulp"
_SECONDS: Final = 60
#: Only the index still knows the file afterwards: Pulp's own queries find nothing.
_FORGET: Final = f"""
from pulpcore.plugin.models import ContentArtifact
print(ContentArtifact.objects.filter(relative_path={_JAR!r}).update(relative_path="moved"))
"""


class RedirectingContender(Contender):
    """A contender whose server redirects the client to the file."""

    def get(self) -> Answer:
        """Follow the redirect of the probe once; Answer is the one of S3."""
        answer = super().get()
        if answer.status != 302:
            raise WrongAnswer(f"{self.name}: {self.probe} answered {answer.status}, expected 302")
        url = urlsplit(answer["location"])
        assert url.port
        return ask(url.port, f"{url.path}?{url.query}")


@contextmanager
def run_path_index(folder: Path) -> Iterator[tuple[Server, str]]:
    """Run S3 and the Pulp for the block; yield Pulp's own content app, and the target of a jar."""
    folder.mkdir()
    with _run_s3(folder) as endpoint:
        settings = {
            # As in the content app that the other plugins are compared with.
            "CONTENTROUTES_ACCELERATE_CONTENT_PREFIX": "false",
            "MAVEN_PATH_INDEX_CACHE_DIR": str(folder / "indexes"),
            "STORAGES": f"@json {json.dumps(_storages(endpoint))}",
        }
        with (
            run_site(ENVIRONMENT, folder, **settings) as site,
            pulp.content_app(site.instance, folder / "content.log", {}) as (port, pid),
        ):
            target = _publish(site)
            _expect_index(port, target)
            root = f"http://127.0.0.1:{port}"
            yield Server("path index of pulp_maven", root, pid, has_distributions=False), target


@contextmanager
def _run_s3(folder: Path) -> Iterator[str]:
    """Run an S3 server with an empty bucket; yield its URL."""
    program, port = make_environment("moto", "moto[server]") / "bin/moto_server", free_ports()
    command = [str(program), "--host", "127.0.0.1", "--port", str(port)]
    with processes.running(command, port, folder / "s3.log"):
        endpoint = f"http://127.0.0.1:{port}"
        requests.put(f"{endpoint}/{_BUCKET}", timeout=_SECONDS).raise_for_status()
        yield endpoint


def _storages(endpoint: str) -> dict[str, dict[str, object]]:
    """Return Pulp's setting STORAGES; the server accepts any credentials."""
    options = {
        "access_key": "key",
        "secret_key": "secret",
        "bucket_name": _BUCKET,
        "endpoint_url": endpoint,
        "region_name": "us-east-1",
        "signature_version": "s3v4",
    }
    return {
        "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def _publish(site: Site) -> str:
    """Return the target of a jar that is only in the path index of its repository."""
    repository = maven.create(site)
    for method, path, values in (
        ("PATCH", repository.href, {"pulp_labels": {"path_index": "true"}}),
        ("POST", f"{repository.href}build_path_index/", {}),
    ):
        task = site.rest.run_task(method, path, **values)
        assert task["state"] == "completed", task
    moved = site.instance.console.run(_FORGET)
    assert moved == "1", f"{moved} paths of {_JAR}, expected one"
    return f"{site.content_path(repository.distributions[OPEN])}{_JAR}"


def _expect_index(port: int, target: str) -> None:
    """Wait until the content app has loaded the index: before that, it does not find the jar."""
    wait_until(lambda: ask(port, target).status == 302, _SECONDS, f"a path index for {target}")
