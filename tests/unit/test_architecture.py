"""Imports go only downwards, and neighbours on one floor do not know each other."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = "pulp_contentroutes"

#: Module (or package) → floor. A module may import from lower floors only.
FLOORS = {
    # The request path.
    "paths": 0,
    "serving.errors": 0,
    "serving.options": 0,
    "serving.preconditions": 0,
    "serving.ranges": 0,
    "serving.cache": 0,
    "serving.background": 0,
    "serving.sending": 0,
    "serving.singleflight": 0,
    "serving.schema": 0,
    "serving.sql": 0,
    "serving.credentials": 0,
    "serving.forwarded": 0,
    "serving.client_address": 1,
    "serving.model": 1,
    "serving.request_path": 1,
    "serving.throttle": 1,
    "serving.hosts": 0,
    "serving.database": 1,
    "serving.descriptors": 2,
    "serving.file_check": 1,
    "serving.rows": 2,
    "serving.heads": 2,
    "serving.routes": 2,
    "serving.echo": 2,
    "serving.fingerprints": 2,
    "serving.invalidation": 3,
    "serving.files": 3,
    "serving.handed_over": 3,
    "serving.lookups": 3,
    "serving.plans": 3,
    "serving.tokens": 3,
    "serving.guards": 3,
    "serving.authorize": 4,
    "serving.resolve": 4,
    "serving.wire": 4,
    "serving.respond": 5,
    "serving.deliver": 6,
    "serving.refusals": 6,
    "serving.signed_urls": 0,
    "serving.admission": 7,
    "serving.pipeline": 8,
    # Collections.
    "galaxy.errors": 0,
    "galaxy.limits": 1,
    "galaxy.documents": 1,
    "galaxy.semantic_version": 1,
    "galaxy.signatures": 1,
    "galaxy.texts": 1,
    "galaxy.gunzip": 2,
    "galaxy.manifest": 2,
    "galaxy.archive": 3,
    "galaxy.contents": 4,
    "galaxy.role": 4,
    "galaxy.installation": 5,
    "galaxy.collection": 6,
    # Their client.
    "galaxy.client": 0,
    # What Pulp discovers.
    "app.settings": 0,
    "app.libpq": 1,
    "app.connection": 2,
    "app.storages": 4,
    "app.distribution_types": 4,
    "app.downgrades": 0,
    "app.errors": 1,
    "app.import_progress": 1,
    "app.limits": 2,
    "app.selections": 0,
    "app.signed_urls": 1,
    "app.models.access": 1,
    "app.models.content": 1,
    "app.models.galaxy": 2,
    "app.modelresource": 3,
    "app.authentication": 2,
    "app.collections": 4,
    "app.serializers.references": 0,
    "app.serializers.access": 2,
    "app.serializers.content": 7,
    "app.serializers.galaxy": 5,
    "app.tasks.curating": 5,
    "app.tasks.publishing": 8,
    "app.viewsets.invalid_input": 0,
    "app.viewsets.policies": 0,
    "app.viewsets.access": 3,
    "app.viewsets.content": 8,
    "app.viewsets.galaxy": 6,
    "app.challenge": 1,
    "app.front_page": 1,
    "app.galaxy.content_urls": 2,
    "app.galaxy.access": 3,
    "app.galaxy.base": 4,
    "app.galaxy.pages": 1,
    "app.galaxy.uploads": 3,
    "app.galaxy.imports": 9,
    "app.galaxy.roles": 5,
    "app.galaxy.roots": 5,
    "app.galaxy.views": 5,
    "app.galaxy.publish": 10,
    "app.urls": 11,
    "app.guards": 5,
    "app.fast_path": 9,
    "app.locations": 1,
    "app.log_filter": 1,
    "app.metrics": 1,
    "app.listings": 2,
    "app.checks": 3,
    "app.content_handler": 4,
    "app.content": 10,
    # Pulp in one command.
    "standalone.errors": 0,
    "standalone.steps": 0,
    "standalone.files": 0,
    "standalone.environment": 0,
    "standalone.interrupts": 0,
    "standalone.log_files": 0,
    "standalone.postmaster": 0,
    "standalone.secret_options": 0,
    "standalone.account": 1,
    "standalone.passwd_entry": 1,
    "standalone.passwords": 1,
    "standalone.beside": 1,
    "standalone.options": 1,
    "standalone.identity": 1,
    "standalone.locations": 1,
    "standalone.folder": 2,
    "standalone.parameters": 2,
    "standalone.database": 1,
    "standalone.state": 3,
    "standalone.bootstrap": 1,
    "standalone.instance": 2,
    "standalone.reach": 3,
    "standalone.binaries": 3,
    "standalone.nginx": 3,
    "standalone.settings_file": 4,
    "standalone.cluster": 4,
    "standalone.services": 5,
    "standalone.prepare": 5,
    "standalone.copies": 5,
    "standalone.watched": 6,
    "standalone.health": 6,
    "standalone.stopping": 7,
    "standalone.rest": 7,
    "standalone.demo": 8,
    "standalone.galaxy_upload": 1,
    "standalone.supervisor": 8,
    "standalone.summary": 9,
    "standalone.herald": 10,
    "standalone.serve": 11,
    "standalone.existing": 6,
    "standalone.show_logs": 7,
    "standalone.cli": 12,
}

#: Package → libraries that nothing in it may import.
BANS = {
    "serving": ("django", "pulpcore", "rest_framework", "asgiref", "pulp_contentroutes.app"),
    "galaxy": ("django", "pulpcore", "rest_framework", "pulp_contentroutes.app"),
    "standalone": ("pulpcore", "pulp_contentroutes.app"),
    "app": ("pulp_contentroutes.standalone",),
}


def modules() -> Iterator[tuple[str, Path]]:
    for file in sorted((ROOT / PACKAGE).rglob("*.py")):
        name = ".".join(file.relative_to(ROOT / PACKAGE).with_suffix("").parts)
        if not name.endswith("__init__") and ".migrations." not in name:
            yield name, file


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            # `from package import module` imports the module, too.
            yield from {base, *(f"{base}.{alias.name}" for alias in node.names)}


MODULES = dict(modules())


def test_every_module_has_a_floor() -> None:
    assert set(MODULES) == set(FLOORS)


@pytest.mark.parametrize("name", MODULES)
def test_imports_go_only_downwards(name: str) -> None:
    own = {module.removeprefix(f"{PACKAGE}.") for module in imports(MODULES[name])}
    upwards = {other for other in own & set(FLOORS) if FLOORS[other] >= FLOORS[name]}
    assert not upwards, f"{name} (floor {FLOORS[name]}) imports {upwards}"


@pytest.mark.parametrize("name", [name for name in MODULES if name.split(".")[0] in BANS])
def test_no_module_imports_what_its_package_must_do_without(name: str) -> None:
    banned = BANS[name.split(".")[0]]
    found = {each for each in imports(MODULES[name]) if each.startswith(banned)}
    assert not found


def test_migrations_import_no_live_code() -> None:
    """They must do the same for ever, whatever becomes of the code."""
    migrations = list((ROOT / PACKAGE / "app" / "migrations").glob("0*.py"))
    assert migrations
    for file in migrations:
        assert not [each for each in imports(file) if each.startswith(PACKAGE)]


@pytest.mark.parametrize("name", MODULES)
def test_a_file_is_one_room_of_at_most_300_lines(name: str) -> None:
    assert len(MODULES[name].read_text(encoding="utf-8").splitlines()) <= 300
