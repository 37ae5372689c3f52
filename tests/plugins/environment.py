"""The environments in which Pulp runs with plugins that people use."""

from dataclasses import dataclass
from pathlib import Path

from tests.harness.environments import make_environment
from tests.harness.template import ROOT


@dataclass(frozen=True)
class Environment:
    """Our plugin of this checkout, and releases of others that PyPI has together."""

    name: str
    #: Requirements of pip.
    releases: tuple[str, ...]

    def make(self) -> Path:
        """Return its folder, made if there is none; to get newer releases, remove the folder."""
        checkout = f"--editable={ROOT}[standalone]"
        made_of = [ROOT / "pyproject.toml"]
        return make_environment(f"plugins-{self.name}", checkout, *self.releases, made_of=made_of)


NEWEST = Environment(
    "newest",
    ("pulp-container", "pulp-deb", "pulp-maven", "pulp-npm", "pulp-python", "pulp-rpm"),
)
