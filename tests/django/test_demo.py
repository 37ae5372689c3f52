"""`contentroutes-demo`: the objects that it makes, once and again."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pulpcore.plugin.models import Distribution, PublishedArtifact

from pulp_contentroutes.app.models import ApiToken
from pulp_contentroutes.demo import COMMAND, GALAXY, NAME, contents
from pulp_contentroutes.serving.access.credentials import digest_of


def demo(**options: str) -> str:
    output = StringIO()
    call_command(COMMAND, stdout=output, **options)
    return str(json.loads(output.getvalue())["token"])


def test_the_demo_is_made_once_and_its_token_anew() -> None:
    before = Distribution.objects.count()
    tokens = [demo(), demo()]
    assert Distribution.objects.count() == before + 2
    assert ApiToken.objects.find_valid(digest_of(tokens[0])) is None
    token = ApiToken.objects.find_valid(digest_of(tokens[1]))
    assert token is not None
    assert (token.user.username, token.name, token.scope) == ("admin", GALAXY, "publish")
    publication = Distribution.objects.get(name=NAME).publication
    units = publication.repository_version.content.values_list("file_filecontent__relative_path")
    assert {path for [path] in units} == set(contents())
    assert not PublishedArtifact.objects.filter(publication=publication).exists()


def test_an_unknown_user_is_named_before_anything_is_made() -> None:
    with pytest.raises(CommandError, match="There is no user 'nobody-here'"):
        demo(user="nobody-here")
    assert not Distribution.objects.filter(name=GALAXY).exists()
