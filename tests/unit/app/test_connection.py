"""asyncpg reaches the database that Django reaches."""

from typing import Any

import pytest

from pulp_contentroutes.app.connection import asyncpg_arguments

#: What Django adds for psycopg alone.
PSYCOPG = {
    "client_encoding": "UTF8",
    "cursor_factory": object,
    "context": object(),
    "prepare_threshold": None,
}


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        pytest.param({"dbname": "pulp"}, {"database": "pulp"}, id="a name"),
        pytest.param(
            {"dbname": "pulp", "user": "u", "password": "p@:/", "host": "db", "port": 5433},
            {"database": "pulp", "user": "u", "password": "p@:/", "host": "db", "port": 5433},
            id="an address and a password",
        ),
        pytest.param({"host": "/run/postgresql"}, {"host": "/run/postgresql"}, id="a socket"),
        pytest.param(
            {"host": "db", "sslmode": "verify-full", "sslrootcert": "/etc/a b.pem"},
            {
                "host": "db",
                "dsn": "postgresql:///?sslmode=verify-full&sslrootcert=%2Fetc%2Fa+b.pem",
            },
            id="TLS and a path with a space",
        ),
        pytest.param(
            {"options": "-c search_path=pulp"},
            {"server_settings": {"options": "-c search_path=pulp"}},
            id="options of the server",
        ),
        pytest.param(
            {"keepalives_idle": 5, "connect_timeout": 3, "application_name": "x"},
            {},
            id="options that asyncpg does not know",
        ),
        pytest.param({"service": "pulp"}, {"service": "pulp"}, id="a service"),
    ],
)
def test_every_way_to_the_database_is_taken(
    parameters: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert asyncpg_arguments({**PSYCOPG, **parameters}) == expected


def test_the_role_that_django_assumes_is_assumed() -> None:
    assert asyncpg_arguments({}, "reader") == {"server_settings": {"role": "reader"}}
