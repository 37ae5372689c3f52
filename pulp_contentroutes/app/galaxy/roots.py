"""Discovery, and roles, of which there are none yet."""

from rest_framework.response import Response

from pulp_contentroutes.app.galaxy.base import GalaxyView


class RootView(GalaxyView):
    """The URL that users configure: with this answer clients need no second one for `/api/`."""

    def get(self, request, **kwargs):
        return Response({"available_versions": {"v3": "api/v3/", "v1": "api/v1/"}})


class ApiView(GalaxyView):
    def get(self, request, **kwargs):
        return Response({"available_versions": {"v3": "v3/", "v1": "v1/"}, "current_version": "v3"})


class RolesView(GalaxyView):
    """No roles. `v1` is there all the same: clients publish to the first server that has it."""

    def get(self, request, **kwargs):
        return Response({"count": 0, "next_link": None, "results": []})
