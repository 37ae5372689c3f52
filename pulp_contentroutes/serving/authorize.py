"""May this client have it? Asked before anything about a distribution's content is looked up."""

from pulp_contentroutes.serving.model import Plan


def is_open_to_all(plan: Plan) -> bool:
    """Tell whether everyone may have what the distribution serves.

    Where a guard must decide, Pulp's own handler asks it.
    """
    return not plan.is_guarded
