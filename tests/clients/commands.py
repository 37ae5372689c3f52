"""Commands of `ansible-galaxy`, their output, and the parameters of their tests."""

import subprocess

import pytest

from tests.harness.ansible_galaxy import Client, Ended
from tests.harness.galaxy import Galaxy


def only_before_a_release(*values: object) -> list[object]:
    """Return values of a parameter that only `make test-all` uses."""
    return [pytest.param(value, marks=pytest.mark.exhaustive) for value in values]


def configure(client: Client, **servers: dict[str, str]) -> None:
    """Write an ansible.cfg with these servers in this order."""
    lines = ["[galaxy]", f"server_list = {', '.join(servers)}"]
    for name, values in servers.items():
        lines.append(f"[galaxy_server.{name}]")
        lines += [f"{key} = {value}" for key, value in values.items()]
    (client.home / "ansible.cfg").write_text("\n".join(lines))


def install(client: Client, *arguments: str) -> Ended:
    """Install into `got`, even if something is installed there already."""
    return client.run("collection", "install", *arguments, "-p", "got", "--force")


def install_role(client: Client, server: Galaxy, requirement: str, *arguments: str) -> Ended:
    """Install into `roles`."""
    return client.run(
        "role", "install", requirement, "-p", "roles", "-s", server.url, "--force", *arguments
    )


def publish(client: Client, data: bytes, name: str, *arguments: str) -> Ended:
    (client.home / name).write_bytes(data)
    return client.run("collection", "publish", name, *arguments)


def output_of(ended: Ended) -> str:
    """Return all that a command printed, without the line breaks of a terminal."""
    return " ".join((ended.stdout + ended.stderr).split())


def expect_success(ended: Ended) -> str:
    """Return the output of a command, which must have succeeded."""
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return output_of(ended)


def expect_refusal(ended: Ended) -> str:
    """Return the output of a command, which must have failed with an error message."""
    output = output_of(ended)
    assert ended.returncode == 1, output
    assert "ERROR!" in output or "[ERROR]" in output
    assert "Traceback" not in output
    return output


def unpack(client: Client, data: bytes) -> None:
    """Put acme.tools into `got` without the client."""
    folder = client.home / "got/ansible_collections/acme/tools"
    folder.mkdir(parents=True)
    subprocess.run(["tar", "-xz", "-C", str(folder)], input=data, check=True)
