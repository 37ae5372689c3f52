"""The key of signed URLs, the same on every node."""

from functools import cache

from django.utils.crypto import salted_hmac

from pulp_contentroutes.serving.access.signed_urls import SignedUrls


@cache
def signed_urls() -> SignedUrls:
    """Return the object that signs and checks URLs, with a key made from Django's SECRET_KEY."""
    return SignedUrls(salted_hmac("contentroutes.signed_urls", "", algorithm="sha256").digest())
