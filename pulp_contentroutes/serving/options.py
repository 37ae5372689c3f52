"""The settings of the fast path, as one value; app/edge/fast_path.py fills it from Pulp's."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """Each field is the setting `CONTENTROUTES_<FIELD>` of `app.settings_table`."""

    max_path_bytes: int
    max_ranges: int
    cached_distributions: int
    cached_routes: int
    cached_paths: int
    cached_path_bytes: int
    open_files: int
    stale_if_error: float
    failed_logins: int
    hide_refusals: bool
    trusted_proxies: Sequence[str]
    debug_header: bool
