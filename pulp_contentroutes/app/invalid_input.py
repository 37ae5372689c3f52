"""400 for values that only PostgreSQL finds to be invalid; Pulp's own views would answer 500."""

from gettext import gettext as _

from django.db import DataError
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView

_SHOWN = 200


class RefusesInvalidInput(APIView):
    """A mixin for viewsets that get NUL in a text, an unbalanced regular expression, a huge number.

    All of these come from the request: stored values have been in the database before.
    """

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, DataError | OverflowError):
            reason = str(exc).partition("\n")[0][:_SHOWN]
            exc = ValidationError(
                _("The request holds a value that cannot be stored or looked for: {}").format(
                    reason
                )
            )
        return super().handle_exception(exc)
