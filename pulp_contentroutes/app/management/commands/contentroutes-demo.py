"""`pulpcore-manager contentroutes-demo`: a file repository with content, and a Galaxy server."""

import json
from argparse import ArgumentParser
from gettext import gettext as _
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, CommandError
from django.db import transaction
from pulpcore.plugin.models import Artifact, ContentArtifact
from pulpcore.plugin.util import get_domain

from pulp_contentroutes.app.models import ApiToken, GalaxyDistribution, GalaxyRepository
from pulp_contentroutes.demo import GALAXY, NAME, contents


class Command(BaseCommand):
    help = _(
        "Make a file repository '{}' with a few files, and an empty Galaxy server '{}', both with "
        "distributions, in the default domain; keep those that exist. Print, as JSON, a new token "
        "that may publish to the Galaxy server; the one before is revoked."
    ).format(NAME, GALAXY)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--user", default="admin", help=_("The user of the token. [default: admin]")
        )

    def handle(self, *arguments: Any, user: str, **options: Any) -> None:
        owner = get_user_model().objects.filter(username=user).first()
        if owner is None:
            raise CommandError(_("There is no user '{}': give another with --user.").format(user))
        with transaction.atomic():
            _load_files()
            domain = get_domain()
            repository, _is_new = GalaxyRepository.objects.get_or_create(
                name=GALAXY, pulp_domain=domain
            )
            GalaxyDistribution.objects.get_or_create(
                name=GALAXY,
                base_path=GALAXY,
                pulp_domain=domain,
                defaults={"repository": repository},
            )
            ApiToken.objects.filter(user=owner, name=GALAXY).delete()
            _token, secret = ApiToken.issue(user=owner, name=GALAXY, scope=ApiToken.Scope.PUBLISH)
        self.stdout.write(json.dumps({"token": secret}))


def _load_files() -> None:
    domain = get_domain()
    file_content = apps.get_model("file", "FileContent")
    repository, _is_new = apps.get_model("file", "FileRepository").objects.get_or_create(
        name=NAME, pulp_domain=domain
    )
    units = []
    for path, data in contents().items():
        artifact = _store(data)
        unit, _is_new = file_content.objects.get_or_create(
            relative_path=path, digest=artifact.sha256, _pulp_domain=domain
        )
        ContentArtifact.objects.get_or_create(
            content=unit, relative_path=path, defaults={"artifact": artifact}
        )
        units.append(unit.pk)
    with repository.new_version() as version:
        version.add_content(file_content.objects.filter(pk__in=units))
    # `Publication.create` is for tasks.
    publication = apps.get_model("file", "FilePublication").objects.create(
        repository_version=repository.latest_version(), pass_through=True, pulp_domain=domain
    )
    with publication:
        pass
    apps.get_model("file", "FileDistribution").objects.update_or_create(
        name=NAME, base_path=NAME, pulp_domain=domain, defaults={"publication": publication}
    )


def _store(data: bytes) -> Artifact:
    with TemporaryDirectory(dir=settings.WORKING_DIRECTORY) as folder:
        source = Path(folder) / "source"
        source.write_bytes(data)
        artifact = Artifact.init_and_validate(str(source))
        known = Artifact.objects.filter(sha256=artifact.sha256, pulp_domain=get_domain()).first()
        if known is None:
            artifact.save()
        return known or artifact
