"""Rows found by an index and thrown away afterwards, which a longer index would not have found.

    Task.objects.filter(project_id=7, status="failed")       Index Cond: project_id, Filter: status

Why it hurts: each row that the index finds is a visit to another page of the table, ten times as
dear as reading on; the index ends one column too early.

Instead of:
    models.Index(fields=["project"], name="task_project_idx")
use:
    models.Index(fields=["project", "status"], name="task_project_status_idx")

A scan counts when it visited 1,000 rows in vain and these are four fifths or more of all.

Silent: without ANALYZE (only a run tells how many were thrown away), filters that no index
answers, conditions of the index other than plain comparisons, and where the longer index exists.
"""

from __future__ import annotations

from collections.abc import Iterable

from .conditions import SARGABLE, conditions
from .figures import counted, share
from .indexing import create, index_for, wanted_order
from .remedies import remedy
from .scans import reading
from .tip import MANY_VISITS, Context, Tip

NAME = "index-filter"

#: With less thrown away a longer index would hardly be faster, and it is larger.
_IN_VAIN = 0.8


def tips(context: Context) -> Iterable[Tip]:
    """Speak of index scans whose filter discards most of what the index found."""
    for position, node in enumerate(context.nodes):
        scan = reading(context, position)
        if scan is None or scan.sequential or scan.kept is None:
            continue
        in_vain = scan.read - scan.kept
        if in_vain < MANY_VISITS or in_vain < scan.read * _IN_VAIN:
            continue
        statement = _index(context, position)
        if not statement:
            continue
        by = node.index or ", ".join(_indexes_below(context, position)) or "an index"
        message = (
            f"finds {counted(scan.read, 'row')} of {context.relation(position)} by {by} and throws "
            f"{counted(in_vain, 'row')} away ({share(in_vain, scan.read)})"
        )
        hint = f"A longer index finds only what is asked for: {statement}"
        yield Tip(NAME, position, message, hint, scan.cost_ms)


def _index(context: Context, position: int) -> str:
    answer = remedy(context, position)
    found_by = conditions(context, position, "Index Cond", "Recheck Cond")
    has_conditions = {"Index Cond", "Recheck Cond"} & set(context.nodes[position].conditions)
    readable = bool(found_by) or not has_conditions
    if answer.remedy != "index" or not readable:
        return ""
    # What a GIN or GiST index found is not found by a longer B-tree.
    if any(condition.kind not in SARGABLE for condition in (*found_by, *answer.conditions)):
        return ""
    order = wanted_order(context, position)
    index = index_for(context, position, (*found_by, *answer.conditions), order)
    return create(context, index) if index is not None else ""


def _indexes_below(context: Context, position: int) -> list[str]:
    return [index for below in context.below(position) if (index := context.nodes[below].index)]
