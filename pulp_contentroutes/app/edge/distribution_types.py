"""The types of distributions, and how the fast path serves each: read from Python, once."""

import inspect
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, entry_points, version
from pkgutil import resolve_name
from typing import Final

from django.conf import settings
from packaging.specifiers import SpecifierSet
from pulpcore.plugin.models import Distribution, Repository

from pulp_contentroutes.app.edge.source_code import source_fingerprint
from pulp_contentroutes.serving.resolve.snapshots import DistributionTypes
from pulp_contentroutes.serving.types import ROUTES, RULES
from pulp_contentroutes.serving.types.rule import RouteRule, Rule, ServedType, TypeRule

log = logging.getLogger(__name__)

#: The hooks that a rule may describe.
_RULED_HOOKS: Final = (
    "content_handler",
    "content_handler_list_directory",
    "content_headers_for",
)
# Those that choose what is served: in pulpcore since 3.106, and since 3.109.
_CHOICE: Final = "get_repository_publication_and_version"
_SUPERSEDED: Final = "get_fallback_ca"
#: A class that overrides one of these answers requests in its own way.
_HOOKS: Final = (*_RULED_HOOKS, _CHOICE, _SUPERSEDED)
#: The types whose hooks answer every request themselves: asking them first would cost twice.
_ANSWERING: Final = frozenset({"core.artifact", "core.openpgp"})
#: The entry points by which other plugins declare rules: each is a TypeRule.
ENTRY_POINTS: Final = "pulp_contentroutes.types"


class RuleDoesNotApply(Exception):
    """`str(error)` says why a rule must not be used for the code that is installed."""


@dataclass(frozen=True, slots=True)
class TypeState:
    """How the fast path serves the distributions of one type."""

    pulp_type: str
    serves_publications: bool
    #: Whether the class answers requests as pulpcore's does.
    is_plain: bool
    #: The rule for its hooks, None without one.
    served: ServedType | None
    #: Whether its hooks can be asked for each request; a rule saves that.
    can_be_asked: bool
    #: For people: sentences.
    reason: str
    #: A sentence, if a rule for the type does not apply.
    warning: str | None = None

    @property
    def is_fast(self) -> bool:
        return self.is_plain or self.can_be_asked or self.served is not None


def distribution_types() -> DistributionTypes:
    """Return the types of every installed plugin."""
    # Types of repositories that choose their latest version themselves. Any distribution may serve
    # such a repository, but the SQL takes the last complete version.
    own = [
        name
        for name, model in Repository._pulp_model_map.items()
        if model.latest_version is not Repository.latest_version
        or model.alatest_version is not Repository.alatest_version
    ]
    if own:
        log.warning("The fast path serves nothing: %s chooses its latest version.", ", ".join(own))
    states = list(type_states())
    for state in states:
        if state.warning is not None:
            log.warning(state.warning)
    fast = [] if own else [state for state in states if state.is_fast]
    return DistributionTypes(
        publishing=frozenset(state.pulp_type for state in states if state.serves_publications),
        plain=frozenset(state.pulp_type for state in fast if state.is_plain),
        ruled={state.pulp_type: state.served for state in fast if state.served is not None},
        asked=frozenset(state.pulp_type for state in fast if state.can_be_asked),
        # An older handler does not serve them, even if the table is there already.
        retain_superseded=hasattr(Distribution, _SUPERSEDED)
        and settings.DISTRIBUTED_PUBLICATION_RETENTION_PERIOD > 0,
        chooses_as_before_3_106=not hasattr(Distribution, _CHOICE),
    )


