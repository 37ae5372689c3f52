"""`pulpcore-manager contentroutes-types`: how each type of distributions is served."""

import json
from argparse import ArgumentParser
from gettext import gettext as _
from typing import Any

from django.core.management import BaseCommand

from pulp_contentroutes.app.edge.distribution_types import route_states, type_states

_BY_RULE = "fast by rule"
_LEFT = "left to Pulp"


class Command(BaseCommand):
    help = _(
        "Show for each installed type of distributions whether the fast path serves it, and why: "
        "'fast'; 'fast by rule', except for the paths that its plugin may answer itself; 'hooks "
        "asked', which costs some queries for each request; or 'left to Pulp'."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help=_("For programs."))

    def handle(self, *arguments: Any, **options: Any) -> None:
        rows = []
        for state in type_states():
            if state.is_plain:
                served = "fast"
            elif state.served:
                served = _BY_RULE
            else:
                served = "hooks asked" if state.can_be_asked else _LEFT
            rows.append((state.pulp_type, served, state.reason))
        for route in route_states():
            known = f"A rule knows its files below {route.rule.prefix}."
            served = _BY_RULE if route.warning is None else _LEFT
            rows.append((route.rule.pulp_type, served, route.warning or known))
        rows.sort()
        if options["json"]:
            documents = [dict(zip(("type", "served", "reason"), row, strict=True)) for row in rows]
            self.stdout.write(json.dumps(documents, indent=2))
            return
        width = max(len(pulp_type) for pulp_type, *_ in rows)
        for pulp_type, served, reason in [("TYPE", "SERVED", "WHY"), *rows]:
            self.stdout.write(f"{pulp_type:{width}}  {served:12}  {reason}")
