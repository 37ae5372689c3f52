"""Files that change with each publication; the class runs in Pulp's Django."""

import random
from typing import Any, Final

#: Sizes in bytes, by name.
SIZES: Final = {"small.txt": 4096, "large.bin": 128 * 1024}
BASE_PATH: Final = "soak/published"


def make_contents(name: str, number: int) -> bytes:
    """Return the file of one publication: its number in the first line, and no bytes of another."""
    return f"{number}\n".encode() + random.Random(f"{name} {number}").randbytes(SIZES[name])


def read_number(name: str, body: bytes) -> int | None:
    """Return the number of the publication that `body` belongs to, byte for byte; None if none."""
    line = body[:16].partition(b"\n")[0]
    if not line.isdigit() or make_contents(name, int(line)) != body:
        return None
    return int(line)


class Publisher:
    """Publishes in one repository, whose latest publication is served below BASE_PATH."""

    def __init__(self) -> None:
        from django.apps import apps

        repository = apps.get_model("file", "FileRepository")
        self._repository: Any = repository.objects.create(name="soak")
        self.publish(0)
        apps.get_model("file", "FileDistribution").objects.create(
            name="soak", base_path=BASE_PATH, repository=self._repository
        )

    def publish(self, number: int) -> None:
        from tests.harness.in_pulp import add_version, publish_version

        files = {name: make_contents(name, number) for name in SIZES}
        publish_version(add_version(self._repository, files))
