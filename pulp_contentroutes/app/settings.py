"""Defaults of the plugin's settings; the administrator's settings file and environment win.

See https://pulpproject.org/pulpcore/docs/dev/learn/plugin-concepts/ (dynaconf); values are read at
start-up, and README.md lists them.
"""

# Longest path, in bytes as sent, that the content route looks up; a longer one is answered 414.
# 4096 is PATH_MAX on Linux. aiohttp ends a request line at 8190 bytes whatever stands here.
CONTENTROUTES_MAX_PATH_BYTES = 4096

# Whether what is stored is answered by the fast path, without Pulp's handler.
CONTENTROUTES_FAST_PATH = True

# Whether the fast path also answers below Pulp's own CONTENT_PATH_PREFIX.
CONTENTROUTES_ACCELERATE_CONTENT_PREFIX = True

# How many distributions' plans each content worker keeps in memory (about 3.5 KB each).
CONTENTROUTES_CACHED_DISTRIBUTIONS = 4000

# How many resolved paths each content worker keeps in memory, and in how many bytes. Paths that
# do not exist get a quarter of the bytes on top.
CONTENTROUTES_CACHED_PATHS = 100000
CONTENTROUTES_CACHED_PATH_BYTES = 25165824

# How many artifacts each content worker keeps open.
CONTENTROUTES_OPEN_FILES = 256

# How many connections to PostgreSQL each content worker may have, beside Django's and the one that
# listens for changes.
CONTENTROUTES_DATABASE_CONNECTIONS = 4

# After how many seconds without an answer of PostgreSQL Pulp's own handler is asked.
CONTENTROUTES_DATABASE_TIMEOUT = 5.0

# For how many seconds public content in memory is still served when PostgreSQL is down.
CONTENTROUTES_STALE_IF_ERROR = 60.0

# How many ranges one request may ask for; with more it gets the whole file.
CONTENTROUTES_MAX_RANGES = 200

# Whether a client that a guard refuses is told 404, as if there were nothing, and never 401 or 403.
CONTENTROUTES_HIDE_REFUSALS = False

# How many wrong credentials for guarded content a client address may send to a content worker in a
# minute; after that passwords from it are not tried, but answered 429. 0 for no limit.
CONTENTROUTES_FAILED_LOGINS = 30

# The addresses or networks of the reverse proxies whose X-Forwarded-For is believed; or Forwarded,
# where there is no X-Forwarded-For.
CONTENTROUTES_TRUSTED_PROXIES = ["127.0.0.0/8", "::1"]

# How large a published tarball may be, in bytes; and how large when it is unpacked, in bytes and in
# members. The web server in front limits uploads, too: see webserver_snippets.
CONTENTROUTES_COLLECTION_MAX_BYTES = 536870912
CONTENTROUTES_COLLECTION_MAX_UNPACKED_BYTES = 1073741824
CONTENTROUTES_COLLECTION_MAX_MEMBERS = 100000

# API tokens, wherever Pulp authenticates. Ours must come before Pulp's Basic, which would try a
# token as a password; "unique" keeps the order of this list, and appends nothing twice.
REST_FRAMEWORK = {
    "dynaconf_merge": True,
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "pulp_contentroutes.app.authentication.ApiTokenAuthentication",
        "pulpcore.app.authentication.BasicAuthentication",
        "rest_framework.authentication.SessionAuthentication",
        "dynaconf_merge_unique",
    ],
}
