"""A running Pulp with plugins, and nginx in front of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.harness.rest import Rest, new_name
from tests.harness.standalone import run_pulp
from tests.harness.waiting import free_ports
from tests.plugins.access import create_accesses
from tests.plugins.environment import Environment
from tests.plugins.front import run_front
from tests.plugins.site import Site


@contextmanager
def run_site(environment: Environment, folder: Path, **settings: str) -> Iterator[Site]:
    """Run both for the block, in an environment that is made if there is none."""
    made, port = environment.make(), free_ports()
    values = {**_settings(folder, f"http://127.0.0.1:{port}"), **settings}
    if environment.has_domains:
        values["DOMAIN_ENABLED"] = "true"
    # With one worker, the second answer comes from the memory that the first one filled.
    options = ("--content-workers", "1")
    with (
        run_pulp(folder / "data", *options, settings=values, environment=made) as instance,
        run_front(folder / "nginx", port, instance.api_port, instance.content_port, made) as front,
    ):
        admin = Rest(front.url)
        if environment.has_domains:
            admin = replace(admin, domain=_create_domain(replace(admin, domain="default"), folder))
        yield Site(admin, front, create_accesses(admin), instance, environment)


def _create_domain(admin: Rest, folder: Path) -> str:
    """Create a domain with a storage of its own, and return its name."""
    storage = {
        "storage_class": "pulpcore.app.models.storage.FileSystem",
        "storage_settings": {"location": str(folder / "storage")},
    }
    return str(admin.create("domains/", name=new_name(), **storage)["name"])


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
        # Published only if it is set.
        "APT_BY_HASH": "true",
        "TOKEN_SERVER": f"{origin}/token/",
        "TOKEN_SIGNATURE_ALGORITHM": "ES256",
        "PRIVATE_KEY_PATH": str(private),
        "PUBLIC_KEY_PATH": str(public),
    }
