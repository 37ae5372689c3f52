"""asyncpg reaches the same database as psycopg, or the setting that prevents it is named."""

import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from psycopg import pq

from pulp_contentroutes.app.edge.connection import asyncpg_arguments
from pulp_contentroutes.app.edge.libpq import read_settings
from pulp_contentroutes.serving.errors import UnsupportedSetting

#: Parameters that Django adds for psycopg only.
PSYCOPG = {
    "client_encoding": "UTF8",
    "cursor_factory": object,
    "context": object(),
    "prepare_threshold": None,
}
ALWAYS = {"database": "u", "krbsrvname": "postgres", "target_session_attrs": "any"}
TLS = "sslmode=prefer&ssl_min_protocol_version=TLSv1.2"

Arguments = Callable[..., dict[str, Any]]


@pytest.fixture
def arguments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Arguments:
    """Return a function: parameters of psycopg → arguments of asyncpg, except the constant ones."""
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "passwords"))

    def read(**parameters: Any) -> dict[str, Any]:
        found = asyncpg_arguments(read_settings({"user": "u", **PSYCOPG, **parameters}))
        found.pop("passfile", None)
        missing = ALWAYS.keys() - found.keys()
        assert not missing
        return {name: value for name, value in found.items() if ALWAYS.get(name) != value}

    return read


def tcp(hosts: str, ports: list[int] | None = None, **more: Any) -> dict[str, Any]:
    names = hosts.split(",")
    address = {"host": names, "port": ports or [5432] * len(names)}
    return {**address, "user": "u", "dsn": f"postgresql:///?{TLS}", **more}


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        pytest.param(
            {"dbname": "pulp", "password": "p@:/ '", "host": "db", "port": 5433},
            tcp("db", [5433], database="pulp", password="p@:/ '"),
            id="an address and a password",
        ),
        pytest.param(
            {"host": "/run/postgresql"},
            {
                "host": ["/run/postgresql"],
                "port": [5432],
                "user": "u",
                "password": "",
                "ssl": False,
            },
            id="a socket",
        ),
        pytest.param(
            {"host": "a,b,c", "port": "5433"},
            tcp("a,b,c", [5433] * 3),
            id="several hosts and one port",
        ),
        pytest.param(
            {"host": "a,b", "port": "5433,5434", "target_session_attrs": "read-write"},
            tcp("a,b", [5433, 5434], target_session_attrs="read-write"),
            id="several hosts and ports, of which one can be written to",
        ),
        pytest.param(
            {"host": "a,b", "hostaddr": "127.0.0.1,::1"},
            tcp("127.0.0.1,::1", password=""),
            id="addresses in place of names",
        ),
        pytest.param(
            {"host": "db", "sslmode": "verify-full", "sslrootcert": "/etc/a b.pem"},
            tcp(
                "db",
                dsn="postgresql:///?sslmode=verify-full&sslrootcert=%2Fetc%2Fa+b.pem"
                "&ssl_min_protocol_version=TLSv1.2",
            ),
            id="TLS and a path with a space",
        ),
        pytest.param(
            {"host": "db", "options": "-c search_path=pulp"},
            tcp("db", server_settings={"options": "-c search_path=pulp"}),
            id="options of the server",
        ),
        pytest.param(
            {"host": "db", "keepalives_idle": 5, "connect_timeout": 3, "application_name": "x"},
            tcp("db"),
            id="waits and names of our own",
        ),
    ],
)
def test_every_way_to_the_database_is_taken(
    arguments: Arguments, parameters: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert arguments(**parameters) == expected


@pytest.mark.parametrize("mode", ["allow", "prefer", "require", "verify-ca"])
def test_every_mode_of_tls_is_passed_on(arguments: Arguments, mode: str) -> None:
    assert f"sslmode={mode}&" in arguments(host="db", sslmode=mode)["dsn"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"host": "db", "sslmode": "disable", "sslcrldir": "/etc/crl", "requirepeer": "postgres"},
        {"host": "/run/postgresql", "sslsni": "0", "sslcertmode": "disable"},
    ],
    ids=["without TLS", "a socket"],
)
def test_settings_without_effect_are_no_hindrance(
    arguments: Arguments, parameters: dict[str, str]
) -> None:
    assert arguments(**parameters)["ssl"] is False


@pytest.mark.parametrize(
    "attributes", ["any", "primary", "standby", "prefer-standby", "read-write", "read-only"]
)
def test_every_kind_of_server_can_be_asked_for(arguments: Arguments, attributes: str) -> None:
    found = {**ALWAYS, **arguments(host="a,b", target_session_attrs=attributes)}
    assert found["target_session_attrs"] == attributes


def test_without_a_host_libpqs_own_socket_is_taken(arguments: Arguments) -> None:
    [host] = arguments()["host"]
    assert host == "localhost" or host.startswith("/")


