"""The largest collections of the package `ansible` on PyPI, as their authors have them.

The package contains the files that are used. FILES.json of every collection also names the others,
such as tests, whose content is made up here.
"""

import fcntl
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import yaml

_CACHE = Path(__file__).parents[2] / ".cache/ansible"
_REQUIREMENT = "ansible==10.7.0"
_SECONDS = 600
#: The collections with the most bytes, the largest first.
LARGEST = (
    "fortinet.fortimanager", "fortinet.fortios", "cisco.dnac", "community.general",
    "community.network", "cisco.meraki", "f5networks.f5_modules", "azure.azcollection",
    "google.cloud", "cisco.ise", "dellemc.openmanage", "netapp.ontap", "dellemc.enterprise_sonic",
    "cisco.nxos", "amazon.aws", "community.aws", "cisco.aci", "cisco.ios", "community.vmware",
    "cisco.iosxr",
)  # fmt: skip
_FILLER = b"# A line of a file that the package does not have.\n" * 40


def write_source(name: str, folder: Path) -> str:
    """Write the source of a collection, to be built; return its version."""
    with zipfile.ZipFile(_package()) as package:
        root = f"ansible_collections/{name.replace('.', '/')}/"
        known = {each.removeprefix(root) for each in package.namelist() if each.startswith(root)}
        info = json.loads(package.read(f"{root}MANIFEST.json"))["collection_info"]
        for entry in json.loads(package.read(f"{root}FILES.json"))["files"]:
            path = folder / entry["name"]
            if entry["ftype"] == "dir":
                path.mkdir(parents=True, exist_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                is_known = entry["name"] in known
                path.write_bytes(package.read(root + entry["name"]) if is_known else _FILLER)
    described = {key: value for key, value in info.items() if value} | {"dependencies": {}}
    (folder / "galaxy.yml").write_text(yaml.safe_dump(described))
    return str(info["version"])


def _package() -> Path:
    """Return the wheel, which is downloaded once."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(_CACHE.glob("*.whl")):
            command = ("pip", "download", "--quiet", "--no-deps", "--dest", str(_CACHE))
            subprocess.run(
                [sys.executable, "-m", *command, _REQUIREMENT], check=True, timeout=_SECONDS
            )
    [wheel] = _CACHE.glob("*.whl")
    return wheel
