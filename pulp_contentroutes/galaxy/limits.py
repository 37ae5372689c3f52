"""How large a collection may be; app/galaxy fills it from Pulp's settings."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes are in bytes. The largest collection on galaxy.ansible.com has some 100 MB unpacked."""

    unpacked: int = 1024 * 1024 * 1024
    members: int = 100_000
    #: MANIFEST.json, FILES.json and meta/runtime.yml, each: they are read into memory.
    document: int = 32 * 1024 * 1024
