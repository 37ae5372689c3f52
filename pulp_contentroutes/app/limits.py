"""How much of a collection or role is taken, and for how long it is read, by the settings."""

import time
from dataclasses import replace

from django.conf import settings

from pulp_contentroutes.galaxy.limits import SMALL, Limits

# An archive of as many bytes as are allowed is read in a minute or two.
_SECONDS = 600.0
# Pulp gives what it runs at once five seconds, and whoever asked for it waits so long.
_AT_ONCE_SECONDS = 3.0


def limits_of_import():
    """Return those of an import that begins now."""
    return replace(
        Limits(),
        unpacked=settings.CONTENTROUTES_COLLECTION_MAX_UNPACKED_BYTES,
        members=settings.CONTENTROUTES_COLLECTION_MAX_MEMBERS,
        deadline=time.monotonic() + _SECONDS,
    )


def limits_of_import_at_once():
    """Return those of imports that the API does itself, within one request."""
    allowed = limits_of_import()
    return replace(
        SMALL,
        unpacked=min(SMALL.unpacked, allowed.unpacked),
        members=min(SMALL.members, allowed.members),
        deadline=time.monotonic() + _AT_ONCE_SECONDS,
    )
