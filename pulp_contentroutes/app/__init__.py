"""The Django side: the modules that pulpcore discovers by name."""

from django.db.models.signals import post_migrate, pre_migrate
from pulpcore.plugin import PulpPluginAppConfig


class PulpContentroutesPluginAppConfig(PulpPluginAppConfig):
    """The plugin's name in Pulp: table prefix, permission prefix and status component."""

    name = "pulp_contentroutes.app"
    label = "contentroutes"
    version = "0.1.0"
    python_package_name = "pulp-contentroutes"
    domain_compatible = True

    def ready(self) -> None:
        super().ready()
        from pulp_contentroutes.app import checks  # noqa: F401  registers the deploy checks
        from pulp_contentroutes.app.downgrades import refuse_losses
        from pulp_contentroutes.app.optional_triggers import watch

        pre_migrate.connect(refuse_losses, sender=self, dispatch_uid="contentroutes_refuse_losses")
        post_migrate.connect(watch, sender=self, dispatch_uid="contentroutes_watch")
