"""What all endpoints of the Galaxy API share: their distribution, and errors clients can read."""

from functools import cached_property

from django.conf import settings
from django.http import Http404
from pulpcore.plugin.util import get_domain, get_domain_pk
from rest_framework.exceptions import NotFound
from rest_framework.renderers import JSONRenderer
from rest_framework.views import APIView

from pulp_contentroutes.app.galaxy.access import authentication_classes, check_read
from pulp_contentroutes.app.models import CollectionVersion, GalaxyDistribution
from pulp_contentroutes.paths import GALAXY_PREFIX, percent_encoded, with_domain


class GalaxyView(APIView):
    """A view below `<GALAXY_PREFIX>[<domain>/]<base_path>/`.

    The guard of the distribution is asked before anything that it serves is looked up.
    """

    permission_classes = ()
    renderer_classes = (JSONRenderer,)
    schema = None

    def get_authenticators(self):
        return [each() for each in authentication_classes()]

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        # PostgreSQL refuses it.
        if any("\0" in str(value) for value in kwargs.values()):
            raise NotFound("There is nothing at this URL.")
        check_read(request, self.distribution)

    @cached_property
    def distribution(self):
        distributions = GalaxyDistribution.objects.select_related(
            "content_guard", "repository", "repository_version"
        )
        found = distributions.filter(
            base_path=self.kwargs["base_path"], pulp_domain=get_domain_pk()
        ).first()
        if found is None:
            raise NotFound("There is no Galaxy distribution at this URL.")
        return found

    @cached_property
    def version(self):
        """The repository version that is served."""
        served = self.distribution
        version = served.repository_version
        if version is None and served.repository is not None:
            version = served.repository.latest_version()
        if version is None:
            raise NotFound("The distribution serves no repository.")
        return version

    def collections(self, **values):
        """Return what is served of the collections that match."""
        return self.version.get_content(CollectionVersion.objects.filter(**values))

    @property
    def root(self):
        """The path of the distribution on this server, with a slash at its end."""
        domain = get_domain().name if settings.DOMAIN_ENABLED else None
        path = f"{with_domain(GALAXY_PREFIX, domain)}{self.kwargs['base_path']}/"
        return percent_encoded(path)

    @property
    def v3(self):
        return f"{self.root}api/v3/"

    def handle_exception(self, exc):
        response = super().handle_exception(exc)
        detail = getattr(exc, "detail", None) or str(exc)
        text = detail if isinstance(detail, str) else " ".join(_sentences(detail))
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
            # What ansible-galaxy prints for the root document and for v1.
            response.data = {"default": text}
        return response


def _sentences(detail):
    """Yield the texts in DRF's nested error details."""
    if isinstance(detail, dict):
        detail = detail.values()
    for each in detail:
        if isinstance(each, str):
            yield each
        else:
            yield from _sentences(each)
