"""A command that cannot be carried out gives one sentence, and changes nothing."""

import socket
from pathlib import Path

from tests.harness.standalone import Standalone, run
from tests.harness.waiting import free_ports
from tests.pulp.processes import is_healthy


def test_a_second_instance_on_the_folder_is_refused(plain: Standalone) -> None:
    ended = run("serve", "--data", str(plain.data), "--port", str(free_ports(3)))
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "already running" in ended.stderr
    assert is_healthy(plain)


def test_reset_refuses_while_it_is_running(plain: Standalone) -> None:
    ended = run("reset", "--yes", "--data", str(plain.data))
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert is_healthy(plain)


def test_a_busy_port_is_refused_before_anything_is_made(plain: Standalone, tmp_path: Path) -> None:
    ended = run("serve", "--data", str(tmp_path / "new"), "--port", str(plain.port))
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert f"127.0.0.1:{plain.port}, the address for " in ended.stderr
    assert ", is in use: choose another with --port" in ended.stderr
    assert not (tmp_path / "new" / "instance.json").exists()


def test_a_database_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"postgresql://pulp:geheim@127.0.0.1:{closed.getsockname()[1]}/pulp"
        ports = ["--port", str(free_ports(3))]
        ended = run("serve", "--data", str(tmp_path / "x"), "--database-url", url, *ports)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "The database 'pulp' on 127.0.0.1 cannot be reached" in ended.stderr
    assert "geheim" not in ended.stdout + ended.stderr
    # Options that did not work are not remembered.
    assert not (tmp_path / "x" / "instance.json").exists()
