"""The permissions to read from a distribution, and to publish to it."""

from typing import Any

from django.conf import settings
from pulpcore.plugin.models import Distribution
from pulpcore.plugin.util import get_domain
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import (
    APIException,
    NotAuthenticated,
    NotFound,
    PermissionDenied,
)
from rest_framework.request import Request
from rest_framework.settings import api_settings

from pulp_contentroutes.app.access.accepted_credentials import accepted_credentials
from pulp_contentroutes.app.access.authentication import ApiTokenAuthentication
from pulp_contentroutes.app.access.models import ApiToken
from pulp_contentroutes.app.galaxy.api.content_urls import path_below
from pulp_contentroutes.app.galaxy.models.repository import GalaxyRepository
from pulp_contentroutes.paths import percent_encode
from pulp_contentroutes.serving.access.challenge import TOKEN_NEEDED
from pulp_contentroutes.serving.access.credentials import (
    Accepted,
    Malformed,
    credentials_of,
)

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class GalaxyTokenAuthentication(ApiTokenAuthentication):
    """Authentication by tokens that may read and, for unsafe methods, by those that may publish."""

    def scope_for(self, request: Request) -> ApiToken.Scope:
        return ApiToken.Scope.READ if request.method in _SAFE_METHODS else ApiToken.Scope.PUBLISH


def authentication_classes() -> list[type[BaseAuthentication]]:
    """Return Pulp's authentication classes, with the scopes of Galaxy for tokens."""
    others = (
        each
        for each in api_settings.DEFAULT_AUTHENTICATION_CLASSES
        if not issubclass(each, ApiTokenAuthentication)
    )
    return [GalaxyTokenAuthentication, *others]


class GuardRequest:
    """An API request in the form that content guards know: one for the content that it is about."""

    def __init__(self, request: Request, distribution: Distribution) -> None:
        self.path = path_below(settings.CONTENT_PATH_PREFIX, distribution)
        self.url = request.build_absolute_uri(percent_encode(self.path))
        self.headers = request.headers
        self.query = request.query_params
        self._values = {"drf_request": request, "user": request.user, "auth": request.auth}

    def get(self, name: str, default: Any = None) -> Any:
        return self._values.get(name, default)


def check_read(request: Request, distribution: Distribution) -> None:
    """Raise unless the content guard of the distribution permits the request."""
    guard = distribution.content_guard
    if guard is None:
        return
    try:
        guard.cast().permit(GuardRequest(request, distribution))
    except PermissionError:
        raise _refusal(request, accepted_credentials(guard)) from None


def check_publish(request: Request, repository: GalaxyRepository) -> None:
    """Raise unless the user may change the content of the repository."""
    permission = "contentroutes.modify_galaxyrepository"
    places = [None, repository]
    if settings.DOMAIN_ENABLED:
        places.append(get_domain())
    if not any(request.user.has_perm(permission, obj=place) for place in places):
        raise _refusal(request, Accepted.PASSWORDS_AND_TOKENS)


def _refusal(request: Request, accepted: Accepted) -> APIException:
    if settings.CONTENTROUTES_HIDE_REFUSALS:
        return NotFound("There is no Galaxy distribution at this URL.")
    # Pulp's authentication has refused all other invalid credentials.
    credentials = credentials_of(request.META.get("HTTP_AUTHORIZATION"))
    is_challenged = accepted is not Accepted.NONE or isinstance(credentials, Malformed)
    needs_token = accepted is Accepted.TOKENS and not isinstance(request.auth, ApiToken)
    detail = TOKEN_NEEDED if needs_token else None
    if request.user.is_authenticated or not is_challenged:
        return PermissionDenied(detail)
    return NotAuthenticated(detail)
