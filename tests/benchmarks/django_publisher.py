"""Runs in Pulp's Django: publishes in one repository that two distributions serve.

Each publication changes `a.txt` and `b.txt` together: both hold the publication's number. The
repository's distribution is `fresh/newest`; `fresh/pinned` serves the publication itself.
"""

import time
from collections.abc import Iterator

from django.apps import apps

from tests.harness.in_pulp import add_version, publish_version

FileDistribution = apps.get_model("file", "FileDistribution")
FileRepository = apps.get_model("file", "FileRepository")
NAMES = ("a.txt", "b.txt")


class Publisher:
    def __init__(self) -> None:
        self.number = 0
        self._repository = FileRepository.objects.create(name="fresh")
        first = publish_version(self._next_version())
        FileDistribution.objects.create(
            name="newest", base_path="fresh/newest", repository=self._repository
        )
        self._pinned = FileDistribution.objects.create(
            name="pinned", base_path="fresh/pinned", publication=first
        )

    def _next_version(self) -> object:
        return add_version(self._repository, dict.fromkeys(NAMES, f"{self.number}\n".encode()))

    def publish(self) -> Iterator[tuple[str, int, float]]:
        """Publish once more; yield base path, number and time right after each commit."""
        self.number += 1
        publication = publish_version(self._next_version())
        yield "fresh/newest", self.number, time.time()
        self._pinned.publication = publication
        self._pinned.save()
        yield "fresh/pinned", self.number, time.time()
