"""How much of a collection or role is taken, by the settings."""

from dataclasses import replace

from django.conf import settings

from pulp_contentroutes.galaxy.limits import SMALL, Limits


def limits_of_import():
    return replace(
        Limits(),
        unpacked=settings.CONTENTROUTES_COLLECTION_MAX_UNPACKED_BYTES,
        members=settings.CONTENTROUTES_COLLECTION_MAX_MEMBERS,
    )


def limits_of_import_at_once():
    """Return those of imports that the API does itself, within one request."""
    allowed = limits_of_import()
    return replace(
        SMALL,
        unpacked=min(SMALL.unpacked, allowed.unpacked),
        members=min(SMALL.members, allowed.members),
    )
