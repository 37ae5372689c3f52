"""Fingerprints show every change that makes snapshots or guards outdated, whoever made it."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone
from pulpcore.plugin.models import Domain
from pulpcore.plugin.util import get_domain

from pulp_contentroutes.serving.database import schema
from pulp_contentroutes.serving.model import BASE_PATHS
from pulp_contentroutes.serving.notifications.fingerprints import find_changes

DistributedPublication = apps.get_model("core", "DistributedPublication")
ContentRedirectContentGuard = apps.get_model("core", "ContentRedirectContentGuard")
HeaderContentGuard = apps.get_model("core", "HeaderContentGuard")
FileDistribution = apps.get_model("file", "FileDistribution")
FilePublication = apps.get_model("file", "FilePublication")
FileRepository = apps.get_model("file", "FileRepository")


def take() -> bytes:
    """Take the fingerprint in the test's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(schema.GUARD_TABLES)
        # Without parameters, psycopg takes a percent sign literally.
        cursor.execute(schema.render_fingerprint(cursor.fetchall(), {schema.SUPERSEDED}), None)
        [(fingerprint,)] = cursor.fetchall()
    return bytes(fingerprint)


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def state() -> str:
    """Return the state of triggers and columns in the test's transaction."""
    with connection.cursor() as cursor:
        statement = schema.STATE.replace("%", "%%").replace("$1", "%s")
        cursor.execute(
            statement, [[*schema.REQUIRED_COLUMNS, *schema.USER_COLUMNS, *schema.OPTIONAL_COLUMNS]]
        )
        [(found,)] = cursor.fetchall()
    return str(found)


@pytest.fixture
def site(db: None) -> Any:
    """Create one object of each kind that snapshots are made of."""
    repository = FileRepository.objects.create(name="fingerprints", pulp_domain=get_domain())
    version = repository.versions.first()
    publication = FilePublication.objects.create(repository_version=version, complete=True)
    return SimpleNamespace(
        repository=repository,
        version=version,
        publication=publication,
        distribution=FileDistribution.objects.create(
            name="fingerprints", base_path="fingerprints", repository=repository
        ),
        guard=HeaderContentGuard.objects.create(name="a", header_name="a", header_value="b"),
        redirect=ContentRedirectContentGuard.objects.create(name="b", shared_secret=b"c"),
        domain=get_domain(),
    )


def supersede(site: Any) -> None:
    DistributedPublication.objects.create(
        distribution=site.distribution,
        publication=site.publication,
        expires_at=timezone.now() + timedelta(days=1),
    )


#: Each change, and the attributes of the site under whose keys it must be found.
CHANGES: dict[str, tuple[Callable[[Any], object], set[str]]] = {
    "a distribution made": (
        lambda site: FileDistribution.objects.create(name="other", base_path="other"),
        {BASE_PATHS},
    ),
    "a distribution repointed": (
        lambda site: FileDistribution.objects.update(publication=site.publication),
        {"distribution"},
    ),
    "a distribution guarded": (
        lambda site: FileDistribution.objects.update(content_guard=site.guard),
        {"distribution"},
    ),
    "a distribution moved": (
        lambda site: FileDistribution.objects.update(base_path="moved"),
        {"distribution", BASE_PATHS},
    ),
    "a distribution deleted": (
        lambda site: site.distribution.delete(),
        {"distribution", BASE_PATHS},
    ),
    "a publication made": (
        lambda site: FilePublication.objects.create(repository_version=site.version),
        {"repository"},
    ),
    "a publication completed": (
        lambda site: FilePublication.objects.update(complete=False),
        {"repository"},
    ),
    "a publication deleted": (lambda site: site.publication.delete(), {"repository"}),
    "a version made": (
        lambda site: site.repository.versions.create(number=7),
        {"repository"},
    ),
    "a publication superseded": (supersede, {"distribution"}),
    "a domain changed": (
        lambda site: Domain.objects.filter(pk=site.domain.pk).update(description="other"),
        {"domain", BASE_PATHS},
    ),
    "the own field of a guard": (
        lambda site: HeaderContentGuard.objects.update(header_value="other"),
        {"guard"},
    ),
    "the secret of a guard": (
        lambda site: ContentRedirectContentGuard.objects.update(shared_secret=b"other"),
        {"redirect"},
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_found_under_the_keys_that_triggers_announce(site: Any, change: str) -> None:
    """Or rows written by replication would not be served until the worker ends."""
    function, names = CHANGES[change]
    expected = {name if name == BASE_PATHS else str(getattr(site, name).pk) for name in names}
    before = take()
    # In a transaction of its own: a row written twice in one transaction has the same fingerprint.
    with transaction.atomic():
        function(site)
    assert set(find_changes(before, take())) >= expected


def test_nothing_is_found_where_nothing_has_changed(site: Any) -> None:
    """Or every snapshot would be reloaded twice a minute."""
    assert find_changes(take(), take()) == []


def test_a_change_of_one_repository_says_nothing_of_another(site: Any) -> None:
    other = FileRepository.objects.create(name="other", pulp_domain=get_domain())
    before = take()
    with transaction.atomic():
        other.versions.create(number=7)
    assert find_changes(before, take()) == [str(other.pk)]


TRIGGER = "contentroutes_core_domain_update"
#: Statements that disable announcements, or remove columns that snapshots are made of.
HARMS = {
    "a trigger disabled": f"ALTER TABLE core_domain DISABLE TRIGGER {TRIGGER}",
    "a trigger dropped": f"DROP TRIGGER {TRIGGER} ON core_domain",
    "a function dropped": "DROP FUNCTION contentroutes_core_domain_update CASCADE",
    "a function replaced": "CREATE OR REPLACE FUNCTION contentroutes_core_domain_update()"
    " RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "a trigger of a guard dropped": "DROP TRIGGER contentroutes_core_headercontentguard_update"
    " ON core_headercontentguard",
    "a table dropped": "DROP TABLE contentroutes_apitoken",
    "a column renamed": "ALTER TABLE core_artifact RENAME sha512 TO other",
    "a column of another type": "ALTER TABLE core_artifact ALTER size TYPE numeric",
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_harm_to_what_the_fast_path_relies_on_is_noticed(harm: str) -> None:
    before = state()
    run(HARMS[harm])
    assert state() != before


def test_triggers_that_were_off_for_a_moment_are_noticed() -> None:
    """`pg_restore --disable-triggers` does this."""
    before = state()
    for action in ("DISABLE", "ENABLE"):
        with transaction.atomic():
            run(f"ALTER TABLE core_domain {action} TRIGGER ALL")
    assert state() != before


def test_what_pulp_and_postgresql_do_all_day_is_no_harm() -> None:
    """Or all memory would be dropped with each heartbeat."""
    before = state()
    Domain.objects.update(description="other")
    run("ANALYZE core_domain")
    run("CREATE INDEX of_an_administrator ON core_domain (description)")
    run("CREATE TEMPORARY TABLE core_artifact_copy AS SELECT * FROM core_artifact")
    assert state() == before
