"""How soon after a permission is taken away does every worker refuse?

Run `python -m tests.benchmarks.withdrawals --rounds 100 --workers 2` to measure it.
"""

import base64
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from tests.benchmarks.freshness import described, measured_pulp
from tests.harness.http1 import Route
from tests.harness.pulp import Pulp
from tests.harness.rest import Rest
from tests.harness.waiting import wait_until

DOWNLOADER = "contentroutes.tokencontentguard_downloader"
#: No client waits longer for a refusal.
SECONDS = 30.0


@dataclass(frozen=True)
class Withdrawal:
    """A client that asks for `path` with `headers` is admitted until `withdraw` has returned."""

    path: str
    headers: dict[str, str]
    withdraw: Callable[[], None]


def revoked_token(pulp: Pulp, publication: str) -> Iterator[Withdrawal]:
    base = _distribution(pulp, publication, pulp.rest.guard("contentroutes/token"))
    while True:
        token = pulp.rest.token()
        href = str(token["pulp_href"])
        yield Withdrawal(base, _bearer(token["token"]), partial(_call, pulp.rest, "DELETE", href))


def removed_role(pulp: Pulp, publication: str) -> Iterator[Withdrawal]:
    guard = pulp.rest.guard("contentroutes/token")
    base = _distribution(pulp, publication, guard)
    user = str(pulp.rest.user()["username"])
    headers = _bearer(pulp.rest.token(user)["token"])
    while True:
        pulp.rest.add_role(guard, DOWNLOADER, users=[user])
        withdraw = partial(pulp.rest.remove_role, guard, DOWNLOADER, users=[user])
        yield Withdrawal(base, headers, withdraw)


def changed_guard(pulp: Pulp, publication: str) -> Iterator[Withdrawal]:
    guard = pulp.rest.guard("core/header", header_name="X-Key", header_value="0")
    base = _distribution(pulp, publication, guard)
    number = 0
    while True:
        headers = {"X-Key": base64.b64encode(str(number).encode()).decode()}
        number += 1
        withdraw = partial(_call, pulp.rest, "PATCH", guard, header_value=str(number))
        yield Withdrawal(base, headers, withdraw)


KINDS = {
    "a token is revoked": revoked_token,
    "a role is removed": removed_role,
    "a header guard is changed": changed_guard,
}


def _distribution(pulp: Pulp, publication: str, guard: str) -> str:
    created = pulp.distribution(publication=publication, content_guard=guard)
    return f"{created['base_path']}/x"


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _call(rest: Rest, method: str, href: str, **values: str) -> None:
    response = rest.call(method, href, **values)
    assert response.status_code in (200, 204), response.text


def measure(pulp: Pulp, ports: Sequence[int], rounds: int) -> dict[str, list[float]]:
    """Return for each kind the sorted seconds from the API's answer to each worker's refusal."""
    publication = pulp.publication(pulp.repository({"x": b"x"}))
    routes = [pulp.route("ours", port) for port in ports]
    return {
        name: sorted(
            delay
            for _, withdrawal in zip(range(rounds), kind(pulp, publication), strict=False)
            for delay in _delays(withdrawal, routes)
        )
        for name, kind in KINDS.items()
    }


def _delays(withdrawal: Withdrawal, routes: Sequence[Route]) -> Iterator[float]:
    for route in routes:
        wait_until(partial(_is_admitted, withdrawal, route), SECONDS)
    withdrawal.withdraw()
    since = time.monotonic()
    for route in routes:
        asked = time.monotonic()
        while _is_admitted(withdrawal, route):
            assert time.monotonic() < since + SECONDS
            asked = time.monotonic()
        # The answer was decided after the request was sent.
        yield max(0.0, asked - since)


def _is_admitted(withdrawal: Withdrawal, route: Route) -> bool:
    return route.get(withdrawal.path, **withdrawal.headers).status == 200


def main() -> None:
    with measured_pulp(__doc__, "rounds", 100) as (instance, ports, rounds):
        measured = measure(Pulp(instance), ports, rounds)
    for name, delays in measured.items():
        sys.stdout.write(f"{name}: {described(delays)}\n")


if __name__ == "__main__":
    main()
