"""Steps inside Pulp's Django before the services start: migrations, static files, administrator.

`python -m pulp_contentroutes.standalone.bootstrap` reads the arguments of `bootstrap` from standard
input as JSON, so that the password is not on any command line; "steps" is a file descriptor, to
which it writes its progress. It writes one JSON object to standard output: {"was_password_set": …}
or {"error": sentence}. Standard error is for the log.
"""

import json
import os
import sys
from typing import IO, Any

import click
import django
from django.core.management import call_command

from pulp_contentroutes.standalone.steps import step


def bootstrap(
    password: str,
    is_given: bool,
    steps: IO[str],
    is_prepared: bool = False,
    was_stopped: bool = False,
) -> dict[str, Any]:
    """Bring database and static files up to date, unless `is_prepared`, and set the password.

    The password is set if it was given, or if there is no administrator yet. `was_stopped` means
    that an earlier run was not completed.
    """
    django.setup()
    from django.contrib.auth import get_user_model

    if not is_prepared:
        with step("Migrating the database", steps):
            call_command("migrate", interactive=False, verbosity=0)
        with step("Collecting static files", steps):
            # A half-copied file is newer than its original, and would be kept.
            call_command("collectstatic", interactive=False, verbosity=0, clear=was_stopped)
    users = get_user_model()
    admin = users.objects.filter(username="admin").first()
    if admin is not None and not is_given:
        return {"was_password_set": False}
    with step("Setting the admin password", steps):
        # Saved only once: an administrator without a password would not get one at the next start.
        admin = admin or users(username="admin", is_superuser=True, is_staff=True)
        admin.set_password(password)
        admin.save()
    return {"was_password_set": True}


def main() -> None:
    """Run `bootstrap`; turn any failure into one sentence for the user who typed `serve`."""
    try:
        told = json.load(sys.stdin)
        with os.fdopen(told.pop("steps"), "w") as steps:
            result = bootstrap(**told, steps=steps)
    except (Exception, SystemExit) as error:  # noqa: BLE001  told to the parent, not swallowed
        result = {"error": f"{type(error).__name__}: {' '.join(str(error).split())}"}
    click.echo(json.dumps(result))


if __name__ == "__main__":
    main()
