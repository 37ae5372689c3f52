"""Access policies for pulpcore, built from the parts in which they differ."""

from collections.abc import Mapping, Sequence
from typing import Any


def allow(*actions: str, condition: str | list[str] | None = None) -> dict[str, Any]:
    """Return the statement that lets authenticated users do `actions`, if `condition` holds."""
    statement = {"action": list(actions), "principal": "authenticated", "effect": "allow"}
    return statement | ({"condition": condition} if condition else {})


def on_object(
    model: str, actions: Mapping[str, Sequence[str]], also: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Return a statement for each of `actions` (permission → names of actions).

    The permission comes from a role on the object, on its domain or everywhere. `also` are further
    conditions of all statements.
    """
    needed = f"has_model_or_domain_or_obj_perms:contentroutes.{{}}_{model}"
    return [
        allow(*names, condition=[needed.format(permission), *also])
        for permission, names in actions.items()
    ]


def owner_policy(
    model: str,
    actions: Mapping[str, Sequence[str]],
    creator_roles: Sequence[str],
    also: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the policy of objects that belong to the user who creates them.

    `also` are conditions on creating and changing an object, about the objects it refers to.
    """
    add = f"has_model_or_domain_perms:contentroutes.add_{model}"
    return {
        "statements": [
            allow("list", "retrieve", "my_permissions"),
            allow("create", condition=[add, *also]),
            *on_object(model, {"change": ("update", "partial_update")}, also),
            *on_object(model, {"delete": ("destroy",), **actions}),
            *on_object(model, {"manage_roles": ("list_roles", "add_role", "remove_role")}),
        ],
        "creation_hooks": [
            {
                "function": "add_roles_for_object_creator",
                "parameters": {
                    "roles": [f"contentroutes.{model}_{role}" for role in creator_roles]
                },
            },
        ],
        "queryset_scoping": {"function": "scope_queryset"},
    }


def roles(model: str, owner: Sequence[str], **others: Sequence[str]) -> dict[str, list[str]]:
    """Return the roles creator, owner and viewer of a model, and `others` (role → permissions)."""
    granted = {
        "creator": ("add",),
        "owner": ("view", *owner, "manage_roles"),
        "viewer": ("view",),
        **others,
    }
    return {
        f"contentroutes.{model}_{role}": [
            f"contentroutes.{permission}_{model}" for permission in permissions
        ]
        for role, permissions in granted.items()
    }
