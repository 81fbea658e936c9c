"""How much a scan reads and keeps, measured or estimated."""

from __future__ import annotations

from dataclasses import dataclass

from .figures import counted, number, share
from .reading import select_of
from .tip import MANY_ROWS, Context

#: A planner prefers an index for up to about a tenth of the rows; more are read faster in order.
SELECTIVE = 0.1
_SEQUENTIAL = frozenset({"Seq Scan", "SCAN"})
#: They read all that is below before they give their first row.
_BLOCKING = frozenset({"Sort", "Aggregate", "Hash", "SetOp"})
_BY_INDEX = frozenset({"Index Scan", "Index Only Scan", "Bitmap Heap Scan"})


@dataclass(frozen=True, slots=True)
class Reading:
    """Rows of all loops together. ``sequential`` tells that no index chose them, ``kept`` is None
    where nobody knows (SQLite)."""

    sequential: bool
    read: float
    kept: float | None
    loops: float
    measured: bool
    cost_ms: float | None


def reading(context: Context, position: int) -> Reading | None:
    """What a scan of a table did or is expected to do; None for other nodes and where that is not
    known."""
    node = context.nodes[position]
    if not node.relation or node.kind not in _SEQUENTIAL | _BY_INDEX:
        return None
    sequential = node.kind in _SEQUENTIAL
    if context.was_run(position):
        kept = number(node.rows)
        removed = number(node.rows_removed)
        return Reading(sequential, kept + removed, kept, number(node.loops), True, node.self_ms)
    table = context.table(position)
    # SQLite says nothing of rows, and by an index only the planner knows how many it visits.
    if context.plan.analyzed or not sequential or table is None:
        return None
    if may_stop_early(context, position):
        return None
    return Reading(sequential, table.rows, node.rows_estimated, 1.0, False, None)


def discards(scan: Reading) -> bool:
    """Whether it reads many rows and keeps few of them, as far as is known."""
    return scan.read >= MANY_ROWS and (scan.kept or 0.0) <= scan.read * SELECTIVE


def read_and_kept(context: Context, position: int, scan: Reading) -> str:
    """``reads 200,000 rows of task and keeps 200 rows (99.9 % thrown away)``."""
    table = context.relation(position)
    if scan.kept is None:
        return f"reads all {counted(scan.read, 'row')} of {table}"
    reads, keeps = ("reads", "keeps") if scan.measured else ("is expected to read", "keep")
    # The processes of a parallel scan share one reading of the table.
    alone = not context.nodes[position].details.get("Parallel Aware")
    times = f" in {counted(scan.loops, 'loop')}" if scan.loops > 1 and alone else ""
    return (
        f"{reads} {counted(scan.read, 'row')} of {table}{times} and {keeps} "
        f"{counted(scan.kept, 'row')} ({share(scan.read - scan.kept, scan.read)} thrown away)"
    )


def may_stop_early(context: Context, position: int) -> bool:
    """Whether a step above, such as LIMIT, may not ask for all rows of a node."""
    if context.is_sqlite:
        return _is_limited_on_sqlite(context, position)
    below = position
    for above in context.ancestors(position):
        node = context.nodes[above]
        if node.kind in ("Limit", "Merge Join", "LockRows"):
            return True
        if node.join_type in ("Semi", "Anti", "Right Semi", "Right Anti"):
            return True
        if context.nodes[below].relationship in ("sub-plan", "init-plan"):
            return True
        if node.kind in ("Hash Join", "Nested Loop") and _has_empty_side(context, above):
            return True
        if node.kind in _BLOCKING:
            return False
        below = above
    return False


def _has_empty_side(context: Context, join: int) -> bool:
    """Whether one side brought nothing, so that the other one need not be read."""
    sides = (context.nodes[side] for side in context.children[join])
    return any(side.rows == 0 for side in sides)


def _is_limited_on_sqlite(context: Context, position: int) -> bool:
    """Its plans do not show LIMIT, but sorts beside the scans, which read all rows before."""
    node, parent = context.nodes[position], context.parents[position]
    select = select_of(context.tree, node.alias or node.relation or "")
    beside = context.children[parent] if parent is not None else ()
    sorted_ = any(context.nodes[other].kind == "USE TEMP B-TREE" for other in beside)
    return select is not None and bool(select.args.get("limit")) and not sorted_
