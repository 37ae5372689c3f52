"""Roles as `ansible-galaxy role` looks them up: the API that it calls v1."""

import re

from django.db.models import Q
from rest_framework.exceptions import NotFound
from rest_framework.response import Response

from pulp_contentroutes.app.galaxy.base import GalaxyView
from pulp_contentroutes.app.galaxy.pages import NumberedPage
from pulp_contentroutes.app.models import RoleVersion

# Clients join several words by an encoded plus sign.
_SEPARATORS = re.compile(r"[\s,+]+")
_MOST_WORDS = 10


class _RolesView(GalaxyView):
    """A list of roles, each as its newest version says."""

    def get(self, request, **kwargs):
        page = NumberedPage.asked_for(request)
        newest = (
            self.version.get_content(RoleVersion.objects.filter(self.condition()))
            .order_by("namespace", "name", "-pulp_created", "version")
            .distinct("namespace", "name")
        )
        rows = [self.row(role) for role in page.of(newest)]
        return Response(page.document(request, newest.count(), rows))


class RolesView(_RolesView):
    """One role, by its owner and name; or all."""

    def condition(self):
        asked = {
            "namespace": self.request.query_params.get("owner__username"),
            "name": self.request.query_params.get("name"),
        }
        return Q(**{field: value for field, value in asked.items() if value is not None})

    def row(self, role):
        return {
            "id": f"{role.namespace}.{role.name}",
            "username": role.namespace,
            "name": role.name,
            "description": role.description,
            "created": role.pulp_created,
            "modified": role.pulp_last_updated,
            **role.info,
        }


class RoleSearchView(_RolesView):
    """`ansible-galaxy role search`: words in names and descriptions, tags, platforms, owners."""

    def condition(self):
        found = Q()
        for word in self._words("autocomplete"):
            found &= Q(name__icontains=word) | Q(description__icontains=word)
        for tag in self._words("tags_autocomplete"):
            found &= Q(info__tags__contains=[tag])
        for platform in self._words("platforms_autocomplete"):
            found &= Q(info__platforms__contains=[platform])
        for owner in self._words("username_autocomplete"):
            found &= Q(namespace__icontains=owner)
        return found

    def _words(self, parameter):
        text = self.request.query_params.get(parameter, "")
        return list(filter(None, _SEPARATORS.split(text)))[:_MOST_WORDS]

    def row(self, role):
        return {"username": role.namespace, "name": role.name, "description": role.description}


class RoleVersionsView(GalaxyView):
    """The versions of a role, with the URLs that clients download without credentials."""

    def get(self, request, namespace, name, **kwargs):
        page = NumberedPage.asked_for(request)
        roles = RoleVersion.objects.filter(namespace=namespace, name=name)
        served = self.version.get_content(roles).order_by("-pulp_created", "version")
        count = served.count()
        if not count:
            raise NotFound("There is no role of this name.")
        rows = [
            {
                "name": role.version,
                "download_url": self.signed_content_url(role.relative_path),
                "release_date": role.pulp_created,
            }
            for role in page.of(served)
        ]
        return Response(page.document(request, count, rows))
