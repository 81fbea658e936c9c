"""Everything sorted for the first page, which an index in that order would just begin to read.

    Task.objects.filter(project_id=7).order_by("-created_at")[:20]

Why it hurts: all rows that match are read and compared to find the twenty; the next page does it
all again.

Instead of:
    models.Index(fields=["project"], name="task_project_idx")
use:
    models.Index(fields=["project", "created_at"], name="task_project_created_at_idx")

Columns compared by equality come first, then those of the order. One direction serves both: an
index is read from either end, and only mixed directions need their own.

A sort counts when 10,000 rows go into it, or 5,000 that an index picked one by one.
Silent: orders over expressions, over columns of several tables or with NULLS FIRST or LAST other
than the database's own; filters that would make the index pass by most rows (sequential-scan
speaks of those); indexes that are there already.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..indexes import IndexDefinition
from .conditions import Condition, conditions
from .figures import counted, number
from .indexing import create, index_for, is_limited, keeps_order, wanted_order
from .scans import SELECTIVE, Reading, reading
from .tip import MANY_ROWS, Context, Tip

NAME = "top-n-sort"

#: A join that keeps fewer of the rows would have the index pass by too many.
_JOIN_KEEPS = 0.5
#: What an index found lies here and there, if seldom a page for each row.
_MANY_PICKED = MANY_ROWS / 2
_FIELDS = ("Filter", "Index Cond", "Recheck Cond")


def tips(context: Context) -> Iterable[Tip]:
    """Speak of sorts of which only the first rows are taken."""
    for position in range(len(context.nodes)):
        found = _scan_below(context, position)
        if found is None:
            continue
        scan, rows = found
        index = _index(context, scan, rows)
        if index is None:
            continue
        measured = context.was_run(position)
        table = context.relation(scan)
        message = (
            f"sorts {'' if measured else 'an expected '}{counted(rows, 'row')} of {table} for the "
            f"first of them"
        )
        hint = f"An index in this order gives them without a sort: {create(context, index)}"
        cost = _cost_ms(context, position, scan)
        yield Tip(NAME, position, message, hint, cost)


def _scan_below(context: Context, position: int) -> tuple[int, float] | None:
    """The scan whose rows are sorted, and how many those are."""
    node = context.nodes[position]
    if context.is_sqlite:
        return _sqlite_scan(context, position)
    if node.kind != "Sort" or not context.children[position] or not is_limited(context, position):
        return None
    below = context.children[position][0]
    given = context.nodes[below]
    rows = number(given.rows if context.was_run(position) else given.rows_estimated)
    while context.children[below] and reading(context, below) is None:
        if not context.nodes[below].kind.startswith(("Nested", "Hash Join", "Gather", "Result")):
            return None
        below = context.children[below][0]
    scan = reading(context, below)
    many = MANY_ROWS if scan is None or scan.sequential else _MANY_PICKED
    return (below, rows) if rows >= many else None


def _sqlite_scan(context: Context, position: int) -> tuple[int, float] | None:
    """Its plans have the sort beside the scans, at the end of what it sorts."""
    node = context.nodes[position]
    # With "LAST 2 TERMS OF ORDER BY" an index gives most of the order already.
    if node.kind != "USE TEMP B-TREE" or node.details.get("Purpose") != "ORDER BY":
        return None
    parent = context.parents[position]
    beside = context.children[parent] if parent is not None else ()
    scans = [other for other in beside if context.nodes[other].relation]
    if len(scans) != 1:
        return None
    scan = reading(context, scans[0])
    return (scans[0], scan.read) if scan is not None and scan.read >= MANY_ROWS else None


def _index(context: Context, position: int, rows: float) -> IndexDefinition | None:
    scan = reading(context, position)
    order = wanted_order(context, position)
    if scan is None or not order:
        return None
    asked = conditions(context, position, *_FIELDS)
    fields = set(_FIELDS) & set(context.nodes[position].conditions)
    if fields and not asked:
        return None
    if scan.kept and rows < scan.kept * _JOIN_KEEPS:
        return None
    useful = [condition for condition in asked if keeps_order([condition], order)]
    if len(useful) < len(asked) and not _keeps_most(context, position, scan, asked):
        return None
    return index_for(context, position, useful, order)


def _keeps_most(
    context: Context, position: int, scan: Reading, asked: tuple[Condition, ...]
) -> bool:
    """Whether the rows asked for are many enough to be met soon on a walk through the index."""
    table = context.table(position)
    whole = scan.read if scan.sequential else table.rows if table is not None else 0.0
    return scan.kept is not None and 0 < whole * SELECTIVE <= scan.kept


def _cost_ms(context: Context, position: int, scan: int) -> float | None:
    """The sort and the scan that feeds it."""
    times = context.nodes[position].self_ms, context.nodes[scan].self_ms
    return sum(time or 0.0 for time in times) if context.was_run(position) else None
