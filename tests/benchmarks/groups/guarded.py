"""A guarded file of 4 KiB: the cost of a guard, and that of a password."""

import base64
from collections.abc import Mapping

from tests.benchmarks import site
from tests.benchmarks.contenders import Contender, Plan
from tests.benchmarks.load import CONNECTIONS, STOCK_CONNECTIONS, Load
from tests.benchmarks.site import HEADER_GUARD, RBAC_GUARD, TOKEN_GUARD, Server, Site
from tests.harness.rest import basic
from tests.harness.template import PASSWORD

OPEN = f"{site.OURS}, no guard"
HEADER = f"{site.OURS}, header guard"
TOKEN = f"{site.OURS}, token guard"
RBAC = f"{site.OURS}, RBAC guard, token"
STOCK_HEADER = f"{site.STOCK}, header guard"
STOCK_RBAC = f"{site.STOCK}, RBAC guard, password"

_FILE = "4KiB.bin"
_KEY = {"X-Key": base64.b64encode(b"secret").decode()}


def contenders(place: Site, plan: Plan) -> list[Contender]:
    ours, stock = place.server(site.OURS), place.server(site.STOCK)
    header, token, rbac = (place.guarded(kind) for kind in (HEADER_GUARD, TOKEN_GUARD, RBAC_GUARD))
    password = {"Authorization": basic("admin", PASSWORD)}
    slow = plan.stock_seconds
    return [
        _contender(STOCK_HEADER, stock, header.base_path, _KEY, seconds=slow),
        _contender(STOCK_RBAC, stock, rbac.base_path, password, seconds=slow),
        _contender(OPEN, ours, place.files(), {}),
        _contender(HEADER, ours, header.base_path, _KEY, STOCK_HEADER, OPEN),
        _contender(TOKEN, ours, token.base_path, _bearer(token.token), "", OPEN),
        _contender(RBAC, ours, rbac.base_path, _bearer(rbac.token), STOCK_RBAC, OPEN),
    ]


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _contender(
    name: str,
    server: Server,
    base_path: str,
    headers: Mapping[str, str],
    stock: str = "",
    ceiling: str = "",
    seconds: int | None = None,
) -> Contender:
    url = server.url(base_path, _FILE)
    connections = STOCK_CONNECTIONS if server.name == site.STOCK else CONNECTIONS
    load = Load(url, connections, size=site.FILES[_FILE], headers=headers)
    return Contender(name, server, lambda _: load, url, stock, ceiling, seconds=seconds)
