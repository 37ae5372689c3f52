"""Short times for the supervisor."""

import pytest

from pulp_contentroutes.standalone import supervisor


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "CLIENTS_GRACE", 0.5)
    monkeypatch.setattr(supervisor, "DATABASE_GRACE", 0.5)
    monkeypatch.setattr(supervisor, "_FIRST_DELAY", 0.01)
