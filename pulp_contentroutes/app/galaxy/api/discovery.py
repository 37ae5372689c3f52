"""Discovery: the versions of the API, and their URLs."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from pulp_contentroutes.app.galaxy.api.base import GalaxyView


class RootView(GalaxyView):
    """The URL that users configure: with this answer clients need no second request to `/api/`."""

    def get(self, request: Request, **kwargs: Any) -> Response:
        return Response({"available_versions": {"v3": "api/v3/", "v1": "api/v1/"}})


class ApiView(GalaxyView):
    def get(self, request: Request, **kwargs: Any) -> Response:
        return Response({"available_versions": {"v3": "v3/", "v1": "v1/"}, "current_version": "v3"})
