"""Runs in Pulp's Django: changes one distribution, step by step."""

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.utils import timezone
from pulpcore.plugin.models import Distribution

from tests.harness.in_pulp import add_version, publish_version

HeaderContentGuard = apps.get_model("core", "HeaderContentGuard")
DistributedPublication = apps.get_model("core", "DistributedPublication")
FileDistribution = apps.get_model("file", "FileDistribution")
FileRepository = apps.get_model("file", "FileRepository")

BASE_PATH = "changing/one"
RENAMED = "changing/two"


class Changes:
    """Each public method is a step; they are done in the order in which they stand here."""

    def __init__(self) -> None:
        self.repository = FileRepository(name="changing")
        self.repository.save()
        self.publications = [self._publication(1), self._publication(2)]
        self.guard = HeaderContentGuard(name="g", header_name="X-Key", header_value="secret")
        self.guard.save()

    @classmethod
    def steps(cls) -> list[str]:
        return [name for name in vars(cls) if not name.startswith("_") and name != "steps"]

    def _publication(self, number: int) -> Any:
        """Publish `x`, which differs in each version, and a file that only this one has."""
        files = {name: f"{name} of {number}".encode() for name in ("x", f"only-{number}")}
        return publish_version(add_version(self.repository, files))

    def _set(self, **values: Any) -> None:
        distribution = FileDistribution.objects.get(name="changing")
        for name, value in values.items():
            setattr(distribution, name, value)
        distribution.save()

    def create_a_distribution(self) -> None:
        FileDistribution(
            name="changing", base_path=BASE_PATH, publication=self.publications[0]
        ).save()

    def point_to_another_publication(self) -> None:
        self._set(publication=self.publications[1])

    def end_the_grace_period(self) -> None:
        past = timezone.now() - timedelta(seconds=1)
        rows = DistributedPublication.objects.filter(expires_at__isnull=False)
        rows.filter(distribution__base_path=BASE_PATH).update(expires_at=past)

    def point_to_a_version(self) -> None:
        self._set(publication=None, repository_version=self.publications[0].repository_version)

    def point_to_the_repository(self) -> None:
        self._set(repository_version=None, repository=self.repository)

    def publish(self) -> None:
        self.publications.append(self._publication(3))

    def delete_the_newest_publication(self) -> None:
        self.publications.pop().delete()

    def publish_again(self) -> None:
        self.publications.append(self._publication(4))

    def guard_it(self) -> None:
        self._set(content_guard=self.guard)

    def change_the_key(self) -> None:
        self.guard.header_value = "another"
        self.guard.save()

    def change_the_key_back(self) -> None:
        self.guard.header_value = "secret"
        self.guard.save()

    def delete_the_guard(self) -> None:
        self.guard.delete()

    def rename_it(self) -> None:
        self._set(base_path=RENAMED)

    def rename_it_back(self) -> None:
        self._set(base_path=BASE_PATH)

    def hide_it(self) -> None:
        self._set(hidden=True)

    def change_it_without_hooks(self) -> None:
        publication = self.publications[0]
        rows = Distribution.objects.filter(name="changing")
        rows.update(repository=None, publication=publication.pk)

    def point_to_nothing(self) -> None:
        self._set(publication=None)

    def delete_it(self) -> None:
        Distribution.objects.filter(name="changing").delete()

    def create_it_again(self) -> None:
        self.create_a_distribution()

    def delete_the_repository(self) -> None:
        self.repository.delete()
