"""Deploy checks (`pulpcore-manager check --deploy`): one id per fault, listed in docs/checks.md."""

from importlib import import_module

from django.conf import settings
from django.core.checks import Error, register

from pulp_contentroutes.paths import CONTENT_PREFIX, GALAXY_PREFIX

#: What app/content.py needs and pulpcore would not report when it is missing.
REQUIRED_MODULES = ("asyncpg", "aiohttp", "yarl")


@register(deploy=True)
def check_required_modules(app_configs, **kwargs):
    """E001: the content app would run without our routes, with one log line to say so."""
    for module in REQUIRED_MODULES:
        try:
            import_module(module)
        except ImportError as error:
            yield Error(
                f"The library '{module}' cannot be imported: {error}",
                hint="Run 'pip install pulp-contentroutes' in Pulp's environment.",
                id="contentroutes.E001",
            )


@register(deploy=True)
def check_prefixes(app_configs, **kwargs):
    """E002: one of Pulp's own URL prefixes lies inside one of ours, or is the same."""
    for name in ("CONTENT_PATH_PREFIX", "API_ROOT"):
        value = getattr(settings, name)
        for prefix in (CONTENT_PREFIX, GALAXY_PREFIX):
            if value.startswith(prefix):
                yield Error(
                    f"The setting {name} is '{value}', below '{prefix}' of pulp_contentroutes: "
                    "one of the two cannot be reached.",
                    hint=f"Choose another {name}.",
                    id="contentroutes.E002",
                )


@register(deploy=True)
def check_max_path_bytes(app_configs, **kwargs):
    """E003: a bound that is no number of bytes."""
    value = settings.CONTENTROUTES_MAX_PATH_BYTES
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        yield Error(
            f"The setting CONTENTROUTES_MAX_PATH_BYTES is {value!r}, not a positive whole number.",
            hint="Remove it to get the default, 4096.",
            id="contentroutes.E003",
        )
