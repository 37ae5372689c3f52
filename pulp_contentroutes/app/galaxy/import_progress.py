"""The progress of a group of imports, as Pulp shows it: the number done, and the refused files."""

from django.db.models import F
from pulpcore.plugin.models import GroupProgressReport, TaskGroup

_IMPORTS = "contentroutes.imports"
_REFUSED = "contentroutes.refused:"


def start(group: TaskGroup, total: int) -> None:
    GroupProgressReport.objects.create(
        task_group=group, code=_IMPORTS, message="Importing collections", total=total
    )


def count_done(group: TaskGroup) -> None:
    group.group_progress_reports.filter(code=_IMPORTS).update(done=F("done") + 1)


def name_refused(group: TaskGroup, filename: str, sentence: str) -> None:
    GroupProgressReport.objects.update_or_create(
        task_group=group,
        code=f"{_REFUSED}{filename}",
        defaults={"message": f"{filename}: {sentence}", "total": 1, "done": 1},
    )


def refused_in(group: TaskGroup) -> dict[str, str]:
    """Return the sentences about the refused files, by file name."""
    reports = group.group_progress_reports.filter(code__startswith=_REFUSED)
    named = (
        (code.removeprefix(_REFUSED), message)
        for code, message in reports.values_list("code", "message")
    )
    return {filename: message.removeprefix(f"{filename}: ") for filename, message in named}
