"""The location of a domain's artifacts, as Pulp's storages know it."""

from uuid import UUID

from asgiref.sync import sync_to_async
from pulpcore.plugin.models import Domain

from pulp_contentroutes.app.edge.orm_errors import database_errors
from pulp_contentroutes.serving.coherence.bounded_cache import BoundedCache
from pulp_contentroutes.serving.resolve.snapshots import StorageState

#: The only storage class whose files are in folders of this machine.
_FILE_SYSTEM = "pulpcore.app.models.storage.FileSystem"
_ROOTS = 10_000


class PulpStorages:
    """The `Storages` of serving.resolve.snapshots: one ORM query for each change of a domain."""

    def __init__(self) -> None:
        # Keyed by everything that a storage is made of, so that nothing is ever invalidated. The
        # time alone, by which pulpcore keys its storages, is not changed by every write.
        self._roots: BoundedCache[tuple[UUID, StorageState], tuple[str | None]] = BoundedCache(
            _ROOTS
        )

    async def root(self, domain_id: UUID, state: StorageState) -> str | None:
        key = (domain_id, state)
        known = self._roots.get(key)
        if known is None:
            find = database_errors()(Domain.objects.filter(pk=domain_id).first)
            domain = await sync_to_async(find)()
            root = None
            if domain and domain.storage_class == _FILE_SYSTEM:
                root = domain.get_storage().path("")
            known = (root,)
            # If the domain has changed again since `state` was read, the root belongs to a later
            # state, and is not kept for this one.
            if domain and domain.pulp_last_updated == state[0]:
                self._roots.put(key, known)
        return known[0]
