"""REST representations of the plugin's models."""

from datetime import datetime
from gettext import gettext as _
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Q, QuerySet
from django.utils import timezone
from pulpcore.plugin.serializers import ContentGuardSerializer, IdentityField, ModelSerializer
from rest_framework import serializers
from rest_framework.validators import UniqueTogetherValidator

from pulp_contentroutes.app.access.models import ApiToken, TokenContentGuard

_LONGEST_NAME = 255


class _TokenUserField(serializers.SlugRelatedField):
    """Users for whom the requesting user may make tokens.

    Users who may not make tokens for others do not learn which users exist.
    """

    def get_queryset(self) -> QuerySet[AbstractBaseUser]:
        users, user = get_user_model().objects.all(), self.context["request"].user
        if user.is_superuser:
            return users
        if user.has_perm("contentroutes.add_apitoken"):
            # Issuing a superuser's token would be privilege escalation.
            return users.filter(Q(pk=user.pk) | Q(is_superuser=False))
        return users.filter(pk=user.pk)

    def to_internal_value(self, data: Any) -> AbstractBaseUser:
        if "\0" in str(data):
            self.fail("invalid")
        return super().to_internal_value(data)


class ApiTokenSerializer(ModelSerializer):
    """A token without its secret, which is only in the response to its creation."""

    pulp_href = IdentityField(view_name="contentroutes/tokens-detail")
    name = serializers.CharField(
        max_length=_LONGEST_NAME, help_text=_("What the token is for; unique among the user's.")
    )
    user = _TokenUserField(
        slug_field="username",
        queryset=get_user_model().objects.none(),
        default=serializers.CurrentUserDefault(),
        help_text=_("Whose token it is; another user's only for administrators."),
    )
    scope = serializers.ChoiceField(
        choices=ApiToken.Scope.choices,
        default=ApiToken.Scope.READ,
        help_text=_("What may be done with the token, at most what its user may do."),
    )
    expires = serializers.DateTimeField(
        allow_null=True,
        default=None,
        help_text=_("When it stops being valid; null for never."),
    )
    last_used = serializers.DateTimeField(
        read_only=True,
        allow_null=True,
        help_text=_("When it was used last, to about a minute; null for never."),
    )

    def validate_expires(self, expires: datetime | None) -> datetime | None:
        if expires is not None and expires <= timezone.now():
            raise serializers.ValidationError(_("This time has passed."))
        own = self.context["request"].auth
        latest = own.expires if isinstance(own, ApiToken) else None
        if latest is not None and (expires is None or expires > latest):
            raise serializers.ValidationError(
                _("The token that asks for this one expires before it, at {}.").format(latest)
            )
        return expires

    class Meta:
        model = ApiToken
        fields = (*ModelSerializer.Meta.fields, "name", "user", "scope", "expires", "last_used")
        validators = (
            UniqueTogetherValidator(
                queryset=ApiToken.objects.all(),
                fields=("user", "name"),
                message=_("The user has a token of this name."),
            ),
        )


class ApiTokenCreatedSerializer(ApiTokenSerializer):
    """A new token, with its secret."""

    token = serializers.CharField(
        read_only=True, help_text=_("The secret. It is not stored and cannot be shown again.")
    )

    def create(self, validated_data: dict[str, Any]) -> ApiToken:
        created, secret = ApiToken.issue(**validated_data)
        created.token = secret
        return created

    class Meta(ApiTokenSerializer.Meta):
        fields = (*ApiTokenSerializer.Meta.fields, "token")
        ref_name = "contentroutes.ApiTokenCreated"


class TokenContentGuardSerializer(ContentGuardSerializer):
    class Meta(ContentGuardSerializer.Meta):
        model = TokenContentGuard
