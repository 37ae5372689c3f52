"""References to other objects: details that Pulp's serializers leave unsaid or unchecked."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers


class ChecksReferences(serializers.Serializer):
    """A mixin that reports a reference that is not text, as Django REST framework does.

    Pulp's fields look for `prn:` at the start of any value, and fail.
    """

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        errors = {
            name: [field.error_messages["incorrect_type"].format(data_type=type(value).__name__)]
            for name, field in self.fields.items()
            if isinstance(field, serializers.HyperlinkedRelatedField) and not field.read_only
            if isinstance(data, Mapping)
            if not isinstance(value := data.get(name, ""), str | None)
        }
        if errors:
            raise serializers.ValidationError(errors)
        return super().to_internal_value(data)


class MayLackReport(serializers.Serializer):
    """A mixin for content: most units have no vulnerability report, and give null for it."""

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        fields["vuln_report"].allow_null = True
        return fields
