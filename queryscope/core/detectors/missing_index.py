"""An index that the workload wants: its queries read most of a table to find a few rows.

    Task.objects.filter(project=project, status="done")     a million rows read for forty

Why it hurts: the time grows with the table, not with what is asked for, and the pages that are read
push others out of memory.

Instead of:
    db_index=True on every field
use:
    class Meta:
        indexes = [models.Index(fields=["project", "status"], name="task_project_status_idx")]

`manage.py queryscope advise` finds them for all queries at once: one index that serves many is
better than one for each, what writes pay for it counts, and each is tried for real in a transaction
that is rolled back. --write-migrations writes the migrations.

Silent: in a single request, which does not know what the others want; small tables; indexes that
the planner does not take or that no query gains by.

To allow one: an entry of QUERYSCOPE["ALLOW"].
"""

from __future__ import annotations

from collections.abc import Iterable

from ..detection import Case, Detection

NAME = "missing-index"


def detect(case: Case) -> Iterable[Detection]:
    """None in one request: core.index_findings makes them of what the whole workload wants."""
    return ()
