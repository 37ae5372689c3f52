"""Many versions in a moment: rows like that of what was uploaded, without a file of their own."""

from pathlib import Path

from tests.pulp.galaxy import Galaxy

_SCRIPT = Path(__file__).with_name("django_copier.py")


def add_copies(server: Galaxy, model: str, versions: list[str]) -> None:
    """Add versions like the only one of a model that the server's repository has."""
    values = {"REPOSITORY": server.repository, "MODEL": model, "VERSIONS": versions}
    code = f"import runpy; runpy.run_path({str(_SCRIPT)!r}, init_globals={values!r})"
    server.pulp.instance.shell(code)
