"""A subquery that is executed again for every row.

    Project.objects.annotate(done=Subquery(tasks.filter(project=OuterRef("pk")).values(...)))

Why it hurts: a query per row, hidden inside of one: the database is asked once and works a
thousand times.

Instead of:
    annotate(done=Subquery(... OuterRef("pk") ...)) over all rows
use:
    annotate(done=Count("task", filter=Q(task__status="done")))       one join, grouped once
    the page first, then the subquery for its rows:                   queryset[:20]
    an index on what the subquery compares with OuterRef()

A subquery counts when it ran 1,000 times and took a tenth of the time, or 10 ms and more.
Silent: subqueries that run once (InitPlan, hashed SubPlan), and without ANALYZE.
"""

from __future__ import annotations

from collections.abc import Iterable

from .figures import counted, milliseconds, number
from .tip import MANY_MS, MANY_VISITS, Context, Tip

NAME = "subplan-per-row"

_SHARE = 0.1
_HINT = (
    "Join and group once instead (annotate() with Count() or Sum() in place of "
    "Subquery(OuterRef())), or take the page of rows first and look up only its rows."
)


def tips(context: Context) -> Iterable[Tip]:
    """Speak of subplans that ran once for each row."""
    for position, node in enumerate(context.nodes):
        if node.relationship != "sub-plan" or not context.was_run(position):
            continue
        loops, took = number(node.loops), number(node.duration_ms)
        whole = number(context.plan.execution_ms)
        if loops < MANY_VISITS or took < min(MANY_MS, whole * _SHARE):
            continue
        name = node.subplan or "a subquery"
        message = f"{name} runs {counted(loops, 'time')}, {milliseconds(took)} together"
        yield Tip(NAME, position, message, _HINT, node.duration_ms)
