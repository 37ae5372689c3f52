"""Content routes of the Pulp that is measured."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from pulp_contentroutes.standalone.database import connect
from tests.benchmarks.units import PASS_THROUGH, Units
from tests.harness.pulp import Pulp
from tests.harness.rest import new_name

#: The routes of a large site.
MANY: Final = 100_000
_CONNECT_SECONDS: Final = 10
_READ_SECONDS: Final = 40
_ROUTES: Final = "contentroutes/routes/"
_ADD_MANY: Final = """
INSERT INTO contentroutes_contentroute (
    pulp_id, pulp_created, name, description, pulp_labels, host, mount, stem, shape, enabled,
    action, path, location, cache_control, headers, listings, allow, deny, pulp_domain_id)
SELECT gen_random_uuid(), now(), 'many ' || number, '', '', '', mount, mount, mount, true,
       'redirect', '', '/elsewhere/{path}', '', '{}', true, '[]', '[]',
       (SELECT pulp_id FROM core_domain LIMIT 1)
  FROM (SELECT number, '/team-' || number %% 1000 || '/repository-' || number || '/' AS mount
          FROM generate_series(1, %s) AS number) AS made
"""


@dataclass(frozen=True, slots=True)
class FilesAt:
    """Files at a mount, by numbers."""

    mount: str
    pattern: str


@dataclass(frozen=True, slots=True)
class UnitsAt:
    """The same files at two mounts: of one distribution, and of five, the last one of them."""

    single: FilesAt
    group: FilesAt


class Mounts:
    """Routes to the distribution with the base path `files`; `database` is Pulp's PostgreSQL."""

    def __init__(
        self, pulp: Pulp, database: Mapping[str, str], files: str, say: Callable[[str], None]
    ) -> None:
        self._pulp = pulp
        self._database = database
        self._say = say
        self.few = self._create(files)
        self._has_many = False

    def add_many(self) -> str:
        """Add MANY routes once; return the mount of the distribution."""
        if not self._has_many:
            self._say(f"making {MANY:,} content routes")
            with connect(self._database, _CONNECT_SECONDS) as connection:
                connection.execute(_ADD_MANY, [MANY])
            # The worker reads them; until it has, each request would ask the database.
            time.sleep(_READ_SECONDS)
            self._has_many = True
        return self.few

    def of_units(self, units: Units) -> UnitsAt:
        base_path = units.base_paths[PASS_THROUGH]
        others = [self._pulp.publish({f"only-{n}.txt": b"x" * 100}) for n in range(4)]
        return UnitsAt(
            FilesAt(self._create(base_path), units.pattern),
            FilesAt(self._create(*others, base_path), units.pattern),
        )

    def _create(self, *base_paths: str) -> str:
        rest, mount = self._pulp.rest, f"/{new_name()}/"
        targets = [{"distribution": rest.find_distribution(each)} for each in base_paths]
        rest.create(_ROUTES, name=new_name(), mount=mount, action="serve", targets=targets)
        return mount
