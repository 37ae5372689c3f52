"""Runs in Pulp's Django (`manage shell`): publishes whenever a line arrives, until there is none.

Each publication changes `a.txt` and `b.txt` together: both hold the publication's number. Two
distributions serve it: `fresh/newest` by its repository, `fresh/pinned` by the publication itself.
Everything but the publication's last step is done beforehand, as a task would have done it.

Prints `ready`, and for every publication `<base path> <number> <time>`, right after each commit.
"""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.apps import apps
from django.conf import settings
from pulpcore.plugin.models import Artifact, ContentArtifact, PublishedArtifact

FileContent = apps.get_model("file", "FileContent")
FileDistribution = apps.get_model("file", "FileDistribution")
FilePublication = apps.get_model("file", "FilePublication")
FileRepository = apps.get_model("file", "FileRepository")
NAMES = ("a.txt", "b.txt")


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def artifact_of(number: int) -> Any:
    with TemporaryDirectory(dir=settings.WORKING_DIRECTORY) as folder:
        source = Path(folder) / "source"
        source.write_text(f"{number}\n")
        artifact = Artifact.init_and_validate(str(source))
        artifact.save()
    return artifact


def publication_of(repository: Any, number: int) -> Any:
    """Return a publication of a new version; it is not complete yet."""
    artifact = artifact_of(number)
    rows = []
    for name in NAMES:
        content = FileContent(relative_path=name, digest=artifact.sha256)
        content.save()
        row = ContentArtifact(content=content, relative_path=name, artifact=artifact)
        row.save()
        rows.append(row)
    with repository.new_version() as version:
        version.remove_content(version.content)
        version.add_content(FileContent.objects.filter(pk__in=[row.content_id for row in rows]))
    publication = FilePublication(repository_version=version)
    publication.save()
    for row in rows:
        PublishedArtifact(
            publication=publication, content_artifact=row, relative_path=row.relative_path
        ).save()
    return publication


def publish(publication: Any, pinned: Any, number: int) -> None:
    with publication:
        pass
    say("fresh/newest", number, time.time())
    pinned.publication = publication
    pinned.save()
    say("fresh/pinned", number, time.time())


def main() -> None:
    repository = FileRepository(name="fresh")
    repository.save()
    first = publication_of(repository, 0)
    with first:
        pass
    FileDistribution(name="newest", base_path="fresh/newest", repository=repository).save()
    pinned = FileDistribution(name="pinned", base_path="fresh/pinned", publication=first)
    pinned.save()
    say("ready")
    for number, _ in enumerate(sys.stdin, start=1):
        publish(publication_of(repository, number), pinned, number)


if __name__ == "published":
    main()