def type_states() -> Iterator[TypeState]:
    """Yield the state of each type of the installed plugins."""
    rules = {rule.pulp_type: rule for rule in (*RULES, *_declared_rules())}
    for name, model in sorted(Distribution._pulp_model_map.items()):
        if model is Distribution:
            continue
        hooks = hooks_of(model)
        served = warning = None
        reason = "It has no hooks of its own."
        can_be_asked = bool(hooks) and _can_be_asked(model) and name not in _ANSWERING
        if hooks:
            listed = " and ".join(filter(None, [", ".join(hooks[:-1]), hooks[-1]]))
            reason = f"Only its plugin knows what {listed} answers."
        if can_be_asked:
            reason = "Its hooks are asked for each request."
        if hooks and name in rules:
            rule = rules[name]
            try:
                _check_code(rule, model)
                fresh = getattr(settings, rule.no_cache_setting) if rule.no_cache_setting else ()
                served = ServedType(
                    rule.may_answer, frozenset(fresh), frozenset(rule.labels), rule.publications
                )
                reason = "A rule knows what its hooks answer."
            except Exception as error:  # noqa: BLE001  a rule may be that of another plugin
                reason = f"{reason} The rule does not apply: {error}"
                warning = f"Distributions of the type {name} are served slowly: {error}"
        publishes = model.SERVE_FROM_PUBLICATION
        yield TypeState(name, publishes, not hooks, served, can_be_asked, reason, warning)


def _can_be_asked(model: type[Distribution]) -> bool:
    """Tell whether the class overrides only hooks that are called with a path, as pulpcore does."""
    hooks = [getattr(model, hook) for hook in hooks_of(model)]
    # pulp_hugging_face overrides one by a property.
    are_methods = all(map(inspect.isfunction, hooks))
    return (
        are_methods
        and set(_RULED_HOOKS).issuperset(hooks_of(model))
        and all(len(inspect.signature(hook).parameters) == 2 for hook in hooks)
    )


def hooks_of(model: type[Distribution]) -> list[str]:
    """Return the names of the hooks that the class of a type overrides."""
    return [
        hook
        for hook in _HOOKS
        if getattr(model, hook, None) is not getattr(Distribution, hook, None)
    ]


def fingerprint_of(model: type[Distribution], functions: tuple[str, ...] = ()) -> str:
    """Return the SHA-256 of the source of the hooks of a type, and of other functions.

    Raise OSError, ImportError or AttributeError if there is no source.
    """
    hooks = [getattr(model, hook) for hook in hooks_of(model)]
    return source_fingerprint([*hooks, *map(resolve_name, functions)])


def _check_code(rule: Rule, model: type[Distribution]) -> None:
    """Raise RuleDoesNotApply unless the code is installed that the rule was read from."""
    try:
        installed = version(rule.package)
    except PackageNotFoundError:
        raise RuleDoesNotApply(f"{rule.package} is not installed as a package.") from None
    if installed not in SpecifierSet(rule.versions, prereleases=True):
        raise RuleDoesNotApply(
            f"the rule was tested with {rule.package} {rule.versions}, and {installed} is "
            "installed."
        )
    try:
        is_known = fingerprint_of(model, rule.functions) == rule.fingerprint
    except (OSError, ImportError, AttributeError, TypeError):
        is_known = False
    if not is_known or not set(_RULED_HOOKS).issuperset(hooks_of(model)):
        raise RuleDoesNotApply(
            f"the source of {rule.package} {installed} differs from the one that it describes."
        )


@dataclass(frozen=True, slots=True)
class RouteState:
    """A route of an installed plugin, and a sentence if its rule does not apply."""

    rule: RouteRule
    warning: str | None


def route_states() -> Iterator[RouteState]:
    """Yield the state of each route with a rule."""
    for rule in ROUTES:
        model = Distribution._pulp_model_map.get(rule.pulp_type)
        if model is None:
            continue
        warning = None
        try:
            _check_code(rule, model)
        except RuleDoesNotApply as error:
            warning = f"Files below {rule.prefix} are served slowly: {error}"
        yield RouteState(rule, warning)


def route_rules() -> Iterator[RouteRule]:
    """Yield the rules for the routes of installed plugins."""
    for state in route_states():
        if state.warning is None:
            yield state.rule
        else:
            log.warning(state.warning)


def _declared_rules() -> Iterator[TypeRule]:
    """Yield the rules of other plugins."""
    for entry_point in entry_points(group=ENTRY_POINTS):
        try:
            rule = entry_point.load()
        except Exception:
            log.exception("The rule %s cannot be loaded, and is not used.", entry_point.value)
            continue
        if isinstance(rule, TypeRule):
            yield rule
        else:
            log.warning("%s is no TypeRule, and is not used.", entry_point.value)
