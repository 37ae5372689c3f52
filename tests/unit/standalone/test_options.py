"""Options are remembered, and bad input is refused with a remedy."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pulp_contentroutes.standalone.cli import main, serve
from pulp_contentroutes.standalone.errors import BadSetting, UnusableFolder
from pulp_contentroutes.standalone.options import Options, parse_setting


def test_options_given_once_are_remembered(tmp_path: Path) -> None:
    file = tmp_path / "instance.json"
    first = Options().with_changes({"port": 9000, "bind": None, "settings": {"A": "1", "B": "2"}})
    file.write_text(first.dump())
    second = Options.load(file).with_changes({"bind": "::1", "port": None, "settings": {"B": "3"}})
    assert (second.port, second.bind) == (9000, "::1")
    assert second.settings == {"A": "1", "B": "3"}


def test_an_empty_value_takes_an_option_back() -> None:
    given = {"redis_url": "redis://x", "nginx": False, "settings": {"A": "1", "B": "2"}}
    first = Options().with_changes(given)
    assert (first.redis_url, first.nginx) == ("redis://x", False)
    second = first.with_changes({"redis_url": "", "nginx": None, "settings": {"A": ""}})
    assert (second.redis_url, second.nginx, second.settings) == (None, False, {"B": "2"})


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("port", "9000"),
        ("bind", "::1"),
        ("content-workers", "3"),
        ("api-workers", "3"),
        ("task-workers", "3"),
        ("database-url", "postgresql:///x"),
        ("media-root", "/x"),
        ("redis-url", "redis://x"),
        ("set", "A=1"),
    ],
)
def test_an_empty_value_takes_any_option_back(option: str, value: str) -> None:
    given = Options().with_changes(parse(option, value))
    assert given != Options()
    assert given.with_changes(parse(option, "A=" if option == "set" else "")) == Options()


def parse(option: str, value: str) -> dict[str, Any]:
    """Return the options that `serve` is called with."""
    context = serve.make_context("serve", [f"--{option}", value, "--data", "/x"])
    return {name: context.params[name] for name in Options.__dataclass_fields__}


def test_options_that_cannot_be_read_are_not_lost(tmp_path: Path) -> None:
    file = tmp_path / "instance.json"
    file.write_text("{")
    with pytest.raises(UnusableFolder, match="cannot be understood"):
        Options.load(file)
    assert file.read_text() == "{"


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("DOMAIN_ENABLED=true", ("DOMAIN_ENABLED", "true")),
        ("PULP_DOMAIN_ENABLED=true", ("DOMAIN_ENABLED", "true")),
        ("DATABASES__default__CONN_MAX_AGE=5", ("DATABASES__default__CONN_MAX_AGE", "5")),
        ("X=a=b", ("X", "a=b")),
        ("X=", ("X", "")),
    ],
)
def test_a_setting_is_name_and_value(text: str, setting: tuple[str, str]) -> None:
    assert parse_setting(text) == setting


@pytest.mark.parametrize("text", ["", "X", "=1", "lower=1", "A B=1", "A;rm=1", "A'=1"])
def test_a_setting_without_a_name_is_refused(text: str) -> None:
    with pytest.raises(BadSetting, match="NAME=VALUE"):
        parse_setting(text)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("serve --bind everywhere", "'everywhere' is not an IP address: give one of this machine"),
        *(
            (f"serve --port {value}", f"{value!r} is not a port: give a whole number from 1 to")
            for value in ("abc", "0", "-5", "65534", "65535", "8080.0", "8_080", "٨٠", "1e3")
        ),
        (f"serve --port {10**50}", f"'1{'0' * 39}…' is not a port"),
        ("serve --content-workers 0", "'0' is not a number of processes: give a whole number"),
        ("serve --task-workers many", "'many' is not a number of processes"),
        ("logs --lines all", "'all' is not a number of lines: give a whole number from 0 to"),
        ("serve --set nonsense", "write NAME=VALUE"),
        (f"serve --set {'x' * 50}", f"--set '{'x' * 40}…': write NAME=VALUE"),
        ("serve --database-url mysql://x", "postgresql://USER:PASSWORD@HOST"),
        ("status", " serve --data {data}' makes one"),
        ("stop", " serve --data {data}' makes one"),
        ("env", " serve --data {data}' makes one"),
        ("logs", " serve --data {data}' makes one"),
        ("password", " serve --data {data}' makes one"),
        ("reset", " serve --data {data}' makes one"),
        ("manage check", " serve --data {data}' makes one"),
    ],
)
def test_bad_input_gets_one_clear_sentence(tmp_path: Path, arguments: str, said: str) -> None:
    result = CliRunner().invoke(
        main, arguments.split(), env={"CONTENTROUTES_DATA": str(tmp_path / "no")}
    )
    assert result.exit_code != 0
    assert said.format(data=tmp_path / "no") in " ".join(result.output.split())
    assert "Traceback" not in result.output
    assert "is not a valid" not in result.output


def test_a_password_in_a_bad_database_url_is_not_shown(tmp_path: Path) -> None:
    url = "postgresql://user:geheim@[host/db"
    arguments = ["serve", "--data", str(tmp_path / "x"), "--database-url", url]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert "geheim" not in result.output


COMMANDS = ["", *main.commands]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_needs_no_instance(command: str) -> None:
    result = CliRunner().invoke(main, [*command.split(), "--help"])
    assert result.exit_code == 0


@pytest.mark.parametrize("command", [name for name in main.commands if name != "galaxy-upload"])
def test_only_serve_says_that_it_makes_the_data_folder(command: str) -> None:
    result = CliRunner().invoke(main, [command, "--help"])
    said = " ".join(result.output.split())
    assert "Data folder" in said
    assert ("made when it does not exist" in said) == (command == "serve")
