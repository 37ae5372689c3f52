"""Pulp 3 plugin: any Pulp content, at any URL."""

# pulpcore's name: its entry point loads this string, the dotted path of our AppConfig.
default_app_config = "pulp_contentroutes.app.PulpContentroutesPluginAppConfig"
