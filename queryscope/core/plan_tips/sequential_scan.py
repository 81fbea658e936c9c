"""A table read from end to end for the few rows that are asked for.

    Task.objects.filter(project_id=7, status="done")     199,800 of 200,000 rows thrown away

Why it hurts: the work grows with the table, not with the answer, and every run pushes other
tables' pages out of memory.

Instead of:
    class Meta: indexes = []
use:
    models.Index(fields=["project", "status"], name="task_project_status_idx")

A scan counts when it read 10,000 rows (what a server goes through in about a millisecond) and
threw nine tenths of them away: with more to keep an index would not be used. Without ANALYZE the
table's size comes from its statistics.

Silent: small tables, scans that keep what they read, conditions that no index answers
(non-sargable, or-across-columns), and where an index that would do is there but not used.
"""

from __future__ import annotations

from collections.abc import Iterable

from .conditions import Condition
from .indexing import create, index_for, wanted_order
from .remedies import Answer, remedy
from .scans import discards, read_and_kept, reading
from .tip import Context, Tip

NAME = "sequential-scan"


def tips(context: Context) -> Iterable[Tip]:
    """Speak of each scan that discards most of what it reads."""
    for position in range(len(context.nodes)):
        scan = reading(context, position)
        if scan is None or not scan.sequential or not discards(scan):
            continue
        hint = _hint(context, position, remedy(context, position))
        if hint:
            yield Tip(NAME, position, read_and_kept(context, position, scan), hint, scan.cost_ms)


def _hint(context: Context, position: int, answer: Answer) -> str:
    if answer.remedy == "index":
        order = wanted_order(context, position)
        index = index_for(context, position, answer.conditions, order)
        return f"Index what it asks for: {create(context, index)}" if index is not None else ""
    if answer.remedy != "partial":
        return ""
    column = answer.conditions[0].column
    wanted = Condition("list", answer.conditions[0].tree, (column,))
    index = index_for(context, position, [wanted])
    also = f", with an index: {create(context, index)}" if index is not None else "."
    return f"No index answers <>. Ask for the values that are wanted, {column}__in=[...]{also}"
