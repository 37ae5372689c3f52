"""What the user asked for is remembered, and bad input is refused with the way out."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from pulp_contentroutes.standalone.cli import main
from pulp_contentroutes.standalone.errors import BadSetting, UnusableFolder
from pulp_contentroutes.standalone.options import Options, parse_setting


def test_options_given_once_are_remembered(tmp_path: Path) -> None:
    file = tmp_path / "instance.json"
    first = Options().changed({"port": 9000, "bind": None, "settings": {"A": "1", "B": "2"}})
    file.write_text(first.dump())
    second = Options.load(file).changed({"bind": "::1", "port": None, "settings": {"B": "3"}})
    assert (second.port, second.bind) == (9000, "::1")
    assert second.settings == {"A": "1", "B": "3"}


def test_an_empty_value_takes_an_option_back() -> None:
    given = {"redis_url": "redis://x", "nginx": False, "settings": {"A": "1", "B": "2"}}
    first = Options().changed(given)
    assert (first.redis_url, first.nginx) == ("redis://x", False)
    second = first.changed({"redis_url": "", "nginx": None, "settings": {"A": ""}})
    assert (second.redis_url, second.nginx, second.settings) == (None, False, {"B": "2"})


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
        ("serve --bind everywhere", "for instance 127.0.0.1"),
        ("serve --port 0", "0 is not in the range"),
        ("serve --port 70000", "70000 is not in the range"),
        ("serve --content-workers 0", "0 is not in the range"),
        ("serve --set nonsense", "write NAME=VALUE"),
        ("serve --database-url mysql://x", "postgresql://USER:PASSWORD@HOST"),
        ("status", "'pulp-contentroutes serve' makes one"),
        ("stop", "'pulp-contentroutes serve' makes one"),
        ("env", "'pulp-contentroutes serve' makes one"),
        ("logs", "'pulp-contentroutes serve' makes one"),
        ("reset", "'pulp-contentroutes serve' makes one"),
        ("manage check", "'pulp-contentroutes serve' makes one"),
    ],
)
def test_bad_input_gets_one_clear_sentence(tmp_path: Path, arguments: str, said: str) -> None:
    result = CliRunner().invoke(
        main, arguments.split(), env={"CONTENTROUTES_DATA": str(tmp_path / "no")}
    )
    assert result.exit_code != 0
    assert said in " ".join(result.output.split())
    assert "Traceback" not in result.output


def test_a_password_in_a_bad_database_url_is_not_shown(tmp_path: Path) -> None:
    url = "postgresql://user:geheim@[host/db"
    arguments = ["serve", "--data", str(tmp_path / "x"), "--database-url", url]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert "geheim" not in result.output


COMMANDS = ["", "serve", "status", "stop", "logs", "env", "manage", "reset"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_needs_no_instance(command: str) -> None:
    result = CliRunner().invoke(main, [*command.split(), "--help"])
    assert result.exit_code == 0
