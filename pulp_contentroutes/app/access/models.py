"""The plugin's tables: API tokens, and the guard that asks for them."""

import logging
from datetime import timedelta
from gettext import gettext as _
from typing import Any, Self

from aiohttp import web
from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from pulpcore.plugin.models import (
    AutoAddObjPermsMixin,
    BaseModel,
    ContentGuard,
    Distribution,
    Domain,
)
from pulpcore.plugin.util import get_objects_for_user

from pulp_contentroutes.serving.access.credentials import digest_of, new_token

log = logging.getLogger(__name__)

#: The authentication backend that makes roles grant permissions.
_ROLES = "pulpcore.backends.ObjectRolePermissionBackend"
# The precision of `last_used`: otherwise each use would be a write.
_LAST_USED_RESOLUTION = timedelta(minutes=1)


class ApiTokenManager(models.Manager):
    def find_valid(self, digest: str) -> "ApiToken | None":
        """Return the token, None unless it is valid: neither expired, nor of a disabled user."""
        is_alive = Q(expires=None) | Q(expires__gt=timezone.now())
        tokens = self.select_related("user").filter(is_alive, digest=digest, user__is_active=True)
        return tokens.first()


class ApiToken(BaseModel):
    """A secret that stands for a user. Only its SHA-256 is stored.

    `scope` limits what may be done with it. Tokens belong to users and therefore to no domain.
    """

    class Scope(models.TextChoices):
        """From less to more: each includes those before it."""

        # Any: without Django's types, a member would be taken for a tuple.
        READ: Any = "read", _("Read content")
        PUBLISH: Any = "publish", _("Read content and publish collections")
        FULL: Any = "full", _("The whole API, with the rights of the user")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="contentroutes_tokens"
    )
    name = models.TextField()
    digest = models.TextField(unique=True)
    scope = models.TextField(choices=Scope.choices, default=Scope.READ)
    expires = models.DateTimeField(null=True)
    last_used = models.DateTimeField(null=True)

    objects = ApiTokenManager()

    @classmethod
    def issue(cls, **values: Any) -> tuple[Self, str]:
        """Return a stored token and its secret, which is never shown again."""
        secret = new_token()
        return cls.objects.create(digest=digest_of(secret), **values), secret

    def includes(self, scope: Scope) -> bool:
        """Tell whether this token allows an action that needs `scope`."""
        order = self.Scope.values
        return order.index(self.scope) >= order.index(scope)

    def touch(self) -> None:
        """Record that the token was used, at most once a minute."""
        now = timezone.now()
        if self.last_used is None or now - self.last_used > _LAST_USED_RESOLUTION:
            type(self).objects.filter(pk=self.pk).update(last_used=now)

    class Meta:
        default_related_name = "%(app_label)s_%(model_name)s"
        unique_together = ("user", "name")


class TokenContentGuardQuerySet(models.QuerySet):
    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the guards, and put RBAC guards in their places.

        Only pulpcore's `remove-plugin` deletes many at once. Django would set the guards of their
        distributions to null, and a composite guard without guards admits everyone. A single guard
        is deleted like any other guard of Pulp's.
        """
        for guard in self:
            _replace(guard)
        return super().delete()


def _replace(guard: "TokenContentGuard") -> None:
    """Put an RBAC guard without roles in the place of `guard`: administrators may download."""
    distributions = Distribution.objects.filter(content_guard=guard.pk)
    domains = Domain.objects.none()
    # In pulpcore since 3.117.
    if any(field.name == "default_content_guard" for field in Domain._meta.get_fields()):
        domains = Domain.objects.filter(default_content_guard=guard.pk)
    composites = apps.get_model("core", "CompositeContentGuard").objects.filter(guards=guard.pk)
    if not any(users.exists() for users in (distributions, domains, composites)):
        return
    # It gets a new name: users may have been given roles on the guard of an earlier removal.
    replacement = apps.get_model("core", "RBACContentGuard").objects.create(
        name=f"{guard.name} (in place of a token guard, {guard.pk})",
        pulp_domain_id=guard.pulp_domain_id,
    )
    for composite in composites:
        composite.guards.add(replacement)
    if domains.exists():
        domains.update(default_content_guard=replacement)
    count = distributions.update(content_guard=replacement)
    log.warning(
        "The token guard '%s' is deleted. The RBAC guard '%s' protects its distributions (%d) now: "
        "give users its role core.rbaccontentguard_downloader.",
        guard.name,
        replacement.name,
        count,
    )


class TokenContentGuard(ContentGuard, AutoAddObjPermsMixin):
    """A guard that admits clients with an API token whose user may download.

    The user may download by a role on this guard, in its domain, or everywhere. The fast path
    decides the same with one SQL statement (`serving.database.access_sql.TOKEN`).
    """

    TYPE = "token"

    objects = TokenContentGuardQuerySet.as_manager()

    def permit(self, request: web.Request) -> None:
        """Raise PermissionError unless the request's API token is good enough (pulpcore's way)."""
        token = request.get("auth")
        if not isinstance(token, ApiToken) or not token.includes(ApiToken.Scope.READ):
            raise PermissionError(_("An API token is needed."))
        if _ROLES not in settings.AUTHENTICATION_BACKENDS:
            # Without it get_objects_for_user grants everything.
            raise PermissionError(_("Pulp has no roles."))
        own = type(self).objects.filter(pk=self.pk)
        permission = "contentroutes.download_tokencontentguard"
        if not get_objects_for_user(token.user, permission, own).exists():
            raise PermissionError(_("The user of the API token may not download this."))

    class Meta:
        default_related_name = "%(app_label)s_%(model_name)s"
        permissions = (
            ("download_tokencontentguard", "Can download content"),
            ("manage_roles_tokencontentguard", "Can manage role assignments on token guards"),
        )
