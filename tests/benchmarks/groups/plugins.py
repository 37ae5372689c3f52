"""A package file of each plugin that people use."""

from tests.benchmarks import site
from tests.benchmarks.contenders import Contender, Plan
from tests.benchmarks.load import CONNECTIONS, STOCK_CONNECTIONS, Load
from tests.benchmarks.plugins import ASKED
from tests.benchmarks.site import Server, Site


def name_of(server: str, plugin: str) -> str:
    return f"{server}, {plugin}"


def contenders(place: Site, plan: Plan) -> list[Contender]:
    plugins = place.plugins()
    return [
        _contender(plan, server, which, plugin, target)
        for plugin, target in plugins.targets.items()
        for which, server in plugins.servers.items()
    ]


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
        seconds=plan.stock_seconds if is_slow else None,
    )
