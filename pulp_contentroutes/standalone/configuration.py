"""The settings, keys, nginx.conf and command lines of a standalone Pulp."""

import os
import secrets
import shutil
from importlib.metadata import entry_points, version
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Any, Final

from cryptography.fernet import Fernet
from packaging.version import Version

from pulp_contentroutes.standalone import environment, reach
from pulp_contentroutes.standalone.data_dir import write_private
from pulp_contentroutes.standalone.environment import program
from pulp_contentroutes.standalone.instance import Instance
from pulp_contentroutes.standalone.postgres import PORT, Cluster
from pulp_contentroutes.standalone.process import DATABASE, Service

_HEADER = """\
# Written by 'pulp-contentroutes serve' at every start: change settings with its options, or with
# --set NAME=VALUE, which is remembered.
"""
#: Keyword argument of libpq → Django's name for it; those without one are OPTIONS.
_DJANGO_NAMES: Final = {
    "dbname": "NAME",
    "user": "USER",
    "password": "PASSWORD",
    "host": "HOST",
    "port": "PORT",
}


def write_settings(instance: Instance) -> None:
    """Write the settings file, and the keys if there are none yet."""
    secret_key = _key(instance.folder / "secret.key", lambda: secrets.token_urlsafe(50))
    _key(instance.folder / "database_fields.key", lambda: Fernet.generate_key().decode())
    arguments = instance.database.items()
    database = {
        "ENGINE": "django.db.backends.postgresql",
        # Pulp's own default is a new connection for every request to the API.
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {name: value for name, value in arguments if name not in _DJANGO_NAMES},
        **{_DJANGO_NAMES[name]: value for name, value in arguments if name in _DJANGO_NAMES},
    }
    values = {
        "SECRET_KEY": secret_key,
        "DATABASES": {"default": database},
        **_settings(instance),
    }
    lines = [f"{name} = {value!r}" for name, value in values.items()]
    write_private(instance.settings_file, _HEADER + "\n".join(lines) + "\n")


def _key(file: Path, make: Any) -> str:
    if not file.exists():
        write_private(file, make())
    return file.read_text(encoding="ascii")


def _settings(instance: Instance) -> dict[str, Any]:
    folder, options = instance.folder, instance.options
    # Without an origin, Pulp returns only paths, and our Galaxy API uses the host of the request:
    # right under every host name, but without nginx both would lead to the port of the API.
    origin: str | None = instance.content_url
    if instance.is_bound_to_all:
        origin = None if instance.front else reach.content_url(instance)
    settings = {
        "DB_ENCRYPTION_KEY": str(folder / "database_fields.key"),
        "DEPLOY_ROOT": str(folder),
        "MEDIA_ROOT": options.media_root or str(folder / "media"),
        "STATIC_ROOT": str(folder / "static"),
        "WORKING_DIRECTORY": str(folder / "tmp"),
        "FILE_UPLOAD_TEMP_DIR": str(folder / "tmp"),
        # One more page, at the root of the API. "dynaconf_merge" puts it after all of Pulp's own.
        "MIDDLEWARE": ["pulp_contentroutes.app.edge.front_page.FrontPage", "dynaconf_merge"],
        "CONTENT_ORIGIN": origin,
        # Pulp reports its plugins to the Pulp project by default; a trial should not.
        "ANALYTICS": False,
    }
    if options.redis_url:
        settings |= {"REDIS_URL": options.redis_url, "CACHE_ENABLED": True}
    return settings


_TEMPLATE: Final = Path(__file__).with_name("templates") / "nginx.conf"


def find_nginx() -> str | None:
    """Return the nginx program of this machine; /usr/sbin is not on every user's PATH."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def write_nginx(instance: Instance) -> None:
    """Write run/nginx.conf: Pulp's own locations and the snippet of every installed plugin."""
    snippets = []
    for entry_point in entry_points(group="pulpcore.plugin"):
        spec = find_spec(entry_point.module)
        if spec is not None and spec.origin is not None:
            file = Path(spec.origin).parent / "app" / "webserver_snippets" / "nginx.conf"
            if file.exists():
                snippets.append(f'        include "{file}";')
    text = Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        # Root's folders are closed to the account that nginx would switch to.
        user="user root root;" if os.geteuid() == 0 else "",
        run=instance.run,
        listen=_listen(instance),
        api=instance.api,
        content=instance.content,
        content_prefix=instance.setting("CONTENT_PATH_PREFIX", "/pulp/content/"),
        snippets="\n".join(snippets),
    )
    write_private(instance.run / "nginx.conf", text)


def _listen(instance: Instance) -> str:
    # Without ipv6only=off, nginx would accept only IPv6 clients, unlike gunicorn.
    is_all = instance.options.bind == "::"
    return f"{instance.front} ipv6only=off" if is_all else str(instance.front)


NGINX = "nginx"

# pulpcore warns when API_APP_TTL (120 s) is less than twice this.
_GUNICORN_TIMEOUT = 60
# Shorter than the supervisor's grace period, so that gunicorn ends its own workers.
_GRACEFUL_TIMEOUT = 4
_GUNICORN_OPTIONS: Final = "GUNICORN_CMD_ARGS"
#: The first gunicorn with a socket for its commands.
_CONTROL_SOCKET: Final = Version("25.1")


def services(instance: Instance, cluster: Cluster | None) -> list[Service]:
    """Return the services, the database first; `cluster` is None with an external database."""
    worker = (program("pulpcore-worker"),)
    numbers = range(1, instance.options.task_workers + 1)
    variables = environment.for_system_programs()
    found = []
    if cluster:
        address = f"{cluster.sockets}/.s.PGSQL.{PORT}"
        run_as = cluster.account.popen_options if cluster.account else {}
        found.append(Service(DATABASE, cluster.command, variables, address, run_as))
    found += [
        _gunicorn(instance, "api", instance.options.api_workers),
        _gunicorn(instance, "content", instance.options.content_workers),
        *(Service(f"worker-{number}", worker, instance.environment) for number in numbers),
    ]
    if instance.nginx is not None:
        file = str(instance.run / "nginx.conf")
        nginx = (instance.nginx, "-p", str(instance.run), "-c", file, "-e", "stderr")
        found.append(Service(NGINX, nginx, variables, str(instance.front)))
    return found


def _gunicorn(instance: Instance, name: str, workers: int) -> Service:
    address = str(instance.addresses[name])
    command = (
        *(program(f"pulpcore-{name}"), "--bind", address, "--workers", str(workers)),
        *("--timeout", str(_GUNICORN_TIMEOUT), "--graceful-timeout", str(_GRACEFUL_TIMEOUT)),
    )
    variables = dict(instance.environment)
    if Version(version("gunicorn")) >= _CONTROL_SOCKET:
        # gunicorn would make a socket in the folder that it runs in. Not every pulpcore has the
        # option, and older gunicorns refuse it.
        given = variables.get(_GUNICORN_OPTIONS, "")
        variables[_GUNICORN_OPTIONS] = f"{given} --no-control-socket".lstrip()
    return Service(name, command, variables, address)
