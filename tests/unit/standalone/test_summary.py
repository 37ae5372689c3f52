"""The summary that `serve` prints when it is ready: its lines work in a second terminal."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pulp_contentroutes.standalone import data_dir, environment, serve
from pulp_contentroutes.standalone.environment import command_line
from pulp_contentroutes.standalone.instance import Instance
from pulp_contentroutes.standalone.options import Options


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    data = tmp_path / "the data's folder"
    data.mkdir()
    return Instance(data, Options(), "/usr/sbin/nginx", {})


def commands(text: str) -> list[list[str]]:
    """Return the commands for a second terminal, split as by a shell."""
    lines = text.partition("In a second terminal:\n")[2].partition("\n\n")[0].splitlines()
    return [shlex.split(line, comments=True) for line in lines]


def test_the_lines_for_a_second_terminal_name_program_and_folder(instance: Instance) -> None:
    text = serve.render_summary(instance, 1.0, None, None)
    program = environment.program("pulp-contentroutes")
    where = ["--data", str(instance.folder)]
    assert commands(text) == [[program, "status", *where], [program, "password", *where]]


def test_a_line_works_elsewhere_with_an_empty_path(instance: Instance, tmp_path: Path) -> None:
    ended = subprocess.run(
        ["/bin/sh", "-c", command_line(instance.folder, "status")],
        cwd="/",
        env={"HOME": str(tmp_path), "PATH": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 3
    assert f"There is no Pulp in {instance.folder}: '" in ended.stderr


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, *, is_started: bool = True) -> Path:
    """Make a program of this name in `folder`; return it."""
    folder.mkdir()
    program = folder / "pulp-contentroutes"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    if is_started:
        monkeypatch.setattr(sys, "argv", [str(program)])
    return program


def test_a_program_that_every_terminal_finds_needs_no_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "bin", monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(sys, "base_prefix", sys.prefix)
    assert command_line(environment.default_folder(), "status") == "pulp-contentroutes status"


def test_a_program_behind_another_of_its_name_needs_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = install(tmp_path / "own", monkeypatch)
    install(tmp_path / "other", monkeypatch, is_started=False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'other'}:{tmp_path / 'own'}")
    monkeypatch.setattr(sys, "base_prefix", sys.prefix)
    assert command_line(environment.default_folder(), "status") == f"{own} status"


def test_another_terminal_has_not_activated_this_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = environment.program("pulp-contentroutes")
    monkeypatch.setenv("PATH", f"{Path(program).parent}:{os.environ['PATH']}")
    monkeypatch.setattr(sys, "argv", [program])
    assert command_line(environment.default_folder(), "stop") == shlex.join([program, "stop"])


def test_a_link_on_the_path_into_an_environment_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pipx makes such a link."""
    program = environment.program("pulp-contentroutes")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pulp-contentroutes").symlink_to(program)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(sys, "argv", [program])
    assert command_line(environment.default_folder(), "stop") == "pulp-contentroutes stop"


def test_a_password_that_was_made_up_is_repeated(instance: Instance) -> None:
    line = "\n  user         admin, password s3cret   (shown at this start only)\n"
    assert line in serve.render_summary(instance, 1.0, "s3cret", None)
    assert "\n  user         admin\n" in serve.render_summary(instance, 1.0, None, None)


def test_every_address_is_that_of_clients(instance: Instance) -> None:
    (instance.folder / data_dir.DEMO_FILE).write_text(json.dumps({"token": "pcr_x"}))
    settings = {"CONTENT_ORIGIN": "https://pulp.example"}
    options = Options(settings=settings, bind="198.51.100.7")
    made = Instance(instance.folder, options, instance.nginx, {})
    text = serve.render_summary(made, 1.0, None, "default")
    assert "\n  start page   https://pulp.example/\n" in text
    assert "\n  or           http://198.51.100.7:8080/\n" in text
    content = "https://pulp.example/pulp_contentroutes/content/default/"
    assert f"\n  content      {content}\n" in text
    assert f"\n  curl -O {content}demo/hello.txt\n" in text
    assert "--server https://pulp.example/pulp_contentroutes/galaxy/default/galaxy-demo/" in text
    assert "127.0.0.1" not in text


def test_a_demo_that_could_not_be_loaded_is_not_offered(instance: Instance) -> None:
    text = serve.render_summary(instance, 1.0, None, None, "The demo could not be loaded: x")
    assert "The demo could not be loaded: x" in text
    assert "Try:" not in text
