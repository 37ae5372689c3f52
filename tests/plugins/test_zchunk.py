"""zchunk's own client with pulp_file, through nginx: it fetches many ranges with one request.

pulp_rpm makes no zchunk metadata, and Debian's dnf would not use it.
"""

import random
from pathlib import Path

from tests.plugins.access import Access
from tests.plugins.commands import expect_success, find_program
from tests.plugins.expected import expect
from tests.plugins.site import BEFORE_A_RELEASE, Site

pytestmark = BEFORE_A_RELEASE
PLUGIN = "file"

NAME = "new.zck"


def make_versions(folder: Path) -> bytes:
    """Make old.zck and new.zck, which differ in every sixth chunk; return the new one."""
    source = random.Random(NAME)
    blocks = [source.randbytes(10_000).hex() for _ in range(60)]
    for name in ("old", "new"):
        (folder / name).write_text("".join(blocks))
        zck = find_program("zck", "zchunk")
        expect_success(zck, "-o", str(folder / f"{name}.zck"), str(folder / name), home=folder)
        blocks[::6] = [source.randbytes(10_000).hex() for _ in blocks[::6]]
    return (folder / NAME).read_bytes()


def test_zckdl_fetches_the_chunks_that_differ(site: Site, access: Access, tmp_path: Path) -> None:
    made, repository = make_versions(tmp_path), site.repository("file/file", autopublish=True)
    fields = {"relative_path": NAME, "repository": repository}
    site.upload("content/file/files/", NAME, made, **fields)
    base_path = site.distribute("file/file", access.name, repository=repository)
    got = tmp_path / "got"
    got.mkdir()
    zckdl = (find_program("zckdl", "zchunk"), "--fail-no-ranges", "-s", str(tmp_path / "old.zck"))
    url = f"{access.url(site.content_url(base_path))}{NAME}"
    with site.front.record() as requests:
        expect_success(*zckdl, url, home=got)
    assert (got / NAME).read_bytes() == made
    prefix = site.content_path(base_path)
    ranges = [request.range for request in requests if request.path.startswith(prefix)]
    assert any("," in each for each in ranges), ranges
    assert all(ranges), ranges
    expect(PLUGIN, requests, prefix, r".*")
