"""REST representations of content routes."""

from collections.abc import Iterator
from contextlib import contextmanager
from gettext import gettext as _
from typing import Any

from django.db import IntegrityError, transaction
from pulpcore.plugin.models import ContentGuard, Distribution
from pulpcore.plugin.serializers import (
    DetailRelatedField,
    DistributionSerializer,
    DomainUniqueValidator,
    IdentityField,
    ModelSerializer,
)
from pulpcore.plugin.util import get_domain_pk, get_objects_for_user
from rest_framework import serializers

from pulp_contentroutes.app.routes import rules
from pulp_contentroutes.app.routes.models import ContentRoute, ContentRouteTarget
from pulp_contentroutes.serving.routing.content_routes import MAX_GLOB, MAX_GLOBS
from pulp_contentroutes.serving.routing.mount_patterns import MAX_MOUNT
from pulp_contentroutes.serving.routing.templates import MAX_TEMPLATE

_LONGEST_NAME = 255
_LONGEST_HOST = 255
_LONGEST_DESCRIPTION = 2000
_MOST_TARGETS = 20


class TargetSerializer(serializers.ModelSerializer):
    """A distribution, or a directory in it."""

    distribution = DetailRelatedField(
        view_name_pattern=r"distributions(-.*/.*)?-detail",
        queryset=Distribution.objects.all(),
        help_text=_("The distribution."),
    )
    path = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=MAX_MOUNT,
        help_text=_("A directory in it, as in 'dists/stable'; empty for all of it."),
    )

    def validate_distribution(self, distribution: Distribution) -> Distribution:
        """Refuse a distribution of another domain, or that the user may not see, in one way."""
        model = type(distribution)
        permission = f"{model._meta.app_label}.view_{model._meta.model_name}"
        own = model.objects.filter(pk=distribution.pk, pulp_domain=get_domain_pk())
        visible = get_objects_for_user(self.context["request"].user, permission, own)
        if not visible.exists():
            raise serializers.ValidationError(
                _("There is no such distribution in this domain, or you may not see it.")
            )
        return distribution

    def validate_path(self, path: str) -> str:
        return rules.check_directory(path)

    class Meta:
        model = ContentRouteTarget
        fields = ("distribution", "path")


def _globs(help_text: str) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=MAX_GLOB),
        max_length=MAX_GLOBS,
        required=False,
        help_text=help_text,
    )


class ContentRouteSerializer(ModelSerializer):
    """A route: URLs of a host below a mount, and what is done for them."""

    pulp_href = IdentityField(view_name="contentroutes/routes-detail")
    # Declared once, by pulpcore: a serializer copies its fields.
    pulp_labels = DistributionSerializer._declared_fields["pulp_labels"]
    name = serializers.CharField(
        max_length=_LONGEST_NAME,
        validators=[DomainUniqueValidator(queryset=ContentRoute.objects.all())],
        help_text=_("A name, unique in the domain."),
    )
    description = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=_LONGEST_DESCRIPTION,
        help_text=_("For people."),
    )
    host = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=_LONGEST_HOST,
        help_text=_("The host of the URLs, or '*.example.com' for all below it; empty for any."),
    )
    mount = serializers.CharField(
        max_length=MAX_MOUNT,
        help_text=_(
            "The path of the URLs, as in '/debian/'; a segment may be a capture, as in "
            "'/repos/{release}/'."
        ),
    )
    enabled = serializers.BooleanField(
        required=False, help_text=_("Whether the content app answers for the route.")
    )
    action = serializers.ChoiceField(
        choices=ContentRoute.Action.choices, help_text=_("What is done for the URLs.")
    )
    targets = TargetSerializer(
        many=True,
        required=False,
        help_text=_("serve: the distributions; the first one that has a path answers."),
    )
    path = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=MAX_TEMPLATE,
        help_text=_(
            "rewrite: the base path of a distribution, and perhaps a directory in it, with "
            "captures, as in '{name}/x86_64'."
        ),
    )
    location = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=MAX_TEMPLATE,
        help_text=_(
            "redirect: the URL, with captures and '{path}', the path below the mount, as in "
            "'https://new.example.com/{path}'."
        ),
    )
    status = serializers.ChoiceField(
        choices=(301, 302, 307, 308),
        required=False,
        allow_null=True,
        help_text=_("redirect: the status; 302 if it is not given."),
    )
    content_guard = DetailRelatedField(
        required=False,
        allow_null=True,
        view_name_pattern=r"contentguards(-.*/.*)?-detail",
        queryset=ContentGuard.objects.all(),
        help_text=_("A further content guard: it and those of the content must admit a client."),
    )
    cache_control = serializers.CharField(
        required=False,
        allow_blank=True,
        help_text=_("The Cache-Control of files and redirects, in place of Pulp's."),
    )
    headers = serializers.DictField(
        child=serializers.CharField(),
        required=False,
        help_text=_("More header fields of files."),
    )
    listings = serializers.BooleanField(
        required=False, help_text=_("Whether directories are listed.")
    )
    allow = _globs(_("If any: the paths below the mount that are served, as in '*.deb'."))
    deny = _globs(_("The paths below the mount that are not served."))

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        data = super().validate(data)
        return rules.complete(data, self.instance)

    def create(self, validated_data: dict[str, Any]) -> ContentRoute:
        targets = validated_data.pop("targets", [])
        with _of_one_mount(), transaction.atomic():
            route: ContentRoute = super().create(validated_data)
            _replace_targets(route, targets)
        return route

    def update(self, instance: ContentRoute, validated_data: dict[str, Any]) -> ContentRoute:
        targets = validated_data.pop("targets", None)
        with _of_one_mount(), transaction.atomic():
            route: ContentRoute = super().update(instance, validated_data)
            if targets is not None:
                _replace_targets(route, targets)
        return route

    class Meta:
        model = ContentRoute
        fields = (
            *ModelSerializer.Meta.fields,
            "name",
            "description",
            "pulp_labels",
            "host",
            "mount",
            "enabled",
            "action",
            "targets",
            "path",
            "location",
            "status",
            "content_guard",
            "cache_control",
            "headers",
            "listings",
            "allow",
            "deny",
        )


def _replace_targets(route: ContentRoute, targets: list[dict[str, Any]]) -> None:
    route.targets.all().delete()
    for position, target in enumerate(targets):
        ContentRouteTarget.objects.create(route=route, position=position, **target)


@contextmanager
def _of_one_mount() -> Iterator[None]:
    """Refuse the second of two routes that were given the same URLs at once."""
    try:
        yield
    except IntegrityError as error:
        raise serializers.ValidationError(
            _("Another route was given this name, or these URLs, at the same moment.")
        ) from error
