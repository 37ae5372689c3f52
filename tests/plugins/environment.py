"""The environments in which Pulp runs with plugins that people use."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tests.harness.environments import make_environment
from tests.harness.template import ROOT


@dataclass(frozen=True, eq=False)
class Environment:
    """Our plugin of this checkout, and releases of others that PyPI has together."""

    name: str
    #: Requirements of pip by the plugin that they bring.
    releases: Mapping[str, str]
    #: Whether Pulp has domains; then the content of the tests is in one of its own.
    has_domains: bool = False

    def make(self) -> Path:
        """Return its folder, made if there is none; to get newer releases, remove the folder."""
        checkout = f"--editable={ROOT}[standalone]"
        return make_environment(
            f"plugins-{self.name}",
            checkout,
            *self.releases.values(),
            made_of=[ROOT / "pyproject.toml"],
        )


NEWEST = Environment(
    "newest",
    {
        "container": "pulp-container",
        "deb": "pulp-deb",
        "file": "pulpcore",
        "maven": "pulp-maven",
        "npm": "pulp-npm",
        "python": "pulp-python",
        "rpm": "pulp-rpm",
    },
)
#: The oldest pulpcore that is supported, with the releases that allow it.
FLOOR = Environment(
    "floor",
    {
        # A version without a rule.
        "container": "pulp-container",
        "deb": "pulp-deb",
        "file": "pulpcore==3.105.*",
        "npm": "pulp-npm",
        "python": "pulp-python",
        "rpm": "pulp-rpm",
    },
)
ENVIRONMENTS = (NEWEST, FLOOR)
WITH_DOMAINS = replace(NEWEST, has_domains=True)
