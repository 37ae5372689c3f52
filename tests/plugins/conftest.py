"""One Pulp with six plugins and nginx in front of it, for all tests of the room."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.harness.rest import Rest
from tests.harness.standalone import run_pulp
from tests.harness.waiting import free_ports
from tests.plugins.access import Access, create_accesses
from tests.plugins.environment import ENVIRONMENTS
from tests.plugins.front import run_front
from tests.plugins.site import Site


def _settings(folder: Path, origin: str) -> dict[str, str]:
    """Return Pulp's settings; those of pulp_container sign tokens with a key in the folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    private, public = folder / "private.pem", folder / "public.pem"
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    public.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return {
        "CONTENT_ORIGIN": origin,
        "CONTENTROUTES_DEBUG_HEADER": "true",
        # Published only if it is set.
        "APT_BY_HASH": "true",
        "TOKEN_SERVER": f"{origin}/token/",
        "TOKEN_SIGNATURE_ALGORITHM": "ES256",
        "PRIVATE_KEY_PATH": str(private),
        "PUBLIC_KEY_PATH": str(public),
    }


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test in the environments that have the plugin of its module."""
    if "site" in metafunc.fixturenames:
        found = [each for each in ENVIRONMENTS if metafunc.module.PLUGIN in each.releases]
        names = [each.name for each in found]
        metafunc.parametrize("site", found, indirect=True, ids=names, scope="session")


@pytest.fixture(scope="session")
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    environment, folder = request.param.make(), tmp_path_factory.mktemp("plugins")
    port = free_ports()
    settings = _settings(folder, f"http://127.0.0.1:{port}")
    # With one worker, the second answer comes from the memory that the first one filled.
    options = ("--content-workers", "1")
    with (
        run_pulp(folder / "data", *options, settings=settings, environment=environment) as instance,
        run_front(
            folder / "nginx", port, instance.api_port, instance.content_port, environment
        ) as front,
    ):
        admin = Rest(front.url)
        yield Site(admin, front, create_accesses(admin))


@pytest.fixture(params=["open", "token", "password"])
def access(request: pytest.FixtureRequest, site: Site) -> Access:
    return site.accesses[request.param]
