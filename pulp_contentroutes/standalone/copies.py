"""Rules for copied and moved data folders, which must not use anything of their original.

A copy has the options, keys and links of its original, and so would use its database and content.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from pulp_contentroutes.standalone import configuration, data_dir
from pulp_contentroutes.standalone.data_dir import MARKER, Identity, write_private
from pulp_contentroutes.standalone.environment import SYSTEM_FOLDER, command_line
from pulp_contentroutes.standalone.errors import AlreadyRunning, SharedWithOriginal, UnusableFolder
from pulp_contentroutes.standalone.instance import Instance
from pulp_contentroutes.standalone.logs import step
from pulp_contentroutes.standalone.options import Options
from pulp_contentroutes.standalone.postgres import Cluster

# Below MEDIA_ROOT; everything else there is temporary.
_ARTIFACTS = "artifact"
_MEDIA_SETTING = "MEDIA_ROOT"
# Pulp's settings, given with --set, for the database, the storage of content, and the cache, whose
# keys are paths.
_SHARED_SETTINGS = ("DATABASES", _MEDIA_SETTING, "REDIS_", "STORAGES")
# These say how long a connection is kept, not to which database it leads.
_HARMLESS_SETTINGS = "DATABASES__default__CONN_"


def settle(instance: Instance, cluster: Cluster | None, given: Mapping[str, Any]) -> None:
    """Make the files in the folder of `instance`, which this process holds, describe this folder.

    For a copy, say so, and copy the database of its original if the folder only has a link to it;
    do the same for a folder that may be a copy. `given` are the options of this start: the
    original's --database-url and the like are not taken over. Afterwards, `instance` does not know
    the location of the database. Raise SharedWithOriginal.
    """
    data = instance.folder
    original = original_of(data)
    if original:
        _settle_copy(instance, cluster, original, given)
    elif cluster and _is_owner_unknown(data):
        linked = Cluster(data)
        left = linked.home
        try:
            _copy_database(data, linked)
        except AlreadyRunning as error:
            raise SharedWithOriginal(
                f"{data} is a copy, or was moved to another disk, and gets a copy of its database "
                f"in {left}, which is in use: stop the Pulp that uses it first."
            ) from error
        click.echo(
            f"{data} is a copy, or was moved to another disk, and uses a copy of its database now. "
            f"The one in {left} was left: delete it yourself if no other Pulp needs it."
        )
    if cluster:
        cluster.place()
    make_own(data, None if original else data_dir.read_identity(data).id)


def check(instance: Instance) -> None:
    """Let a command other than `serve` use the folder of `instance`.

    A folder that was moved, or copied with its database, gets settings with its own paths. Raise
    SharedWithOriginal for a copy, or a folder that may be one, that still uses the database or
    content of its original.
    """
    data = instance.folder
    original = original_of(data)
    is_shared = Cluster(data).is_linked or any(_shared_options(instance.options, {}))
    if original and is_shared:
        raise SharedWithOriginal(
            f"{data} is a copy of {original}, and its database or content is still that of the "
            f"original: '{command_line(data, 'serve')}' makes it a Pulp of its own."
        )
    if not instance.options.database_url and _is_owner_unknown(data):
        raise SharedWithOriginal(
            f"{data} is a copy, or was moved to another disk, and its database in "
            f"{Cluster(data).home} may be that of another Pulp: '{command_line(data, 'serve')}' "
            "gives it a copy."
        )
    if data_dir.read_identity(data).path != os.path.realpath(data):
        data_dir.check_owner(data)
        configuration.write_settings(instance)


def original_of(data: Path) -> Path | None:
    """Return the data folder that `data` is a copy of; None once it is a Pulp of its own."""
    return data_dir.database_owner(data).original_of(data) or data_dir.read_identity(
        data
    ).original_of(data)


def make_own(data: Path, identifier: str | None = None) -> None:
    """Record that `data` is this very folder, and that the database in it is its own.

    Without its previous `identifier`, it is not a copy any more. A linked database that is not
    proven to be its own, and stays behind with --database-url, keeps its recorded owner.
    """
    own = Identity.of(data, identifier)
    Cluster(data).write_owner(data_dir.database_owner(data) if _is_owner_unknown(data) else own)
    own.write(data / MARKER)


def _is_owner_unknown(data: Path) -> bool:
    """Tell whether the database in SYSTEM_FOLDER may be that of a folder that was renamed.

    The folder for which the database was made is neither `data` nor at its recorded path any more:
    `data` was moved to another disk, or is a copy of a folder that has been renamed or removed.
    """
    linked = Cluster(data)
    if not linked.is_linked or linked.home.parent != SYSTEM_FOLDER or not linked.home.is_dir():
        return False
    owner = data_dir.database_owner(data)
    is_proven = owner.is_of(data) or owner.path == os.path.realpath(data)
    return not is_proven and original_of(data) is None


def _shared_options(options: Options, given: Mapping[str, Any]) -> Iterator[str]:
    """Yield the remembered options that lead to a database or content and are not `given` anew."""
    for name in ("database_url", "media_root", "redis_url"):
        if getattr(options, name) and not given.get(name):
            yield "--" + name.replace("_", "-")
    for name in options.settings:
        is_shared = name.startswith(_SHARED_SETTINGS) and not name.startswith(_HARMLESS_SETTINGS)
        if is_shared and name not in given.get("settings", {}):
            yield f"--set {name}"


def _settle_copy(
    instance: Instance, cluster: Cluster | None, original: Path, given: Mapping[str, Any]
) -> None:
    """Make a copy of `original` a Pulp of its own, or refuse it; see `settle`."""
    data = instance.folder
    for option in _shared_options(instance.options, given):
        is_media = option in ("--media-root", f"--set {_MEDIA_SETTING}")
        own = "one of its own, with a copy of its files" if is_media else "one of its own"
        raise SharedWithOriginal(
            f"{data} is a copy of {original}, which is used with {option}, and two Pulps with "
            f"one would harm each other: give {option} {own}, or {option}= to do without."
        )
    if Cluster(data).is_linked and not data_dir.database_owner(data).is_of(data):
        _replace_database(instance, cluster, original)
    elif cluster and cluster.data.exists():
        theirs = _artifacts(original, Options.load(original / data_dir.OPTIONS_FILE))
        ours = _artifacts(data, instance.options)
        # A database and content that were copied together fit each other, whatever happened
        # afterwards; content outside one of the folders was not.
        if not (theirs.is_relative_to(original) and ours.is_relative_to(data)):
            _check_content(instance, original)
    click.echo(
        f"It was a copy of {original}, and is a Pulp of its own now, with the same passwords, "
        "tokens and keys."
    )
    # The remembered options lead to the original's database or content, and no later command would
    # ask again.
    write_private(data / data_dir.OPTIONS_FILE, instance.options.dump())


def _replace_database(instance: Instance, cluster: Cluster | None, original: Path) -> None:
    """Replace the link by a copy of the linked database, or just remove it with --database-url."""
    data, linked = instance.folder, Cluster(instance.folder)
    if cluster is None:
        (data / data_dir.DATABASE_FOLDER).unlink()
        return
    if linked.home.parent != SYSTEM_FOLDER:
        raise SharedWithOriginal(
            f"{data} is a copy of {original}, and its link {data_dir.DATABASE_FOLDER} leads to the "
            f"database of the original in {linked.home}: put a copy in the place of the link."
        )
    try:
        with data_dir.hold(original):
            _check_content(instance, original)
            _copy_database(data, linked)
    except AlreadyRunning as error:
        raise SharedWithOriginal(
            f"{data} is a copy of {original}, and gets a copy of its database, which is in use: "
            f"stop it first ('{command_line(original, 'stop')}')."
        ) from error


def _copy_database(data: Path, linked: Cluster) -> None:
    """Link `data` to a copy of its linked database. Raise AlreadyRunning or UnusableFolder."""
    if linked.is_in_use():
        raise AlreadyRunning("")
    with step("Copying the database"):
        home = linked.make_home()
        try:
            linked.copy_to(home)
            # A folder whose location is unknown is not held: a server may have started meanwhile.
            if linked.is_in_use():
                raise AlreadyRunning("")
        except OSError as error:
            shutil.rmtree(home, ignore_errors=True)
            reason = error.args[0][0][2] if isinstance(error, shutil.Error) else error.strerror
            raise UnusableFolder(
                f"The database in {linked.home} cannot be copied to {home.parent}: {reason}."
            ) from error
        except BaseException:
            shutil.rmtree(home, ignore_errors=True)
            raise
        Identity.of(data, None).write(home / data_dir.OWNER_FILE)
        linked.move_to(home)


def _check_content(instance: Instance, original: Path) -> None:
    """Refuse a copy that lacks files to which the current database of the original refers."""
    theirs = _artifacts(original, Options.load(original / data_dir.OPTIONS_FILE))
    ours = _artifacts(instance.folder, instance.options)
    missing = sum(
        not os.path.lexists(ours / Path(root).relative_to(theirs) / name)
        for root, _, names in os.walk(theirs)
        for name in names
    )
    if missing:
        raise SharedWithOriginal(
            f"{instance.folder} is a copy of {original}, and {missing} files of content in "
            f"{theirs} are not in {ours}: stop the original and copy them, too, or remove "
            f"this copy with '{command_line(instance.folder, 'reset')}' and copy it again."
        )


def _artifacts(data: Path, options: Options) -> Path:
    given = options.settings.get(_MEDIA_SETTING, "").strip("\"' ") or options.media_root
    return Path(given or data / "media") / _ARTIFACTS
