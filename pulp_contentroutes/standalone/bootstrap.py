"""Steps inside Pulp's Django before the services start: migrations, files, administrator, demo.

`python -m pulp_contentroutes.standalone.bootstrap` reads the arguments of `bootstrap` from standard
input as JSON, so that the password is not on any command line; "steps" is a file descriptor, to
which it writes its progress. It writes one JSON object to standard output: {"was_password_set": …,
"demo_token": …, "demo_problem": …} or {"error": sentence}. Standard error is for the log.
"""

import io
import json
import os
import sys
from typing import IO, Any

import click
import django
from django.core.management import call_command

from pulp_contentroutes import demo
from pulp_contentroutes.standalone.logs import step


def bootstrap(
    password: str,
    is_given: bool,
    steps: IO[str],
    is_prepared: bool = False,
    was_stopped: bool = False,
    with_demo: bool = False,
) -> dict[str, Any]:
    """Bring database and static files up to date, unless `is_prepared`, and set the password.

    The password is set if it was given, or if there is no administrator yet. `was_stopped` means
    that an earlier run was not completed. A demo that cannot be loaded ends nothing.
    """
    django.setup()
    if not is_prepared:
        with step("Migrating the database", steps):
            call_command("migrate", interactive=False, verbosity=0)
        with step("Collecting static files", steps):
            # A half-copied file is newer than its original, and would be kept.
            call_command("collectstatic", interactive=False, verbosity=0, clear=was_stopped)
    from django.contrib.auth import get_user_model
    from django.db import transaction

    users = get_user_model()
    # A password that was made up is shown only at the end: an interrupted start must not keep it.
    with transaction.atomic():
        admin = users.objects.filter(username="admin").first()
        result: dict[str, Any] = {"was_password_set": is_given or admin is None}
        if result["was_password_set"]:
            with step("Setting the admin password", steps):
                # Saved once: an administrator without a password would get none at the next start.
                admin = admin or users(username="admin", is_superuser=True, is_staff=True)
                admin.set_password(password)
                admin.save()
        if with_demo:
            try:
                with step("Loading the demo", steps):
                    output = io.StringIO()
                    call_command(demo.COMMAND, stdout=output)
                    result["demo_token"] = str(json.loads(output.getvalue())["token"])
            except Exception as error:  # noqa: BLE001  told to the parent, not swallowed
                result["demo_problem"] = _in_a_line(error)
    return result


def _in_a_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def main() -> None:
    """Run `bootstrap`; turn any failure into one sentence for the user who typed `serve`."""
    try:
        told = json.load(sys.stdin)
        with os.fdopen(told.pop("steps"), "w") as steps:
            result = bootstrap(**told, steps=steps)
    except (Exception, SystemExit) as error:  # noqa: BLE001  told to the parent, not swallowed
        result = {"error": _in_a_line(error)}
    click.echo(json.dumps(result))


if __name__ == "__main__":
    main()
