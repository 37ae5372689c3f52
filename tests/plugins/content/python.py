"""A wheel and a source distribution, written by hand, and repositories of them."""

import io
import tarfile
import zipfile
from dataclasses import dataclass

from tests.plugins.access import OPEN, PASSWORD, TOKEN
from tests.plugins.site import Site

#: Two projects: one has only a wheel, the other only a source distribution.
WHEEL, SDIST = "demo_wheel-1.0-py3-none-any.whl", "demo_sdist-1.0.tar.gz"
TEXT = "TEXT = 'The text of {name}.'\n"
_TAGS = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
#: Builds the wheel of the source distribution without anything from an index.
_BACKEND = """\
import zipfile


def build_wheel(folder, settings=None, metadata=None):
    name = "demo_sdist-1.0-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as archive:
        archive.write("demo_sdist.py")
        archive.write("PKG-INFO", "demo_sdist-1.0.dist-info/METADATA")
        archive.write("WHEEL", "demo_sdist-1.0.dist-info/WHEEL")
        archive.writestr("demo_sdist-1.0.dist-info/RECORD", "")
    return name
"""


def metadata(name: str) -> str:
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"


def build_wheel() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("demo_wheel.py", TEXT.format(name="demo_wheel"))
        for name, text in (("METADATA", metadata("demo-wheel")), ("WHEEL", _TAGS), ("RECORD", "")):
            archive.writestr(f"demo_wheel-1.0.dist-info/{name}", text)
    return data.getvalue()


def build_sdist() -> bytes:
    files = {
        "PKG-INFO": metadata("demo-sdist"),
        "WHEEL": _TAGS,
        "pyproject.toml": _PYPROJECT,
        "backend.py": _BACKEND,
        "demo_sdist.py": TEXT.format(name="demo_sdist"),
    }
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"demo_sdist-1.0/{name}")
            member.size, member.mtime = len(text), 10**9
            archive.addfile(member, io.BytesIO(text.encode()))
    return data.getvalue()


@dataclass(frozen=True)
class Repository:
    """A repository with both files, and its distributions."""

    files: dict[str, bytes]
    #: Base paths by the way of access: of the repository, whose index is answered by the API, and
    #: of a publication, which has pages of an index.
    of_repository: dict[str, str]
    of_publication: dict[str, str]


def create(site: Site) -> Repository:
    files = {WHEEL: build_wheel(), SDIST: build_sdist()}
    href = site.repository("python/python")
    for name, data in files.items():
        fields = {"relative_path": name, "repository": href}
        site.upload("content/python/packages/", name, data, **fields)
    # Once a repository is published, its API refers to pages that only a publication has.
    copy = site.repository("python/python")
    site.rest.run_task("POST", f"{copy}modify/", base_version=f"{href}versions/{len(files)}/")
    publication = site.rest.create_in_task("publications/python/pypi/", repository=copy)
    sources = {
        "of_repository": {"repository": href},
        "of_publication": {"publication": publication},
    }
    distributions = {
        name: {
            access: site.distribute("python/pypi", access, **source)
            for access in (OPEN, TOKEN, PASSWORD)
        }
        for name, source in sources.items()
    }
    return Repository(files, **distributions)
