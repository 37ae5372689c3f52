"""Roles as `ansible-galaxy role` looks them up: the API that it calls v1."""

import re
from collections.abc import Iterator
from typing import Any

from django.db.models import Q
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from pulp_contentroutes.app.galaxy.api.base import GalaxyView
from pulp_contentroutes.app.galaxy.api.pagination import NumberedPage
from pulp_contentroutes.app.galaxy.models.content import RoleVersion

# Clients join several words with an encoded plus sign.
_SEPARATORS = re.compile(r"[\s,+]+")
_MOST_WORDS = 10


class _RolesView(GalaxyView):
    """A list of roles, each as its newest version describes it."""

    def get(self, request: Request, **kwargs: Any) -> Response:
        page = NumberedPage.asked_for(request)
        for condition in self.conditions():
            matching = self.version.get_content(RoleVersion.objects.filter(condition))
            ordered = matching.order_by("namespace", "name", "-pulp_created", "version")
            newest = ordered.distinct("namespace", "name")
            count = newest.count()
            if count:
                rows = [self.row(role) for role in page.of(newest)]
                return Response(page.document(request, count, rows))
        return Response(page.document(request, 0, []))


class RolesView(_RolesView):
    """One role, by its owner and name; or all.

    As on galaxy.ansible.com, `Geerlingguy.NTP` finds geerlingguy.ntp, if no other has that name.
    """

    def conditions(self) -> Iterator[Q]:
        asked = {
            "namespace": self.request.query_params.get("owner__username"),
            "name": self.request.query_params.get("name"),
        }
        asked = {field: value for field, value in asked.items() if value is not None}
        yield Q(**asked)
        if asked:
            yield Q(**{f"{field}__iexact": value for field, value in asked.items()})

    def row(self, role: RoleVersion) -> dict[str, Any]:
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

    def conditions(self) -> Iterator[Q]:
        found = Q()
        for word in self._words("autocomplete"):
            found &= Q(name__icontains=word) | Q(description__icontains=word)
        for tag in self._words("tags_autocomplete"):
            found &= Q(info__tags__contains=[tag])
        for platform in self._words("platforms_autocomplete"):
            found &= Q(info__platforms__contains=[platform])
        for owner in self._words("username_autocomplete"):
            found &= Q(namespace__icontains=owner)
        yield found

    def _words(self, parameter: str) -> list[str]:
        text = self.request.query_params.get(parameter, "")
        return list(filter(None, _SEPARATORS.split(text)))[:_MOST_WORDS]

    def row(self, role: RoleVersion) -> dict[str, Any]:
        return {"username": role.namespace, "name": role.name, "description": role.description}


class RoleVersionsView(GalaxyView):
    """The versions of a role, with the URLs from which clients download without credentials."""

    def get(self, request: Request, namespace: str, name: str, **kwargs: Any) -> Response:
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
