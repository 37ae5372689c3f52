"""URLs outside of Pulp's API root; pulpcore includes them at the root of the API server."""

from django.conf import settings
from django.urls import path

from pulp_contentroutes.app.edge.front_page import NothingHereView
from pulp_contentroutes.app.galaxy.api import collections, discovery, imports, publish, roles
from pulp_contentroutes.paths import GALAXY_PREFIX, ROOT, with_domain

_GALAXY = with_domain(GALAXY_PREFIX, "<slug:pulp_domain>" if settings.DOMAIN_ENABLED else None)
_BASE = _GALAXY.removeprefix("/") + "<path:base_path>"
_COLLECTION = "collections/<slug:namespace>/<slug:name>/"
# The name is the part after the last dot.
_ROLE = "<str:namespace>.<slug:name>"

#: Path after the distribution's → view; the first match answers.
_ENDPOINTS = {
    "/api/v3/artifacts/collections/": publish.PublishView,
    "/api/v3/imports/collections/": publish.PublishManyView,
    "/api/v3/imports/collections/<uuid:pk>/": imports.ImportView,
    "/api/v3/imports/groups/<uuid:pk>/": imports.ImportGroupView,
    f"/api/v3/{_COLLECTION}versions/<str:version>/": collections.VersionView,
    f"/api/v3/{_COLLECTION}versions/": collections.VersionsView,
    f"/api/v3/{_COLLECTION}": collections.CollectionView,
    "/api/v3/collections/": collections.CollectionsView,
    f"/api/v1/roles/{_ROLE}/versions/": roles.RoleVersionsView,
    "/api/v1/roles/": roles.RolesView,
    "/api/v1/search/roles/": roles.RoleSearchView,
    "/api/": discovery.ApiView,
    "/api": discovery.ApiView,
    "/": discovery.RootView,
    "": discovery.RootView,
}

#: Paths above those of distributions, with and without a trailing slash.
_NOTHING_HERE = {
    prefix.removeprefix("/").removesuffix("/") + end
    for prefix in (ROOT, GALAXY_PREFIX, _GALAXY)
    for end in ("", "/")
}

urlpatterns = [
    *(path(each, NothingHereView.as_view()) for each in sorted(_NOTHING_HERE)),
    *(path(_BASE + end, view.as_view()) for end, view in _ENDPOINTS.items()),
]
