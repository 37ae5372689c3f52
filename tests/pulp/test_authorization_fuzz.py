"""Thousands of Authorization headers: none is admitted, none fails, no secret is written down."""

import base64
import http.client
import random
import socket
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.harness.pulp import Pulp

SEED = 4
SCHEMES = (
    "Basic ", "basic ", "BASIC\t", "Bearer ", "bearer  ", "Token ", "tOKEN ", "Digest ",
    "Negotiate ", "", " ", "Basic", "Bearer,Basic ", "Basic Basic ", "\x7f ", "é ", "Bearer\u00a0",
)  # fmt: skip


def values(token: str, count: int) -> Iterator[bytes]:
    """Yield headers that are nearly right, and headers that are far from it; none is right."""
    chance = random.Random(SEED)
    alphabet = [chr(code) for code in range(32, 256)] + ["\t"]
    for _ in range(count):
        kind = chance.randrange(6)
        at = chance.randrange(len(token))
        text = {
            0: token[:at],
            1: token[:at] + chance.choice(alphabet) + token[at:],
            2: token[:at] + chance.choice("-_aZ0".replace(token[at], "")) + token[at + 1 :],
            3: "".join(chance.choices(alphabet, k=chance.randrange(60))),
            4: token.swapcase(),
            5: "pcr_" + "".join(chance.choices("abcXYZ019-_", k=chance.choice((42, 43, 44, 5000)))),
        }[kind]
        data = text.encode("latin-1")
        if chance.random() < 0.4:
            name = chance.choice((b"admin:", b":", b"", b"a:b:", bytes([255]) + b":"))
            data = base64.b64encode(name + data)[: chance.choice((None, -1, -2))]
        yield chance.choice(SCHEMES).encode("utf-8") + data


@pytest.mark.parametrize("count", [1000, pytest.param(3000, marks=pytest.mark.exhaustive)])
def test_no_header_is_admitted_fails_or_is_written_down(pulp: Pulp, count: int) -> None:
    guard = pulp.rest.guard("contentroutes/token")
    base = pulp.publish({"x": b"x"}, content_guard=guard)
    token = str(pulp.rest.token()["token"])
    assert pulp.ours.get(f"{base}/x", Authorization=f"Bearer {token}").status == 200
    log = pulp.instance.log
    offset = log.stat().st_size
    statuses: Counter[int] = Counter()
    bodies = b""
    connection = http.client.HTTPConnection("127.0.0.1", pulp.instance.content_port, timeout=60)
    for value in values(token, count):
        connection.putrequest("GET", pulp.ours.url(f"{base}/x"))
        connection._buffer.append(b"Authorization: " + value)  # type: ignore[attr-defined]
        connection.endheaders()
        response = connection.getresponse()
        body = response.read()
        statuses[response.status] += 1
        # aiohttp shows a header that it cannot read to its sender, before other code sees it.
        if response.status != 400:
            bodies += body
    connection.close()
    assert set(statuses) <= {400, 401, 403, 429, 431}, statuses
    assert statuses.total() == count
    # The first letters of a token are in every other value; the rest is only in secret values.
    secret = token[4:24].encode()
    assert secret not in bodies
    assert secret not in log.read_bytes()[offset:]


def test_a_header_that_no_server_can_read_ends_nothing(pulp: Pulp) -> None:
    base = pulp.publish({"x": b"x"}, content_guard=pulp.rest.guard("contentroutes/token"))
    for value in (b"\0", b"a\r\n b", b"x" * 20_000, b"Basic \r"):
        with socket.create_connection(("127.0.0.1", pulp.instance.content_port), 30) as client:
            line = f"GET {pulp.ours.url(f'{base}/x')} HTTP/1.1\r\nHost: x\r\nAuthorization: "
            client.sendall(line.encode() + value + b"\r\nConnection: close\r\n\r\n")
            answer = client.makefile("rb").read()
        assert answer.split(b" ")[1] in (b"400", b"401", b"431"), answer[:100]
    assert pulp.ours.get(f"{base}/x").status == 401
