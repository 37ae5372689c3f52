"""References to other objects: what Pulp's serializers leave unsaid or unchecked about them."""

from collections.abc import Mapping

from rest_framework import serializers


class ChecksReferences(serializers.Serializer):
    """For serializers: a reference that is not text is named, as Django REST framework does.

    Pulp's fields look for `prn:` at its start, whatever it is, and fail.
    """

    def to_internal_value(self, data):
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
    """For serializers of content: most units have no vulnerability report, and say null."""

    def get_fields(self):
        fields = super().get_fields()
        fields["vuln_report"].allow_null = True
        return fields
