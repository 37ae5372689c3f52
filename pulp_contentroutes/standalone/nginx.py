"""The nginx in front of a standalone Pulp: one port for the API and the content app."""

import os
import shutil
from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Final

from pulp_contentroutes.standalone.files import write_private
from pulp_contentroutes.standalone.instance import Instance

_TEMPLATE: Final = Path(__file__).with_name("templates") / "nginx.conf"


def find() -> str | None:
    """Return the nginx program of this machine; /usr/sbin is not on every user's PATH."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def write_configuration(instance: Instance) -> None:
    """Write run/nginx.conf: Pulp's own locations and the snippet of every installed plugin."""
    text = Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        # Root's folders are closed to the account that nginx would switch to.
        user="user root root;" if os.geteuid() == 0 else "",
        run=instance.run,
        listen=_listen(instance),
        api=instance.api,
        content=instance.content,
        content_prefix=instance.setting("CONTENT_PATH_PREFIX", "/pulp/content/"),
        snippets="\n".join(f'        include "{file}";' for file in _snippets()),
    )
    write_private(instance.run / "nginx.conf", text)


def _listen(instance: Instance) -> str:
    # Without ipv6only=off, nginx would accept only IPv6 clients, unlike gunicorn.
    is_all = instance.options.bind == "::"
    return f"{instance.front} ipv6only=off" if is_all else str(instance.front)


def _snippets() -> Iterator[Path]:
    for entry_point in entry_points(group="pulpcore.plugin"):
        spec = find_spec(entry_point.module)
        if spec is not None and spec.origin is not None:
            file = Path(spec.origin).parent / "app" / "webserver_snippets" / "nginx.conf"
            if file.exists():
                yield file
