"""Health checks: whether each process of the instance not only runs, but also does its work."""

from dataclasses import dataclass
from typing import Any, Final

import requests

from pulp_contentroutes.paths import CONTENT_PREFIX, with_domain
from pulp_contentroutes.standalone import database
from pulp_contentroutes.standalone.configuration import NGINX
from pulp_contentroutes.standalone.instance import Instance
from pulp_contentroutes.standalone.process import DATABASE
from pulp_contentroutes.standalone.state import ServiceState, State

_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Health:
    """One service and its problem, None if it is healthy."""

    service: ServiceState
    problem: str | None

    def as_dict(self) -> dict[str, Any]:
        """Return the object that `status --json` prints for the service."""
        return {
            "name": self.service.name,
            "pid": self.service.pid,
            "address": self.service.address,
            "started": self.service.started,
            "restarts": self.service.restarts,
            "healthy": self.problem is None,
            "problem": self.problem,
        }


class Unhealthy(Exception):
    """`str(error)` says what is wrong, in a few words."""


#: Pulp's status document, or the reason why the API does not return it.
Status = dict[str, Any] | Unhealthy


def check(instance: Instance, state: State) -> list[Health]:
    """Probe every service of `state`; a service that hangs costs `_SECONDS`."""
    status: Status
    try:
        status = pulp_status(instance)
    except Unhealthy as unhealthy:
        status = unhealthy
    reports = []
    for service in state.services:
        problem = None
        try:
            _probe(instance, service, status)
        except Unhealthy as unhealthy:
            problem = str(unhealthy)
        reports.append(Health(service, problem))
    return reports


def pulp_status(instance: Instance) -> dict[str, Any]:
    """Return Pulp's own status document; raise Unhealthy if the API does not return it."""
    return _status_at(instance, instance.api.url)


def _probe(instance: Instance, service: ServiceState, status: Status) -> None:
    """Raise Unhealthy unless the service does its work; any other name is that of a worker."""
    if service.pid is None:
        raise Unhealthy("not running, about to be started again")
    if service.name == DATABASE:
        problem = database.problem(instance.database, _SECONDS)
        if problem:
            raise Unhealthy(f"does not answer: {problem}")
    elif service.name == "content":
        _probe_content(instance, status)
    elif service.name == NGINX:
        if instance.front and isinstance(status, Unhealthy):
            # An error response of nginx itself is an answer, too.
            _get(_status_url(instance, instance.front.url))
        elif instance.front:
            _status_at(instance, instance.front.url)
    elif isinstance(status, Unhealthy):
        is_api = service.name == "api"
        raise status if is_api else Unhealthy("runs, but only the API knows whether it works")
    elif service.name == "api":
        if "contentroutes" not in {each["component"] for each in status["versions"]}:
            raise Unhealthy("answers, but without this plugin")
    else:
        names = [worker["name"] for worker in status["online_workers"]]
        # This is pulpcore's WORKER_NAME_TEMPLATE; with another template, any worker will do.
        by_pid = any(name.startswith(f"{service.pid}@") for name in names)
        if not by_pid and not (names and "WORKER_NAME_TEMPLATE" in instance.options.settings):
            raise Unhealthy("has not reported to Pulp yet")


def _probe_content(instance: Instance, status: Status) -> None:
    if isinstance(status, Unhealthy):
        _get(instance.content.url)
        return
    domain = "default" if status["domain_enabled"] else None
    url = instance.content.url + with_domain(CONTENT_PREFIX, domain)
    if _get(url).status_code != requests.codes.ok:
        raise Unhealthy(f"answers, but not at {CONTENT_PREFIX}: its log says why")


def _status_at(instance: Instance, url: str) -> dict[str, Any]:
    response = _get(_status_url(instance, url))
    if response.status_code != requests.codes.ok:
        raise Unhealthy(f"answers {response.status_code}")
    try:
        document: dict[str, Any] = response.json()
    except ValueError as error:
        raise Unhealthy("answers, but not as Pulp does") from error
    return document


def _status_url(instance: Instance, url: str) -> str:
    return f"{url}{instance.setting('API_ROOT', '/pulp/')}api/v3/status/"


def _get(url: str) -> requests.Response:
    try:
        with requests.Session() as session:
            # Proxies set in the environment are for the network, not for our own services.
            session.trust_env = False
            return session.get(url, timeout=_SECONDS)
    except requests.RequestException as error:
        raise Unhealthy(f"does not answer: {type(error).__name__}") from error
