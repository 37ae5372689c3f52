"""A plugin for the pytest that runs the suites: only the tests that ask the content app.

It is loaded by its path, with `-p select_content`, into an environment that has none of our code.
"""

import pytest

#: Fixtures of pulpcore's pytest plugin that lead to the content app.
_CONTENT = {
    "distribution_base_url",
    "download_content_unit",
    "http_get",
    "pulp_content_origin_with_prefix",
    "pulp_content_url",
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    asking = [item for item in items if _CONTENT & set(getattr(item, "fixturenames", ()))]
    config.hook.pytest_deselected(items=[item for item in items if item not in asking])
    items[:] = asking
    for item in items:
        # The report names tests from their package on, and these packages have the same name.
        item.user_properties.append(("module", _module_of(item)))


def _module_of(item: pytest.Item) -> str:
    module = item.getparent(pytest.Module)
    assert module is not None
    return str(module.obj.__name__)
