"""Each plugin's content has the answers of Pulp's own content app, or documented ones."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.harness.http1 import Connection
from tests.harness.rest import new_name
from tests.plugins.access import OPEN, TOKEN
from tests.plugins.comparison import Comparison, crawl, with_neighbours
from tests.plugins.content import container, deb, maven, npm, python, rpm
from tests.plugins.site import BEFORE_A_RELEASE, Site

pytestmark = BEFORE_A_RELEASE
PLUGINS = ("container", "deb", "maven", "npm", "python", "rpm")
_ACCESSES = (OPEN, TOKEN)


@dataclass(frozen=True)
class Content:
    """Content of a plugin that is served."""

    #: Prefixes of URLs below which it is, with the ways of access.
    prefixes: Mapping[str, str]
    #: More paths below each prefix, which no listing has.
    paths: tuple[str, ...] = ()
    #: Changes of what is served, in the plugin's own ways: each is made before all questions.
    changes: tuple[Callable[[], object], ...] = ()


def _below_content(site: Site, distributions: Mapping[str, str]) -> dict[str, str]:
    """Return the ways of access by the paths of distributions."""
    return {site.content_path(distributions[access]): access for access in _ACCESSES}


def make_rpm(site: Site, folder: Path) -> Content:
    made = rpm.create(site, folder)
    base_path = made.distributions[OPEN]
    return Content(
        {**_below_content(site, made.distributions), site.content_path(made.of_publication): OPEN},
        ("config.repo", "config.repo/", "x/config.repo", "repodata/repomd.xml.key"),
        (
            lambda: made.add("1.1"),
            partial(site.change, "rpm/rpm", base_path, generate_repo_config=False),
            partial(site.change, "rpm/rpm", base_path, repository=None),
        ),
    )


def make_deb(site: Site, folder: Path) -> Content:
    made = deb.create(site, folder)
    base_path = made.distributions[OPEN]
    other = deb.create(site, folder / "other", [OPEN])

    def expire() -> None:
        """Let all superseded publications expire now."""
        site.instance.console.run(
            "from django.apps import apps\n"
            "from django.utils.timezone import now\n"
            "publications = apps.get_model('deb', 'DistributedPublication').objects\n"
            "publications.exclude(expires_at=None).update(expires_at=now())"
        )

    return Content(
        _below_content(site, made.distributions),
        ("dists", "pool/main"),
        (
            lambda: made.add("1.1"),
            expire,
            partial(site.change, "deb/apt", base_path, repository=other.href),
        ),
    )


def make_python(site: Site, folder: Path) -> Content:
    made = python.create(site)
    return Content(
        {**_below_content(site, made.of_publication), **_below_content(site, made.of_repository)},
        (
            "pypi/demo-wheel/json",
            "pypi/demo-wheel/1.0/json",
            "pypi/nothing/json",
            "pypi/x/y/z/json",
        ),
        (partial(site.change, "python/pypi", made.of_publication[OPEN], publication=None),),
    )


def make_npm(site: Site, folder: Path) -> Content:
    made = npm.create(site)
    paths = ("demo-text", "@acme/demo-text", "@acme%2Fdemo-text", "@acme", "demo-text/-/no-1.0.tgz")
    return Content(
        _below_content(site, made.distributions),
        (*paths, *map(npm.path_of, npm.NAMES)),
        (partial(site.change, "npm/npm", made.distributions[OPEN], repository=None),),
    )


def make_maven(site: Site, folder: Path) -> Content:
    made = maven.create(site)

    def label(**labels: str) -> Callable[[], object]:
        return partial(site.rest.run_task, "PATCH", made.href, pulp_labels=labels)

    return Content(
        _below_content(site, made.distributions),
        ("com", "com/example/", "nothing.jar", "com.example/", *made.files),
        # Labels by which the plugin is told to answer more itself.
        (label(path_index="true"), label(**{"pulp_maven.bloom": "1000,0.01"}), label()),
    )


def make_container(site: Site, folder: Path) -> Content:
    image, base_path = container.build(folder / "image"), f"acme/{new_name()}"
    container.push(site, image, base_path, folder)
    other = container.build(folder / "other", "Another text of an image. ")
    blobs = [f"blobs/sha256:{digest}" for made in (image, other) for digest in made.blobs]
    # The empty blob, which every repository has.
    empty = "blobs/sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4"
    paths = [*blobs, empty, f"x/{blobs[0]}", "blobs/sha256:0"]
    signed = [container.sign(site, base_path, path) for path in paths]
    return Content(
        {site.content_path(base_path, container.PREFIX): OPEN},
        (*paths, *signed),
        (partial(container.push, site, other, base_path, folder),),
    )


MAKERS = {
    "container": make_container,
    "deb": make_deb,
    "maven": make_maven,
    "npm": make_npm,
    "python": make_python,
    "rpm": make_rpm,
}


@pytest.fixture
def comparison(site: Site, notes: list[str], plugin: str) -> Iterator[Comparison]:
    # The others say how each answer came about.
    values = {"CONTENTROUTES_DEBUG_HEADER": "false"}
    stock = {"CONTENTROUTES_ACCELERATE_CONTENT_PREFIX": "false"}
    with (
        site.instance.further_content_app(**values) as our_port,
        site.instance.further_content_app(**values, **stock) as stock_port,
        Connection(stock_port) as stock_app,
        Connection(our_port) as ours,
    ):
        comparison = Comparison(stock_app, ours)
        yield comparison
        counts = comparison.tally
        notes.append(
            f"{plugin}: {counts.compared} comparisons, {counts.identical} identical, "
            f"{counts.unexplained} unexplained"
        )


def test_a_plugins_content_is_served_as_by_pulp(
    site: Site, plugin: str, comparison: Comparison, tmp_path: Path
) -> None:
    content = MAKERS[plugin](site, tmp_path)
    compare(content, site, comparison, _ACCESSES)
    for change in content.changes:
        change()
        compare(content, site, comparison, [OPEN])
    assert comparison.tally.compared > 100


def compare(
    content: Content, site: Site, comparison: Comparison, accesses: Collection[str]
) -> None:
    prefixes = [
        (prefix, access) for prefix, access in content.prefixes.items() if access in accesses
    ]
    for prefix, access in prefixes:
        credentials = site.accesses[access].headers
        targets = [
            *crawl(comparison.stock, prefix, credentials),
            *(prefix + each for each in content.paths),
        ]
        for target in with_neighbours(targets, prefix):
            comparison.ask(target, credentials)
    assert not comparison.tally.kinds, f"\n{comparison.tally.failures()}"
