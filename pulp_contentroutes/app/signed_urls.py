"""The key of signed URLs, the same on every node."""

from functools import cache

from django.utils.crypto import salted_hmac

from pulp_contentroutes.serving.signed_urls import SignedUrls


@cache
def signed_urls():
    """Return what signs and checks, with a key made of Django's SECRET_KEY."""
    return SignedUrls(salted_hmac("contentroutes.signed_urls", "", algorithm="sha256").digest())
