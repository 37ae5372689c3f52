"""What the tests do with `ansible-galaxy`, what it printed, and what it left in its home."""

import json
import subprocess
from typing import Any

from tests.pulp.galaxy import Client, Galaxy, tarball

Ended = subprocess.CompletedProcess[str]


def stored(server: Galaxy, token: str, **info: Any) -> bytes:
    """Publish a collection without a client, and return it; `info` as for `tarball`."""
    data, name = tarball(**info)
    document = server.imported(server.publish(data, name, token), token)
    assert document["state"] == "completed", document
    return data


def configure(client: Client, **servers: dict[str, str]) -> None:
    """Write an ansible.cfg with these servers in this order."""
    lines = ["[galaxy]", f"server_list = {', '.join(servers)}"]
    for name, values in servers.items():
        lines.append(f"[galaxy_server.{name}]")
        lines += [f"{key} = {value}" for key, value in values.items()]
    (client.home / "ansible.cfg").write_text("\n".join(lines))


def install(client: Client, *arguments: str) -> Ended:
    """Install into `got`, whatever is there already."""
    return client.run("collection", "install", *arguments, "-p", "got", "--force")


def publish(client: Client, data: bytes, name: str, *arguments: str) -> Ended:
    (client.home / name).write_bytes(data)
    return client.run("collection", "publish", name, *arguments)


def printed(ended: Ended) -> str:
    """Return all that a command printed, without the line breaks of a terminal."""
    return " ".join((ended.stdout + ended.stderr).split())


def succeeded(ended: Ended) -> str:
    """Return what a command printed that must have succeeded."""
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return printed(ended)


def refused(ended: Ended) -> str:
    """Return what a command printed that must have failed with a sentence."""
    told = printed(ended)
    assert ended.returncode == 1, told
    assert "ERROR!" in told or "[ERROR]" in told
    assert "Traceback" not in told
    return told


def remembered_versions(client: Client) -> set[str]:
    """Return the versions of all collections in the client's own cache."""
    cache = json.loads((client.home / ".ansible/galaxy_cache/api.json").read_text())
    return {
        result["version"]
        for host in cache.values()
        if isinstance(host, dict)
        for path, entry in host.items()
        if path.endswith("/versions/")
        for result in entry["results"]
    }
