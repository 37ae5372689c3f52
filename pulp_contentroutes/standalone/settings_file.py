"""Keys and the settings file of a standalone Pulp."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from pulp_contentroutes.standalone import reach
from pulp_contentroutes.standalone.files import write_private
from pulp_contentroutes.standalone.instance import Instance

_HEADER = """\
# Written by 'pulp-contentroutes serve' at every start: change settings with its options, or with
# --set NAME=VALUE, which is remembered.
"""


def write(instance: Instance) -> None:
    """Write the settings file, and the keys if there are none yet."""
    secret_key = _key(instance.folder / "secret.key", lambda: secrets.token_urlsafe(50))
    _key(instance.folder / "database_fields.key", lambda: Fernet.generate_key().decode())
    values = {"SECRET_KEY": secret_key, **_settings(instance)}
    lines = [f"{name} = {value!r}" for name, value in values.items()]
    write_private(instance.settings_file, _HEADER + "\n".join(lines) + "\n")


def _key(file: Path, make: Any) -> str:
    if not file.exists():
        write_private(file, make())
    return file.read_text(encoding="ascii")


def _settings(instance: Instance) -> dict[str, Any]:
    folder, options = instance.folder, instance.options
    settings = {
        "DATABASES": {"default": _django_database(instance.database)},
        "DB_ENCRYPTION_KEY": str(folder / "database_fields.key"),
        "DEPLOY_ROOT": str(folder),
        "MEDIA_ROOT": options.media_root or str(folder / "media"),
        "STATIC_ROOT": str(folder / "static"),
        "WORKING_DIRECTORY": str(folder / "tmp"),
        "FILE_UPLOAD_TEMP_DIR": str(folder / "tmp"),
        # One more page, at the root of the API. "dynaconf_merge" puts it after all of Pulp's own.
        "MIDDLEWARE": ["pulp_contentroutes.app.edge.front_page.FrontPage", "dynaconf_merge"],
        "CONTENT_ORIGIN": _content_origin(instance),
        # Pulp reports its plugins to the Pulp project by default; a trial should not.
        "ANALYTICS": False,
    }
    if options.redis_url:
        settings |= {"REDIS_URL": options.redis_url, "CACHE_ENABLED": True}
    return settings


def _content_origin(instance: Instance) -> str | None:
    """Return the URL of the content app, None if it equals that of the API under every host name.

    Without this URL, Pulp returns only paths, and our Galaxy API uses the host of the request;
    without nginx, both would lead to the port of the API.
    """
    if not instance.is_bound_to_all:
        return instance.content_url
    return None if instance.front else reach.content_url(instance)


def _django_database(arguments: Mapping[str, str]) -> dict[str, Any]:
    """Return libpq's keyword arguments as Django names them; those without a name are OPTIONS."""
    names = {
        "dbname": "NAME",
        "user": "USER",
        "password": "PASSWORD",
        "host": "HOST",
        "port": "PORT",
    }
    database: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        # Pulp's own default is a new connection for every request to the API.
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {},
    }
    for name, value in arguments.items():
        if name in names:
            database[names[name]] = value
        else:
            database["OPTIONS"][name] = value
    return database
