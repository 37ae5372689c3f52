"""The rules of content routes, which name the conflict; serving.routing checks the texts."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from gettext import gettext as _
from typing import Any, Final

from django.db.models import Field, Model
from pulpcore.plugin.util import get_domain_pk
from rest_framework.serializers import ValidationError

from pulp_contentroutes.app.routes.loops import find_loop
from pulp_contentroutes.app.routes.models import ContentRoute
from pulp_contentroutes.app.routes.reserved_urls import conflict_of
from pulp_contentroutes.app.routes.rows import find_route, row_of
from pulp_contentroutes.serving.resolve.route_rows import route_of
from pulp_contentroutes.serving.routing.mount_patterns import (
    InvalidPattern,
    MountPattern,
    parse_host,
    parse_mount,
)
from pulp_contentroutes.serving.routing.route_fields import check_cache_control, parse_fields
from pulp_contentroutes.serving.routing.templates import parse_base_path, parse_location

Action = ContentRoute.Action

#: The fields of each action; those of the others are refused.
_OF_ACTION: Final = {
    Action.SERVE: ("targets",),
    Action.REWRITE: ("path",),
    Action.REDIRECT: ("location", "status"),
}
_DEFAULT_STATUS: Final = 302
_COLUMNS: Final = ContentRoute._meta.concrete_fields


@contextmanager
def naming(field: str) -> Iterator[None]:
    """Raise InvalidPattern of the block as a ValidationError of a field."""
    try:
        yield
    except InvalidPattern as error:
        raise ValidationError({field: [str(error)]}) from error


def check_directory(path: str) -> str:
    """Return a directory of a distribution without slashes at its begin and end."""
    found = path.strip("/")
    if found and {"", ".", ".."} & set(found.split("/")):
        raise ValidationError(_("A directory has no empty segments, and none of dots only."))
    return found


def complete(data: dict[str, Any], instance: ContentRoute | None) -> dict[str, Any]:
    """Return the given values of a route with those that follow from them.

    The values that are not given are those of `instance`. Raise ValidationError.
    """
    if data.get("host"):
        with naming("host"):
            data["host"] = parse_host(data["host"])
    before = instance or ContentRoute(name="", mount="", action="")
    values = {field.attname: _value(field, data, before) for field in _COLUMNS}
    with naming("mount"):
        mount = parse_mount(values["mount"])
    data |= {"stem": mount.stem, "shape": mount.shape}
    _check_urls(mount, values["host"], values["mount"], before)
    _check_headers(data)
    data |= _of_action(values["action"], mount, values, data, instance)
    if values["action"] == Action.REDIRECT:
        changed = ContentRoute(**{field.attname: values[field.attname] for field in _COLUMNS})
        for name in ("stem", "shape", "status"):
            setattr(changed, name, data[name])
        _check_loop(changed)
    return data


def _value(field: Field, data: dict[str, Any], before: ContentRoute) -> Any:
    """Return the value of a column: the given one, or that of the route as it was."""
    if field.name not in data:
        return getattr(before, field.attname)
    given = data[field.name]
    return given.pk if isinstance(given, Model) else given


def _check_urls(mount: MountPattern, host: str, text: str, before: ContentRoute) -> None:
    """Refuse a mount of URLs that are others' already."""
    if not host and not (mount.segments and mount.segments[0]):
        raise ValidationError(
            {"mount": [_("'{}' needs a host: it would be every URL of the server.").format(text)]}
        )
    reserved = conflict_of(mount.stem, has_host=bool(host))
    if reserved is not None:
        raise ValidationError(
            {"mount": [_("'{}' overlaps with '{}', which is in use.").format(text, reserved)]}
        )
    others = ContentRoute.objects.exclude(pk=before.pk)
    other = others.filter(host=host, shape=mount.shape).first()
    if other is not None:
        sentence = _("The route '{}' has these URLs: '{}'.").format(other.name, other.mount)
        if other.pulp_domain_id != get_domain_pk():
            sentence = _("A route of another domain has these URLs.")
        raise ValidationError({"mount": [sentence]})


def _check_headers(data: dict[str, Any]) -> None:
    if "headers" in data:
        with naming("headers"):
            parse_fields(data["headers"])
    if data.get("cache_control"):
        with naming("cache_control"):
            check_cache_control(data["cache_control"])


def _of_action(
    action: str,
    mount: MountPattern,
    values: dict[str, Any],
    data: dict[str, Any],
    instance: ContentRoute | None,
) -> dict[str, Any]:
    """Return the values of the fields that belong to actions; or raise ValidationError."""
    own = _OF_ACTION[Action(action)]
    foreign = [name for names in _OF_ACTION.values() for name in names if name not in own]
    for name in foreign:
        if data.get(name):
            raise ValidationError({name: [_("It does not belong to '{}'.").format(action)]})
    nothing: dict[str, Any] = {"targets": [], "path": "", "location": "", "status": None}
    found = {name: nothing[name] for name in foreign}
    if action == Action.SERVE:
        if mount.captures:
            raise ValidationError(
                {"mount": [_("Captures are for routes that rewrite or redirect.")]}
            )
        has_targets = data.get("targets") or (
            "targets" not in data and instance is not None and instance.targets.exists()
        )
        if not has_targets:
            raise ValidationError({"targets": [_("A route that serves needs a target.")]})
        return found
    template = "path" if action == Action.REWRITE else "location"
    if not values[template]:
        raise ValidationError({template: [_("It is needed for '{}'.").format(action)]})
    with naming(template):
        parse = parse_base_path if action == Action.REWRITE else parse_location
        parse(values[template], mount.captures)
    if action == Action.REDIRECT:
        found["status"] = values["status"] or _DEFAULT_STATUS
    return found


def _check_loop(route: ContentRoute) -> None:
    found = route_of(row_of(route))
    loop = found and find_loop(found, partial(find_route, found))
    if loop:
        raise ValidationError(
            {"location": [_("Clients would be redirected for ever: {}.").format(loop)]}
        )
