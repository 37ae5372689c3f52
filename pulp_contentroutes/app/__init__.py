"""The Django side: what pulpcore discovers by name."""

from pulpcore.plugin import PulpPluginAppConfig


class PulpContentroutesPluginAppConfig(PulpPluginAppConfig):
    """Names the plugin to Pulp: table prefix, permission prefix and status component."""

    name = "pulp_contentroutes.app"
    label = "contentroutes"
    version = "0.1.0"
    python_package_name = "pulp-contentroutes"
    domain_compatible = True

    def ready(self):
        super().ready()
        from pulp_contentroutes.app import checks  # noqa: F401  registers the deploy checks
