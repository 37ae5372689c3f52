"""Limits, from the settings, on the size of a collection or role and on the time to read it."""

import time
from dataclasses import replace

from django.conf import settings

from pulp_contentroutes.galaxy.limits import SMALL, Limits

# An archive of as many bytes as are allowed is read in a minute or two.
_SECONDS = 600.0
# Pulp gives a task that it runs at once five seconds, for which the client has to wait.
_AT_ONCE_SECONDS = 3.0


def limits_of_import() -> Limits:
    """Return the limits of an import that begins now."""
    return replace(
        Limits(),
        unpacked=settings.CONTENTROUTES_COLLECTION_MAX_UNPACKED_BYTES,
        members=settings.CONTENTROUTES_COLLECTION_MAX_MEMBERS,
        deadline=time.monotonic() + _SECONDS,
    )


def limits_of_import_at_once() -> Limits:
    """Return the limits of an import that the API does itself, within one request."""
    allowed = limits_of_import()
    return replace(
        SMALL,
        unpacked=min(SMALL.unpacked, allowed.unpacked),
        members=min(SMALL.members, allowed.members),
        deadline=time.monotonic() + _AT_ONCE_SECONDS,
    )
