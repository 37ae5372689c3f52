"""A container image in the OCI layout, written by hand, and its distributions."""

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path

from tests.harness.template import PASSWORD
from tests.plugins.commands import expect_success, find_program
from tests.plugins.site import Site

PREFIX = "/pulp/container/"
TAG = "1.0"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


@dataclass(frozen=True)
class Image:
    """An image as a folder in the OCI layout."""

    layout: Path
    manifest: bytes
    #: Configuration and layer, by their SHA-256.
    blobs: dict[str, bytes]
    #: The SHA-256 of the layer.
    layer: str


def build(folder: Path, text: str = "The text of the image. ") -> Image:
    layer = _build_tar(text * 400)
    configuration = {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_sha256(layer)}"]},
    }
    blobs = {_CONFIG: json.dumps(configuration).encode(), _LAYER: gzip.compress(layer, mtime=0)}
    descriptors = [_describe(kind, data) for kind, data in blobs.items()]
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": descriptors[0],
            "layers": descriptors[1:],
        }
    ).encode()
    tagged = _describe(_MANIFEST, manifest)
    tagged["annotations"] = {"org.opencontainers.image.ref.name": TAG}
    files = folder / "blobs/sha256"
    files.mkdir(parents=True)
    for data in (*blobs.values(), manifest):
        (files / _sha256(data)).write_bytes(data)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [tagged]}))
    digests = {_sha256(data): data for data in blobs.values()}
    return Image(folder, manifest, digests, _sha256(blobs[_LAYER]))


def skopeo_command(verb: str, *arguments: str) -> list[str]:
    return [find_program("skopeo", "skopeo"), "--insecure-policy", verb, *arguments]


def push(site: Site, image: Image, base_path: str, home: Path) -> str:
    """Push an image as `admin`, and return the reference to it.

    pulp_container makes the repository and its distribution.
    """
    name = f"{site.rest.domain}/{base_path}" if site.rest.domain else base_path
    reference = f"docker://127.0.0.1:{site.front.port}/{name}:{TAG}"
    options = ("--dest-tls-verify=false", f"--dest-creds=admin:{PASSWORD}")
    source = f"oci:{image.layout}:{TAG}"
    expect_success(*skopeo_command("copy", *options, source, reference), home=home)
    return reference


def sign(site: Site, base_path: str, path: str) -> str:
    """Return the path with a query by which its guard admits a client, as the registry makes it."""
    prefix = site.content_path(base_path, PREFIX)
    url = f"{site.front.url}{prefix}{path}"
    signed = site.instance.console.run(
        "from pulpcore.plugin.models import Distribution\n"
        f"guard = Distribution.objects.get(base_path={base_path!r}).content_guard.cast()\n"
        f"print(guard.preauthenticate_url({url!r}))"
    )
    return signed.partition(prefix)[2]


def _build_tar(text: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        member = tarfile.TarInfo("text")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text.encode()))
    return data.getvalue()


def _describe(kind: str, data: bytes) -> dict[str, object]:
    return {"mediaType": kind, "digest": f"sha256:{_sha256(data)}", "size": len(data)}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
