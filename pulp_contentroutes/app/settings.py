"""Our settings for Pulp (dynaconf): the administrator's settings file and environment win.

See https://pulpproject.org/pulpcore/docs/dev/learn/plugin-concepts/; values are read at start-up.
"""

from pulp_contentroutes.app.settings_table import SETTINGS

# dynaconf takes every name in capital letters that this module has.
globals().update({setting.name: setting.default for setting in SETTINGS})

# API tokens work wherever Pulp authenticates. Our class must come before Pulp's Basic, which would
# try a token as a password; "unique" keeps the order of this list, and appends nothing twice.
REST_FRAMEWORK = {
    "dynaconf_merge": True,
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "pulp_contentroutes.app.access.authentication.ApiTokenAuthentication",
        "pulpcore.app.authentication.BasicAuthentication",
        "rest_framework.authentication.SessionAuthentication",
        "dynaconf_merge_unique",
    ],
}