def test_a_service_is_read_as_libpq_reads_it(
    arguments: Arguments, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """asyncpg itself ignores the file, and does not know some of its settings."""
    services = tmp_path / "services"
    services.write_text(
        "[pulp]\nhost=a,b\nport=5433,5434\ndbname=pulp\npassword=secret\noptions=-c jit=off\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    expected = tcp(
        "a,b",
        [5433, 5434],
        database="pulp",
        password="secret",
        server_settings={"options": "-c jit=off"},
    )
    assert arguments(service="pulp") == expected
    monkeypatch.setenv("PGSERVICE", "pulp")
    assert arguments() == expected
    with pytest.raises(UnsupportedSetting, match='definition of service "other" not found'):
        arguments(service="other")


def test_libpqs_environment_is_read(arguments: Arguments, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.2")
    monkeypatch.setenv("PGOPTIONS", "-c work_mem=1MB")
    monkeypatch.setenv("PGTARGETSESSIONATTRS", "primary")
    found = arguments(host="db")
    assert (found["host"], found["target_session_attrs"]) == (["127.0.0.2"], "primary")
    assert found["server_settings"] == {"options": "-c work_mem=1MB"}


def write_passwords(file: Path, text: str) -> Path:
    file.write_text(text)
    file.chmod(0o600)
    return file


def test_passwords_of_named_hosts_are_left_to_the_file(
    arguments: Arguments, tmp_path: Path
) -> None:
    """Passwords change, and each host may have its own."""
    file = write_passwords(tmp_path / "own", "a:*:*:*:one\nb:*:*:*:two\n")
    found = asyncpg_arguments(read_settings({"host": "a,b", "user": "u", "passfile": str(file)}))
    assert (found["passfile"], found.get("password")) == (str(file), None)


def test_the_password_of_a_name_is_found_though_its_address_is_taken(
    arguments: Arguments, tmp_path: Path
) -> None:
    write_passwords(tmp_path / "passwords", "a:*:*:*:one\nb:*:*:*:two\n")
    assert arguments(host="a", hostaddr="127.0.0.1")["password"] == "one"
    with pytest.raises(UnsupportedSetting, match="one password for all hosts"):
        arguments(host="a,b", hostaddr="127.0.0.1,127.0.0.2")


def test_the_certificates_of_the_machine_are_trusted(arguments: Arguments) -> None:
    found = arguments(host="db", sslrootcert="system", ssl_min_protocol_version="TLSv1.3")
    context = found.pop("ssl")
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_3
    assert "dsn" not in found


def test_a_certificate_that_cannot_be_read_is_named(arguments: Arguments) -> None:
    with pytest.raises(UnsupportedSetting, match="cannot be read"):
        arguments(host="db", sslrootcert="system", sslcert="/nowhere", sslkey="/nowhere")


def test_tls_without_a_question_is_passed_on(arguments: Arguments) -> None:
    found = arguments(host="db", sslmode="require", sslnegotiation="direct")
    assert found["direct_tls"] is True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("channel_binding", "require"),
        ("host", "@abstract"),
        ("min_protocol_version", "3.2"),
        ("require_auth", "scram-sha-256"),
        ("sslcertmode", "disable"),
        ("sslcrldir", "/etc/crl"),
        ("sslsni", "0"),
    ],
)
def test_what_asyncpg_cannot_obey_is_named(arguments: Arguments, name: str, value: str) -> None:
    """If such a setting were ignored, the connection would be less safe than intended."""
    with pytest.raises(UnsupportedSetting) as raised:
        arguments(**{"host": "db", name: value})
    sentence = f"asyncpg cannot obey {name}='{value}' of Pulp's database: "
    assert str(raised.value).startswith(sentence)


def test_the_owner_of_a_server_cannot_be_asked_for(arguments: Arguments) -> None:
    with pytest.raises(UnsupportedSetting, match="cannot obey requirepeer='postgres'"):
        arguments(host="/run/postgresql", requirepeer="postgres")


def test_a_name_in_a_certificate_cannot_be_compared_with_an_address(arguments: Arguments) -> None:
    with pytest.raises(UnsupportedSetting, match=r"hostaddr='127\.0\.0\.1'"):
        arguments(host="db", hostaddr="127.0.0.1", sslmode="verify-full")


@pytest.mark.parametrize(
    "parameters",
    [{"host": "a,b", "port": "1,2,3"}, {"host": "a", "sslmode": "sometimes"}],
    ids=["more ports than hosts", "no mode of TLS"],
)
def test_what_libpq_refuses_is_named(arguments: Arguments, parameters: dict[str, str]) -> None:
    with pytest.raises(UnsupportedSetting, match="are not valid"):
        arguments(**parameters)


def test_every_setting_of_libpq_is_known_to_the_documentation() -> None:
    """A new setting must be reviewed: it may require safety that asyncpg does not provide."""
    text = (Path(__file__).parents[3] / "docs" / "fast-path.md").read_text()
    names = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []


def test_the_role_that_django_assumes_is_assumed(arguments: Arguments) -> None:
    found = asyncpg_arguments(read_settings({"host": "db"}), "reader")
    assert found["server_settings"] == {"role": "reader"}
