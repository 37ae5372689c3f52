"""The options of the user, remembered from one start to the next."""

import dataclasses
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from pulp_contentroutes.standalone.errors import BadSetting, UnusableFolder

# How many characters of a bad value a message quotes.
_QUOTED = 40
# Dynaconf reads nested values with two underscores: DATABASES__default__CONN_MAX_AGE.
_SETTING_NAME = re.compile(r"[A-Z][A-Z0-9_]*?(__[A-Za-z0-9_]+)*")


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that defines this instance; each field is an option of `serve`."""

    port: int = 8080
    bind: str = "127.0.0.1"
    content_workers: int = 2
    api_workers: int = 1
    task_workers: int = 1
    database_url: str | None = None
    media_root: str | None = None
    redis_url: str | None = None
    nginx: bool = True
    settings: dict[str, str] = field(default_factory=dict)

    def with_changes(self, given: dict[str, Any]) -> Self:
        """Return these options with the `given` values, except for those that are None.

        Settings are merged; an empty string unsets an option or a setting.
        """
        changes: dict[str, Any] = {
            name: None if value == "" else value
            for name, value in given.items()
            if value is not None
        }
        merged = {**self.settings, **(given.get("settings") or {})}
        changes["settings"] = {name: value for name, value in merged.items() if value != ""}
        return dataclasses.replace(self, **changes)

    @classmethod
    def load(cls, file: Path) -> Self:
        """Return the options of an earlier start, the defaults if there was none."""
        try:
            return cls(**json.loads(file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return cls()
        except (ValueError, TypeError) as error:
            raise UnusableFolder(
                f"{file} cannot be understood ({error}): mend it, or delete it and give the "
                "options again."
            ) from error

    def dump(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"


def quote(value: str) -> str:
    """Return a user's value quoted for a message, cut to a bound and without control characters."""
    return repr(value if len(value) <= _QUOTED else f"{value[:_QUOTED]}…")


def parse_setting(text: str) -> tuple[str, str]:
    """Split `NAME=VALUE`; Pulp reads the value as TOML (`true`, `5`, `["a"]`) or text."""
    name, equals, value = text.partition("=")
    name = name.removeprefix("PULP_")
    if not equals or not _SETTING_NAME.fullmatch(name):
        raise BadSetting(
            f"--set {quote(text)}: write NAME=VALUE with the name of a Pulp setting in "
            "capitals, for instance --set DOMAIN_ENABLED=true."
        )
    return name, value
