"""The groups of measurements: each is one table, and one name for `--only`."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.benchmarks.contenders import Contender, Plan
from tests.benchmarks.groups import files, growth, guarded, missing, mounts, plugins
from tests.benchmarks.mounts import MANY
from tests.benchmarks.results import BYTES, P50, P99, REQUESTS, Metric
from tests.benchmarks.site import Site


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    #: The metric that the ratios of its table compare.
    metric: Metric
    contenders: Callable[[Site, Plan], list[Contender]]


GROUPS = {
    "4kib": Group("A file of 4 KiB, 32 connections (stock: 8)", REQUESTS, files.small),
    "1mib": Group("A file of 1 MiB, 8 connections", BYTES, files.one_mebibyte),
    "100mib": Group("A file of 100 MiB, 4 connections", BYTES, files.hundred_mebibytes),
    "missing": Group(
        "404s, every path different, 32 connections (stock: 8)", REQUESTS, missing.contenders
    ),
    "honest": Group("Honest clients of a 4 KiB file, by their p99", P99, missing.honest),
    "guarded": Group("A guarded file of 4 KiB", REQUESTS, guarded.contenders),
    "plugins": Group(
        "A package file of each plugin, 32 connections (stock, after asking, path index: 8)",
        REQUESTS,
        plugins.contenders,
    ),
    "mounts": Group("A file of 4 KiB by a content route, 32 connections", REQUESTS, mounts.few),
    "targets": Group("First requests of a group, one connection", P50, mounts.targets),
    "mounts-many": Group(
        f"A file of 4 KiB beside {MANY:,} content routes, 32 connections", REQUESTS, mounts.many
    ),
    "growth": Group("Growth of a repository version, one connection", P50, growth.contenders),
}
