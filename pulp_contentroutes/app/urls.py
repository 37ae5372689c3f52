"""URLs outside of Pulp's API root; pulpcore includes them at the root of the API server."""

from django.conf import settings
from django.urls import path

from pulp_contentroutes.app.galaxy import publish, roots, views
from pulp_contentroutes.paths import GALAXY_PREFIX

_BASE = (
    GALAXY_PREFIX.removeprefix("/")
    + ("<slug:pulp_domain>/" if settings.DOMAIN_ENABLED else "")
    + "<path:base_path>"
)
_COLLECTION = "collections/<slug:namespace>/<slug:name>/"

#: What follows the distribution → view; the first that matches answers.
_ENDPOINTS = {
    "/api/v3/artifacts/collections/": publish.PublishView,
    "/api/v3/imports/collections/<uuid:pk>/": publish.ImportView,
    f"/api/v3/{_COLLECTION}versions/<str:version>/": views.VersionView,
    f"/api/v3/{_COLLECTION}versions/": views.VersionsView,
    f"/api/v3/{_COLLECTION}": views.CollectionView,
    "/api/v3/collections/": views.CollectionsView,
    "/api/v1/roles/": roots.RolesView,
    "/api/v1/search/roles/": roots.RolesView,
    "/api/": roots.ApiView,
    "/api": roots.ApiView,
    "/": roots.RootView,
    "": roots.RootView,
}

urlpatterns = [path(_BASE + end, view.as_view()) for end, view in _ENDPOINTS.items()]
