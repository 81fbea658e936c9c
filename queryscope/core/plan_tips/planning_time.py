"""A query that takes longer to plan than to execute.

    Planning Time: 48 ms, Execution Time: 3 ms

Why it hurts: the planner weighs all orders of the joins and every partition, each time anew.

Instead of:
    select_related() through ten tables, partitions that no condition leaves out
use:
    prefetch_related() for some of the relations     several small queries
    a condition on the column of the partitions
    "OPTIONS": {"server_side_binding": True, "prepare_threshold": 5}      plans that are kept

It counts when planning took 10 ms and more than the execution. Silent: the first query of a
connection, whose planning is slow since it reads the catalogue: ask again to be sure.
"""

from __future__ import annotations

from collections.abc import Iterable

from .figures import counted, milliseconds, number
from .tip import MANY_MS, Context, Tip

NAME = "planning-time"

#: Catalogue pages read from outside of memory: then it is the first time that anybody plans this.
_COLD_PAGES = 50
_MANY_TABLES = 8


def tips(context: Context) -> Iterable[Tip]:
    """Compare planning with execution."""
    plan = context.plan
    planning, execution = number(plan.planning_ms), number(plan.execution_ms)
    cold = plan.planning_buffers is not None and plan.planning_buffers.shared_read >= _COLD_PAGES
    if plan.execution_ms is None or planning < MANY_MS or planning <= execution or cold:
        return
    message = f"takes {milliseconds(planning)} to plan and {milliseconds(execution)} to execute"
    yield Tip(NAME, 0, message, _hint(context), planning)


def _hint(context: Context) -> str:
    partitions = sum(
        len(children)
        for node, children in zip(context.nodes, context.children, strict=True)
        if node.kind in ("Append", "MergeAppend")
    )
    scans = sum(node.relation is not None for node in context.nodes)
    kept = (
        'let the connection keep its plans: "OPTIONS": {"server_side_binding": True, '
        '"prepare_threshold": 5}'
    )
    if partitions >= _MANY_TABLES:
        parts = counted(partitions, "part")
        return f"Its {parts} are planned one by one: filter by the partitions' column, or {kept}."
    if scans >= _MANY_TABLES:
        found = counted(scans, "table")
        return f"It joins {found}: fetch some of them by prefetch_related(), or {kept}."
    return f"Run it again: the first plan of a connection is slow; if it stays so, {kept}."
