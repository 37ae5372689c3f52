"""`pulpcore-manager contentroutes-types`: how each type of distributions is served."""

import json
from argparse import ArgumentParser
from gettext import gettext as _
from typing import Any

from django.core.management import BaseCommand

from pulp_contentroutes.app.edge.distribution_types import TypeState, type_states


class Command(BaseCommand):
    help = _(
        "Show for each installed type of distributions whether the fast path serves it, and why: "
        "'fast'; 'fast by rule', except for the paths that its plugin may answer itself; 'hooks "
        "asked', which costs some queries for each request; or 'left to Pulp'."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help=_("For programs."))

    def handle(self, *arguments: Any, **options: Any) -> None:
        states = list(type_states())
        if options["json"]:
            rows = [
                {"type": state.pulp_type, "served": _describe(state), "reason": state.reason}
                for state in states
            ]
            self.stdout.write(json.dumps(rows, indent=2))
            return
        width = max(len(state.pulp_type) for state in states)
        self.stdout.write(f"{'TYPE':{width}}  {'SERVED':12}  WHY")
        for state in states:
            self.stdout.write(f"{state.pulp_type:{width}}  {_describe(state):12}  {state.reason}")


def _describe(state: TypeState) -> str:
    if state.is_plain:
        return "fast"
    if state.served:
        return "fast by rule"
    return "hooks asked" if state.can_be_asked else "left to Pulp"
