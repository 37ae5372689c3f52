"""Collections as `ansible-galaxy` looks them up: one collection, its versions, one of them."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, Max, Min, Q
from pulpcore.plugin.models import RepositoryContent
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from pulp_contentroutes.app.galaxy.api.base import GalaxyView
from pulp_contentroutes.app.galaxy.api.pagination import Page
from pulp_contentroutes.app.galaxy.models.content import (
    CollectionDeprecation,
    CollectionSignature,
    CollectionVersion,
)


class CollectionView(GalaxyView):
    """A collection, which clients look up before they use their own list of versions.

    `updated_at` is the key of that list.
    """

    def get(self, request: Request, namespace: str, name: str, **kwargs: Any) -> Response:
        served = self.collections(namespace=namespace, name=name)
        ordered = served.order_by("is_prerelease", "-precedence", "version")
        mark = CollectionDeprecation.objects.filter(namespace=namespace, name=name)
        is_deprecated = Exists(self.version.get_content(mark))
        found = ordered.values_list("version", is_deprecated).first()
        if found is None:
            raise NotFound("There is no collection of this name.")
        highest, deprecated = found
        first, updated = self._times(namespace, name)
        href = f"{self.v3}collections/{namespace}/{name}/"
        return Response(
            {
                "href": href,
                "namespace": namespace,
                "name": name,
                "deprecated": deprecated,
                "versions_url": f"{href}versions/",
                "highest_version": {
                    "href": f"{href}versions/{highest}/",
                    "version": highest,
                },
                "created_at": first,
                "updated_at": updated,
            }
        )

    def _times(self, namespace: str, name: str) -> tuple[datetime, datetime]:
        """Return the times when the first version was added, and one last added or removed."""
        number = self.version.number
        units = CollectionVersion.objects.filter(namespace=namespace, name=name).values("pk")
        rows = RepositoryContent.objects.filter(
            repository_id=self.version.repository_id,
            content_id__in=units,
            version_added__number__lte=number,
        )
        times = rows.aggregate(
            first=Min("version_added__pulp_created"),
            added=Max("version_added__pulp_created"),
            removed=Max(
                "version_removed__pulp_created", filter=Q(version_removed__number__lte=number)
            ),
        )
        changed = max(times["added"], times["removed"] or times["added"])
        # Clients keep one `updated_at` for a collection of a host, and a list of versions for each
        # URL: with the same time at two URLs, they would not notice changes at the other one. So
        # each distribution adds a part of a second of its own.
        own_part = timedelta(microseconds=self.distribution.pk.int % 1_000_000)
        return times["first"], changed + own_part


class VersionsView(GalaxyView):
    """The versions of a collection, the newest first, in pages."""

    def get(self, request: Request, namespace: str, name: str, **kwargs: Any) -> Response:
        page = Page.asked_for(request)
        served = self.collections(namespace=namespace, name=name)
        count = served.count()
        if not count:
            raise NotFound("There is no collection of this name.")
        columns = ("version", "requires_ansible", "pulp_created", "pulp_last_updated")
        rows = page.of(served.order_by("-precedence", "version").values(*columns))
        href = f"{self.v3}collections/{namespace}/{name}/versions/"
        data = [
            {
                "version": row["version"],
                "href": f"{href}{row['version']}/",
                "created_at": row["pulp_created"],
                "updated_at": row["pulp_last_updated"],
                "requires_ansible": row["requires_ansible"],
                "marks": [],
            }
            for row in rows
        ]
        return Response(page.document(href, count, data))


class VersionView(GalaxyView):
    """One version, with all data to download it, to check it and to resolve its dependencies."""

    def get(
        self, request: Request, namespace: str, name: str, version: str, **kwargs: Any
    ) -> Response:
        served = self.collections(namespace=namespace, name=name, version=version)
        unit = served.defer("manifest").first()
        if unit is None:
            raise NotFound("There is no such version of a collection.")
        made = CollectionSignature.objects.filter(signed_collection=unit).order_by("issuer")
        # The names are those that ansible-galaxy uses where it keeps signatures.
        signatures = self.version.get_content(made).values(
            "signature", "pulp_created", pubkey_fingerprint=F("issuer")
        )
        return Response(
            {
                "version": unit.version,
                "href": f"{self.v3}collections/{namespace}/{name}/versions/{version}/",
                "namespace": {"name": namespace},
                "collection": {"name": name},
                "name": name,
                "download_url": self.content_url(unit.filename),
                "artifact": {"filename": unit.filename, "sha256": unit.sha256, "size": unit.size},
                "metadata": {**unit.info, "dependencies": unit.dependencies, "contents": []},
                "requires_ansible": unit.requires_ansible,
                "signatures": list(signatures),
                "created_at": unit.pulp_created,
                "updated_at": unit.pulp_last_updated,
            }
        )


class CollectionsView(GalaxyView):
    """Every collection that is served, by its highest version, in pages."""

    def get(self, request: Request, **kwargs: Any) -> Response:
        page = Page.asked_for(request)
        highest = (
            self.collections()
            .order_by("namespace", "name", "is_prerelease", "-precedence", "version")
            .distinct("namespace", "name")
            .values("namespace", "name", "version")
        )
        data = []
        for row in page.of(highest):
            href = f"{self.v3}collections/{row['namespace']}/{row['name']}/"
            version = row["version"]
            data.append(
                {
                    "href": href,
                    "namespace": row["namespace"],
                    "name": row["name"],
                    "versions_url": f"{href}versions/",
                    "highest_version": {"href": f"{href}versions/{version}/", "version": version},
                }
            )
        return Response(page.document(f"{self.v3}collections/", highest.count(), data))
