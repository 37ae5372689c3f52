"""One Pulp with six plugins and nginx in front of it, for all tests of the room."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from tests.plugins.access import Access
from tests.plugins.environment import ENVIRONMENTS, WITH_DOMAINS, Environment
from tests.plugins.running import run_site
from tests.plugins.site import Site


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test in the environments that have the plugin of its module, or each plugin."""
    if "plugin" in metafunc.fixturenames:
        environments = (*ENVIRONMENTS, WITH_DOMAINS)
        pairs = [(each, plugin) for each in environments for plugin in metafunc.module.PLUGINS]
        pairs = [(each, plugin) for each, plugin in pairs if plugin in each.releases]
        domains = {False: "", True: "-domains"}
        ids = [f"{each.name}{domains[each.has_domains]}-{plugin}" for each, plugin in pairs]
        metafunc.parametrize(("site", "plugin"), pairs, indirect=["site"], ids=ids, scope="session")
    elif "site" in metafunc.fixturenames:
        found = [each for each in ENVIRONMENTS if metafunc.module.PLUGIN in each.releases]
        names = [each.name for each in found]
        metafunc.parametrize("site", found, indirect=True, ids=names, scope="session")


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Environment], Site]]:
    """Yield the function that returns the site of an environment; each one runs until the end."""
    with ExitStack() as stack:

        @cache
        def get(environment: Environment) -> Site:
            folder = tmp_path_factory.mktemp(environment.name)
            running = run_site(environment, folder, CONTENTROUTES_DEBUG_HEADER="true")
            return stack.enter_context(running)

        yield get


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest, sites: Callable[[Environment], Site]) -> Site:
    return sites(request.param)


@pytest.fixture(params=["open", "token", "password"])
def access(request: pytest.FixtureRequest, site: Site) -> Access:
    return site.accesses[request.param]
