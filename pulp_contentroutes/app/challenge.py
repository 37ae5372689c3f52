"""Which content guards ask for credentials: RFC 9110 §15.5.2 has a challenge in every 401."""

from typing import Final

#: Types that a user's password or token can satisfy; read in pulpcore 3.123.
_WITH_CREDENTIALS: Final = frozenset({"core.rbac", "contentroutes.token"})
_COMPOSITE: Final = "core.composite"


def takes_credentials(guard):
    """Return whether a password or token can satisfy the guard, or one of those it is made of.

    Certificates, headers and signed URLs are no credentials that a client could be asked for; of
    guards of unknown types nothing is known, and Pulp asks for none. Blocking.
    """
    waiting, composites = [guard], set()
    while waiting:
        guard = waiting.pop()
        if guard.pulp_type in _WITH_CREDENTIALS:
            return True
        # Nothing in Pulp keeps a composite guard from being part of itself.
        if guard.pulp_type == _COMPOSITE and guard.pk not in composites:
            composites.add(guard.pk)
            waiting += guard.cast().guards.all()
    return False
