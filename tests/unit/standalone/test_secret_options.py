"""Secrets among the arguments: every user of the machine can read a command line."""

import os
import subprocess
import sys

import click
import pytest

from pulp_contentroutes.standalone.cli import main
from pulp_contentroutes.standalone.secret_options import VARIABLES, split

#: A program that moves its secrets, then prints its command line and the variable.
PROGRAM = """
import os
from pulp_contentroutes.standalone import secret_options
secret_options.move_to_environment()
with open("/proc/self/cmdline", "rb") as file:
    print(file.read().replace(b"\\0", b" ").decode(), os.environ["CONTENTROUTES_ADMIN_PASSWORD"])
"""


@pytest.mark.parametrize(
    ("arguments", "kept", "secrets"),
    [
        ("serve --port 1 --admin-password a", "serve --port 1", {"ADMIN_PASSWORD": "a"}),
        ("serve --admin-password=a=b --demo", "serve --demo", {"ADMIN_PASSWORD": "a=b"}),
        ("serve --admin-password a --admin-password b", "serve", {"ADMIN_PASSWORD": "b"}),
        (
            "serve --database-url d --redis-url r",
            "serve",
            {"DATABASE_URL": "d", "REDIS_URL": "r"},
        ),
        ("serve --redis-url=", "serve --redis-url=", {}),
        ("serve --redis-url", "serve --redis-url", {}),
        ("manage --admin-password a", "manage --admin-password a", {}),
        ("", "", {}),
    ],
)
def test_secrets_among_the_arguments_become_variables(
    arguments: str, kept: str, secrets: dict[str, str]
) -> None:
    expected = {f"CONTENTROUTES_{name}": value for name, value in secrets.items()}
    assert split(arguments.split()) == (kept.split(), expected)


def test_an_empty_argument_stays_to_take_an_option_back() -> None:
    assert split(["serve", "--redis-url", ""]) == (["serve", "--redis-url="], {})


def test_every_option_with_a_variable_of_ours_that_is_no_folder_is_a_secret() -> None:
    found = {
        option.opts[0]: option.envvar
        for option in main.commands["serve"].params
        if isinstance(option, click.Option) and option.envvar
    }
    del found["--data"]
    assert found == VARIABLES


def test_a_program_that_was_given_a_secret_does_not_show_it() -> None:
    arguments = ["serve", "--port", "1", "--admin-password", "geheim", "--demo"]
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    *shown, password = ended.stdout.split()
    assert password == "geheim"
    assert "geheim" not in shown
    assert shown[-4:] == ["serve", "--port", "1", "--demo"]
