"""The tests of the suites that do not pass here, each with its reason. All others must."""

from dataclasses import dataclass
from typing import Final

from pulp_contentroutes import paths

#: The runs: with Pulp's own content app, and with ours on each prefix.
REFERENCE, PULP, OURS = "reference", "pulp", "ours"


@dataclass(frozen=True)
class Difference:
    """A test that fails because our answer differs from Pulp's on purpose."""

    test: str
    #: The first cell of its row of docs/differences.md.
    row: str
    #: A part of the failure, so that it does not fail for another reason.
    says: str
    prefixes: tuple[str, ...] = (PULP, OURS)


@dataclass(frozen=True)
class NotHere:
    """A test that need not pass, as it does not always pass with Pulp's own content app, either."""

    test: str
    outcome: str
    reason: str
    runs: tuple[str, ...] = (REFERENCE, PULP, OURS)


_USING_PLUGIN = "pulpcore.using_plugin"
_VALIDATION = f"{_USING_PLUGIN}.test_cdn_cache_validation.TestFileSystemStorage"
_REDIRECT = f"{_USING_PLUGIN}.test_cdn_cache_validation.TestObjectStorageRedirect"

DIFFERENCES: Final = (
    Difference(
        f"{_VALIDATION}.test_a_current_copy_is_not_redownloaded",
        "`If-Modified-Since`, `If-Unmodified-Since`",
        "assert 200 == 304",
    ),
    Difference(
        f"{_VALIDATION}.test_authorization_runs_before_revalidation",
        "`Cache-Control` of content with a guard",
        "private",
    ),
    Difference(
        f"{_USING_PLUGIN}.test_contentguard.test_rbac_content_guard_full_workflow",
        "A guard that a password or token can satisfy refuses a client without credentials: RBAC, "
        "token, composite with one of them in it",
        # Its message needs the name of the client, which has no credentials.
        "'AnonymousUser' object has no attribute 'username'",
    ),
    Difference(
        f"{_USING_PLUGIN}.test_contentguard.test_composite_contentguard_permissions",
        "A guard refuses a known user, or no credentials can satisfy it",
        "in 'Forbidden'",
    ),
    Difference(
        # The test joins a URL that ends with a slash and a file's name with one more slash.
        f"{_USING_PLUGIN}.test_content_access.test_file_remote_on_demand",
        "A path with `..` or an empty segment (`//`)",
        paths.CONTENT_PREFIX,
        prefixes=(OURS,),
    ),
)

_REDIS = "needs Pulp's Redis cache, and is about its header X-PULP-CACHE"
_OBJECT_STORAGE = "needs object storage"
_ROUNDED = "wants no Last-Modified in the future, and aiohttp rounds a new file's time up"

NOT_HERE: Final = (
    NotHere(f"{_VALIDATION}.test_cache_still_honors_conditional_requests", "skipped", _REDIS),
    NotHere(f"{_USING_PLUGIN}.test_content_cache.test_cacheable_local_404", "xfailed", _REDIS),
    NotHere(f"{_USING_PLUGIN}.test_content_cache.test_full_workflow", "xfailed", _REDIS),
    NotHere(f"{_REDIRECT}.test_cold_request_without_if_modified_since", "skipped", _OBJECT_STORAGE),
    NotHere(f"{_REDIRECT}.test_cold_request_with_if_modified_since", "skipped", _OBJECT_STORAGE),
    NotHere("pulp_file.test_domains.test_content_promotion", "skipped", "needs domains"),
    NotHere("api.test_sync_optimization", "skipped", "skips itself, in every Pulp"),
    NotHere(
        f"{_USING_PLUGIN}.test_content_delivery.test_remote_content_changed_with_on_demand",
        "failed",
        "wants no byte of a wrong file to arrive before Pulp resets the connection; on loopback "
        "they do",
    ),
    *(
        NotHere(f"{_VALIDATION}.{test}", "failed", _ROUNDED, runs=(REFERENCE,))
        for test in (
            "test_a_current_copy_is_not_redownloaded",
            "test_authorization_runs_before_revalidation",
            "test_etag_revalidation",
        )
    ),
)
#: Reasons by pytest's id of the test.
NOT_RUN: Final = {
    "api/test_git_sync.py::test_git_sync_lfs": "asks a public Git server",
}
