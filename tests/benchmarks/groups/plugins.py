"""A package file of each plugin that people use, and a Maven file from pulp_maven's path index."""

from typing import Final

from tests.benchmarks import site
from tests.benchmarks.contenders import Contender, Plan
from tests.benchmarks.load import CONNECTIONS, STOCK_CONNECTIONS, Load
from tests.benchmarks.path_index import RedirectingContender, run_path_index
from tests.benchmarks.plugins import ASKED
from tests.benchmarks.site import Server, Site

_MAVEN: Final = "maven"


def name_of(server: str, plugin: str) -> str:
    return f"{server}, {plugin}"


#: The client still has to get the file from S3.
PATH_INDEX: Final = name_of("path index of pulp_maven (redirect)", _MAVEN)


def contenders(place: Site, plan: Plan) -> list[Contender]:
    plugins = place.plugins()
    compared = [
        _contender(plan, server, which, plugin, target)
        for plugin, target in plugins.targets.items()
        for which, server in plugins.servers.items()
    ]
    return [*compared, _path_index(place, plan)]


def _contender(plan: Plan, server: Server, which: str, plugin: str, target: str) -> Contender:
    is_stock = which == site.STOCK
    url = server.url("", target)
    # A hook is asked in Pulp's one thread.
    is_slow = is_stock or plugin == ASKED
    load = Load(url, STOCK_CONNECTIONS if is_slow else CONNECTIONS, size=1)
    return Contender(
        name_of(which, plugin),
        server,
        lambda _: load,
        url,
        "" if is_stock else name_of(site.STOCK, plugin),
        # A comparison of the same jar, which has no goal.
        PATH_INDEX if (which, plugin) == (site.OURS, _MAVEN) else "",
        seconds=plan.stock_seconds if is_slow else None,
    )


def _path_index(place: Site, plan: Plan) -> Contender:
    place.say("making a Pulp on S3 with the path index of pulp_maven (some minutes)")
    server, target = place.stack.enter_context(run_path_index(place.folder / "path-index"))
    url = server.url("", target)
    load = Load(url, STOCK_CONNECTIONS, status=302, size=1)
    return RedirectingContender(
        PATH_INDEX,
        server,
        lambda _: load,
        url,
        name_of(site.STOCK, _MAVEN),
        seconds=plan.stock_seconds,
    )
