"""The calls by which the listener tells everything in memory about changes."""

from collections.abc import Iterable


class Memory:
    """Something that is remembered from the database; by default, it ignores all calls."""

    def invalidate(self, keys: Iterable[str]) -> None:
        """Forget values made of rows that have changed; keys are ids, or a key like BASE_PATHS."""

    def reset(self) -> None:
        """Forget everything: anything may have changed."""

    def resume(self) -> None:
        """Trust values that are read from now on: changes are heard of again."""

    def suspend(self) -> None:
        """Trust nothing that is in memory: changes are not heard of."""
