"""The base of all endpoints of the Galaxy API: their distribution, and errors clients can read."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from pulpcore.plugin.models import Distribution, RepositoryVersion
from pulpcore.plugin.util import get_domain_pk
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pulp_contentroutes.app.access.signed_urls import signed_urls
from pulp_contentroutes.app.galaxy.api.content_urls import content_path, path_below
from pulp_contentroutes.app.galaxy.api.permissions import authentication_classes, check_read
from pulp_contentroutes.app.galaxy.models.content import CollectionVersion
from pulp_contentroutes.app.galaxy.models.repository import GalaxyDistribution, GalaxyRepository
from pulp_contentroutes.paths import GALAXY_PREFIX, percent_encode


@method_decorator(conditional_page, name="dispatch")
class GalaxyView(APIView):
    """A view below `<GALAXY_PREFIX>[<domain>/]<base_path>/`.

    The guard of the distribution is asked before anything that it serves is looked up. Answers have
    an ETag, with which proxies may ask whether an answer has changed.
    """

    permission_classes = ()
    renderer_classes = (JSONRenderer,)
    schema = None
    #: Whether proxies may keep the answers.
    may_be_stored = True

    def get_authenticators(self) -> list[BaseAuthentication]:
        return [each() for each in authentication_classes()]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        asked = (*kwargs.values(), *request.query_params.values())
        # PostgreSQL refuses NUL.
        if any("\0" in str(value) for value in asked):
            raise NotFound("There is nothing at this URL.")
        check_read(request, self.distribution)

    @cached_property
    def distribution(self) -> Distribution:
        """The distribution's row in the table of all distributions, without unneeded fields."""
        kind = GalaxyDistribution.get_pulp_type()
        distributions = Distribution.objects.filter(pulp_type=kind, pulp_domain=get_domain_pk())
        needed = distributions.select_related("content_guard").only(
            "pulp_type",
            "base_path",
            "repository",
            "repository_version",
            "content_guard__pulp_type",
        )
        found = needed.filter(base_path=self.kwargs["base_path"]).first()
        if found is None:
            raise NotFound("There is no Galaxy distribution at this URL.")
        return found

    @cached_property
    def repository(self) -> GalaxyRepository | None:
        """The repository that is published to, None if a fixed version is served."""
        repository = self.distribution.repository
        return repository and repository.cast()

    @cached_property
    def version(self) -> RepositoryVersion:
        """The repository version that is served."""
        served = self.distribution
        if served.repository_version_id is not None:
            wanted = RepositoryVersion.objects.filter(pk=served.repository_version_id)
        else:
            of_repository = RepositoryVersion.objects.filter(repository_id=served.repository_id)
            wanted = of_repository.filter(complete=True).order_by("-number")
        version = wanted.first()
        if version is None:
            raise NotFound("The distribution serves no repository.")
        return version

    def collections(self, **values: str) -> QuerySet[CollectionVersion]:
        """Return the collection versions that are served, and match."""
        return self.version.get_content(CollectionVersion.objects.filter(**values))

    @property
    def root(self) -> str:
        """The path of the distribution on this server, with a slash at its end."""
        return percent_encode(path_below(GALAXY_PREFIX, self.distribution))

    @property
    def v3(self) -> str:
        return f"{self.root}api/v3/"

    def content_url(self, relative_path: str) -> str:
        """Return the URL at which the content app serves a file of the distribution.

        It is absolute, for clients before ansible-core 2.19, and has no query, which they would
        take for a part of the file's name.
        """
        path = percent_encode(content_path(self.distribution, relative_path))
        # Clients name their file after the path.
        path = path.replace("%2B", "+")
        if settings.CONTENT_ORIGIN:
            # A trailing slash does not matter to Pulp, either.
            return settings.CONTENT_ORIGIN.rstrip("/") + path
        return self.request.build_absolute_uri(path)

    def signed_content_url(self, relative_path: str) -> str:
        """Return `content_url`, signed if the distribution is guarded.

        A signed URL admits any client that has it, for a while. It is for clients that send no
        credentials. The guard has admitted the client that is told the URL.
        """
        url = self.content_url(relative_path)
        if self.distribution.content_guard_id is None:
            return url
        query = signed_urls().query_for(content_path(self.distribution, relative_path))
        return f"{url}?{query}"

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.status_code >= HTTPStatus.BAD_REQUEST or not self.may_be_stored:
            patch_cache_control(response, no_store=True)
        else:
            # Proxies must revalidate: a published collection is visible at once.
            patch_cache_control(response, no_cache=True)
            if self.distribution.content_guard_id is not None:
                patch_cache_control(response, private=True)
                patch_vary_headers(response, ["Authorization"])
        return response

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        detail = getattr(exc, "detail", None) or str(exc)
        text = " ".join(sentences(detail))
        if isinstance(exc, Http404):
            text = "There is nothing at this URL."
        if "/v3/" in self.request.path:
            code = getattr(exc, "get_codes", lambda: "error")()
            response.data = {
                "errors": [
                    {
                        "status": str(response.status_code),
                        "code": code if isinstance(code, str) else "invalid",
                        "title": response.status_text,
                        "detail": text,
                    }
                ]
            }
        else:
            # ansible-galaxy prints this value for the root document and for v1.
            response.data = {"default": text}
        return response


def sentences(detail: str | dict[str, Any] | Iterable[Any]) -> Iterator[str]:
    """Yield the texts in DRF's error details, which may be nested."""
    if isinstance(detail, str):
        detail = [detail]
    elif isinstance(detail, dict):
        detail = detail.values()
    for each in detail:
        if isinstance(each, str):
            yield each
        else:
            yield from sentences(each)
