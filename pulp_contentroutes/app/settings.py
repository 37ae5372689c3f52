"""Defaults of the plugin's settings; the administrator's settings file and environment win.

See https://pulpproject.org/pulpcore/docs/dev/learn/plugin-concepts/ (dynaconf); values are read at
start-up, and README.md lists them.
"""

# Longest path, in bytes as sent, that the content route looks up; a longer one is answered 414.
# 4096 is PATH_MAX on Linux. aiohttp ends a request line at 8190 bytes whatever stands here.
CONTENTROUTES_MAX_PATH_BYTES = 4096
