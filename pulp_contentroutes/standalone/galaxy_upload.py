"""`pulp-contentroutes galaxy-upload`: many collections to a Galaxy server, with a progress bar."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import click

from pulp_contentroutes.galaxy.client import (
    Ended,
    UploadFailed,
    batches_of,
    tarballs_in,
    upload,
)
from pulp_contentroutes.standalone.errors import Interrupted, StandaloneError


@click.command("galaxy-upload")
@click.argument("url")
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path, readable=True),
    metavar="FILES…",
)
@click.option(
    "--token",
    envvar="CONTENTROUTES_TOKEN",
    default="",
    help="An API token that may publish. The variable CONTENTROUTES_TOKEN keeps it out of the "
    "process list.",
)
def galaxy_upload(url: str, paths: tuple[Path, ...], token: str) -> None:
    """Publish many collections to a Galaxy distribution.

    URL is the same as for ansible-galaxy, FILES are tarballs or folders of tarballs. A detached
    signature beside a tarball, with the same name followed by '.asc', is uploaded with it.

    \b
    export CONTENTROUTES_TOKEN=pcr_…
    pulp-contentroutes galaxy-upload https://pulp.example/pulp_contentroutes/galaxy/team/ build/

    A tarball that is refused is named at the end, and does not stop the others. A collection that
    the server has already counts as a success. Exit code: 0 if all are published, 1 if not.
    """
    tarballs = tarballs_in(paths)
    if not tarballs:
        raise StandaloneError(f"There is no *.tar.gz in {', '.join(map(str, paths))}.")
    ended: list[Ended] = []
    problem, stopped = None, None
    with click.progressbar(length=len(tarballs), label="Publishing") as bar:

        def note(each: Ended) -> None:
            ended.append(each)
            bar.update(1)

        try:
            asyncio.run(_upload_all(url, token, tarballs, note))
        except UploadFailed as failed:
            problem = str(failed)
        except KeyboardInterrupt as failed:
            stopped = failed
    refused = [each for each in ended if each.problem]
    for each in refused:
        click.echo(f"{each.file}: {each.problem}", err=True)
    click.echo(f"{len(ended) - len(refused)} published, {len(refused)} refused.")
    if stopped:
        said = f"Stopped; {len(tarballs) - len(ended)} more were not sent, or are still imported."
        raise Interrupted.by(stopped, said)
    if problem:
        raise StandaloneError(problem)
    raise SystemExit(1 if refused else 0)


async def _upload_all(
    url: str, token: str, tarballs: list[Path], note: Callable[[Ended], None]
) -> None:
    for batch in batches_of(tarballs):
        async for each in upload(url, token, batch):
            note(each)
