"""A helper process: waits until the services are healthy, loads the demo, says what to do next."""

import datetime
import signal
import time
from typing import Final

from honcho.printer import Message

from pulp_contentroutes.standalone import demo, health, summary
from pulp_contentroutes.standalone.beside import Channel
from pulp_contentroutes.standalone.instance import Instance
from pulp_contentroutes.standalone.rest import RestFailed
from pulp_contentroutes.standalone.state import State
from pulp_contentroutes.standalone.watched import STOP_SIGNALS

#: Longest time from the start of the first process until the last one is healthy.
READY_SECONDS: Final = 120


def announce(
    channel: Channel,
    instance: Instance,
    started: float,
    with_demo: bool,
    password: str | None,
    is_new: bool,
) -> None:
    """Report to the supervisor.

    `started` is a time of the monotonic clock, for the summary, which shows the `password` only if
    it `is_new`.
    """
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    problems = _wait_until_healthy(channel, instance)
    if problems:
        _send(channel, "give up", f"not ready after {READY_SECONDS} s: {'; '.join(problems)}")
        return
    note = ""
    try:
        if with_demo and password and not demo.is_loaded(instance.folder):
            _send(channel, "text", "\nAll of them are healthy. Loading the demo")
            demo.load(instance, password)
    except (RestFailed, health.Unhealthy, OSError) as failed:
        note = f"The demo could not be loaded: {failed}"
    domain = "default" if _has_domains(instance) else None
    seconds = time.monotonic() - started
    shown = password if is_new else None
    _send(channel, "text", summary.render(instance, seconds, shown, domain, note))


def _wait_until_healthy(channel: Channel, instance: Instance) -> list[str]:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        problems = _problems(instance)
        if not problems or time.monotonic() > deadline or channel.is_parent_gone():
            return problems
        time.sleep(0.2)


def _problems(instance: Instance) -> list[str]:
    state = State.load(instance.run)
    if state is None or not state.services:
        return ["no process was started"]
    try:
        # Ask only the API first: nginx logs an error for every request that the API does not take.
        health.pulp_status(instance)
    except health.Unhealthy as unhealthy:
        return [f"api {unhealthy}"]
    reports = health.check(instance, state)
    return [f"{each.service.name} {each.problem}" for each in reports if each.problem]


def _has_domains(instance: Instance) -> bool:
    try:
        return bool(health.pulp_status(instance)["domain_enabled"])
    except health.Unhealthy:
        # The API answered a moment ago, and the summary is only text.
        return False


def _send(channel: Channel, kind: str, data: str) -> None:
    now = datetime.datetime.now(tz=datetime.UTC)
    channel.put(Message(type=kind, data=data, time=now, name="system", colour=None))
