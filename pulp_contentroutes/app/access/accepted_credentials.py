"""The credentials that content guards accept.

RFC 9110 §15.5.2 requires a challenge in every 401.
"""

from typing import Final

from pulpcore.plugin.models import ContentGuard

from pulp_contentroutes.serving.access.credentials import Accepted

#: Types of guards that credentials can satisfy, up to pulpcore 3.123.
_ACCEPTED: Final = {
    "core.rbac": Accepted.PASSWORDS_AND_TOKENS,
    "contentroutes.token": Accepted.TOKENS,
}
_COMPOSITE: Final = "core.composite"


def accepted_credentials(guard: ContentGuard) -> Accepted:
    """Return the credentials that can satisfy the guard, or one of the guards it is made of.

    Certificates, headers and signed URLs are not credentials that a client could be asked for.
    Nothing is known about guards of other types, and Pulp asks for no credentials there. Blocking.
    """
    found = Accepted.NONE
    waiting, composites = [guard], set()
    while waiting:
        guard = waiting.pop()
        accepted = _ACCEPTED.get(guard.pulp_type, Accepted.NONE)
        if accepted is Accepted.PASSWORDS_AND_TOKENS:
            return accepted
        if accepted is Accepted.TOKENS:
            found = accepted
        # Nothing in Pulp keeps a composite guard from being part of itself.
        if guard.pulp_type == _COMPOSITE and guard.pk not in composites:
            composites.add(guard.pk)
            waiting += guard.cast().guards.all()
    return found
