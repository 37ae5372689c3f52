"""API tokens for everything in Pulp that authenticates with Django REST framework.

The content app does, too: what the fast path does not answer is authenticated here.
"""

from gettext import gettext as _

from django.db import ProgrammingError
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.settings import api_settings

from pulp_contentroutes.app.models import ApiToken
from pulp_contentroutes.serving.credentials import MAX_LENGTH, Token, credentials_of


class ApiTokenAuthentication(BaseAuthentication):
    """`Authorization: Token …` or `Bearer …`, or Basic with a token for a password.

    What is no token of ours is left to the classes after this one. `request.auth` is the ApiToken.
    """

    #: What a token must be good for where this class authenticates.
    scope = ApiToken.Scope.FULL

    def authenticate(self, request):
        value = request.META.get("HTTP_AUTHORIZATION", "")
        credentials = credentials_of(value) if len(value) <= MAX_LENGTH else None
        if not isinstance(credentials, Token):
            return None
        try:
            token = ApiToken.objects.find_valid(credentials.digest)
        except ProgrammingError:
            # The migrations have not run, or were taken back. Clients that still send a token must
            # get what is open to all.
            token = None
        if token is None:
            raise AuthenticationFailed(_("The API token is not valid, or has expired."))
        if not token.includes(self.scope_for(request)):
            raise AuthenticationFailed(_("The scope of the API token does not include this."))
        if _opens_session(request):
            # It would outlive the token, and its revocation.
            raise PermissionDenied(
                _(
                    "An API token opens no session. Send the token with each request, or log in "
                    "with a password."
                )
            )
        token.touch()
        return token.user, token

    def authenticate_header(self, request):
        """Return the challenge of the class that would be asked first if this one did not exist."""
        for other in api_settings.DEFAULT_AUTHENTICATION_CLASSES:
            if not issubclass(other, ApiTokenAuthentication):
                return other().authenticate_header(request)
        return 'Bearer realm="Pulp"'

    def scope_for(self, request):
        """Return the scope that a request needs."""
        return ApiToken.Scope.READ if _is_for_content(request) else self.scope


class ApiTokenScheme(OpenApiAuthenticationExtension):
    """What Pulp's OpenAPI document says of it."""

    target_class = ApiTokenAuthentication
    name = "apiToken"

    def get_security_definition(self, auto_schema):
        return {"type": "http", "scheme": "bearer"}


def _opens_session(request):
    """Tell whether Pulp's log-in asks (pulpcore.app.viewsets.user.LoginViewSet)."""
    view = (request.parser_context or {}).get("view")
    is_login = getattr(view, "urlpattern", str)() == "login"
    return is_login and request.method == "POST"


def _is_for_content(request):
    """Tell whether the content app asks: no view of Django is behind its requests.

    Their path tells nothing: the API may have the same, where its root is rewritten.
    """
    return request._request.resolver_match is None
