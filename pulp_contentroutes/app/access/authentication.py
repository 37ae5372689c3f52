"""API tokens for everything in Pulp that authenticates with Django REST framework.

The content app does, too: requests that the fast path does not answer are authenticated here.
"""

from gettext import gettext as _
from typing import TYPE_CHECKING, Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import ProgrammingError
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request
from rest_framework.settings import api_settings

from pulp_contentroutes.app.access.models import ApiToken
from pulp_contentroutes.serving.access.credentials import MAX_LENGTH, Token, credentials_of

if TYPE_CHECKING:
    # It imports the views of Django REST framework, which import this module.
    from drf_spectacular.openapi import AutoSchema


class ApiTokenAuthentication(BaseAuthentication):
    """`Authorization: Token …` or `Bearer …`, or Basic with a token for a password.

    Credentials that are not a token of ours are left to the classes after this one. `request.auth`
    is the ApiToken.
    """

    #: The scope that a token needs where this class authenticates.
    scope = ApiToken.Scope.FULL

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, ApiToken] | None:
        value = request.META.get("HTTP_AUTHORIZATION", "")
        credentials = credentials_of(value) if len(value) <= MAX_LENGTH else None
        if not isinstance(credentials, Token):
            return None
        try:
            token = ApiToken.objects.find_valid(credentials.digest)
        except ProgrammingError:
            # The migrations have not run, or were reversed. Clients that still send a token must
            # get the content that is open to all.
            token = None
        if token is None:
            raise AuthenticationFailed(_("The API token is not valid, or has expired."))
        if not token.includes(self.scope_for(request)):
            raise AuthenticationFailed(_("The scope of the API token does not include this."))
        view = (request.parser_context or {}).get("view")
        is_login = getattr(view, "urlpattern", str)() == "login"  # pulpcore's LoginViewSet
        if is_login and request.method == "POST":
            # A session would outlive the token, and its revocation.
            raise PermissionDenied(
                _(
                    "An API token opens no session. Send the token with each request, or log in "
                    "with a password."
                )
            )
        token.touch()
        return token.user, token

    def authenticate_header(self, request: Request) -> str | None:
        """Return the challenge of the class that would be asked first if this one did not exist."""
        for other in api_settings.DEFAULT_AUTHENTICATION_CLASSES:
            if not issubclass(other, ApiTokenAuthentication):
                return other().authenticate_header(request)
        return 'Bearer realm="Pulp"'

    def scope_for(self, request: Request) -> ApiToken.Scope:
        """Return the scope that a request needs."""
        # Requests of the content app have no view of Django. The path does not tell: the API may
        # have the same path if its root is rewritten.
        is_for_content = request._request.resolver_match is None
        return ApiToken.Scope.READ if is_for_content else self.scope


class ApiTokenScheme(OpenApiAuthenticationExtension):
    """The description of ApiTokenAuthentication in Pulp's OpenAPI document."""

    target_class = ApiTokenAuthentication
    name = "apiToken"

    def get_security_definition(self, auto_schema: "AutoSchema") -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer"}
