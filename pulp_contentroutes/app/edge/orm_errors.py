"""Django's database errors, as the one that `serving` knows."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, InterfaceError, connection

from pulp_contentroutes.serving.errors import DatabaseUnavailable


@contextmanager
def database_errors() -> Iterator[None]:
    """Raise Django's database errors as DatabaseUnavailable; also a decorator.

    To be entered in the thread that queries: the connection is that of the thread.
    """
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        connection.close_if_unusable_or_obsolete()
        raise DatabaseUnavailable(str(error)) from error
