"""The tables of content routes; the content workers read them by route_sql.py."""

from gettext import gettext as _
from typing import Any

from django.contrib.postgres.fields import HStoreField
from django.db import models
from django.db.models import Q, UniqueConstraint
from django.db.models.signals import pre_delete
from django.dispatch import receiver
from pulpcore.plugin.models import (
    AutoAddObjPermsMixin,
    BaseModel,
    ContentGuard,
    Distribution,
    Domain,
)
from pulpcore.plugin.util import get_domain_pk


class ContentRoute(BaseModel, AutoAddObjPermsMixin):
    """URLs of a host below a mount, and what the content app does for them.

    Its domain is that of its content. The URLs are those of the whole server: a mount belongs to
    one route, whatever the domain.
    """

    class Action(models.TextChoices):
        # Any: without Django's types, a member would be taken for a tuple.
        SERVE: Any = "serve", _("Serve the first distribution that has the path")
        REWRITE: Any = "rewrite", _("Serve a path that is made of parts of the URL")
        REDIRECT: Any = "redirect", _("Redirect to another URL")

    name = models.TextField()
    description = models.TextField(default="")
    pulp_labels = HStoreField(default=dict)
    #: As `parse_host` returns it; "" for every host.
    host = models.TextField(default="")
    mount = models.TextField()
    #: Of the mount: the part before its first capture, and the text that mounts share which match
    #: the same URLs (serving.routing.mount_patterns).
    stem = models.TextField()
    shape = models.TextField()
    enabled = models.BooleanField(default=True)
    action = models.TextField(choices=Action.choices)
    #: The templates of a rewrite, and of a redirect, with the status of the latter.
    path = models.TextField(default="")
    location = models.TextField(default="")
    status = models.IntegerField(null=True)
    content_guard = models.ForeignKey(ContentGuard, null=True, on_delete=models.SET_NULL)
    cache_control = models.TextField(default="")
    headers = models.JSONField(default=dict)
    listings = models.BooleanField(default=True)
    allow = models.JSONField(default=list)
    deny = models.JSONField(default=list)
    pulp_domain = models.ForeignKey(Domain, default=get_domain_pk, on_delete=models.PROTECT)

    class Meta:
        default_related_name = "%(app_label)s_%(model_name)s"
        unique_together = ("name", "pulp_domain")
        constraints = (UniqueConstraint(fields=("host", "shape"), name="contentroutes_route_urls"),)
        indexes = (
            models.Index(
                fields=("host", "stem"), name="contentroutes_route_stems", condition=Q(enabled=True)
            ),
        )
        permissions = (("manage_roles_contentroute", "Can manage role assignments on routes"),)


class ContentRouteTarget(BaseModel):
    """One of the distributions that a route serves: the first that has a path answers."""

    route = models.ForeignKey(ContentRoute, on_delete=models.CASCADE, related_name="targets")
    distribution = models.ForeignKey(Distribution, on_delete=models.CASCADE)
    #: A directory in it, without a slash at its begin and end; "" for all of it.
    path = models.TextField(default="")
    position = models.IntegerField()

    class Meta:
        default_related_name = "%(app_label)s_%(model_name)s"
        unique_together = ("route", "position")
        ordering = ("position",)


@receiver(pre_delete, sender=ContentGuard)
def disable_routes(instance: ContentGuard, **kwargs: Any) -> None:
    """Disable the routes of a guard that is deleted: without it they would be open to everyone.

    Pulp's own view of guards answers 500 where a foreign key protects them.
    """
    ContentRoute.objects.filter(content_guard=instance.pk).update(enabled=False)
