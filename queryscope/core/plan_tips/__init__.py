"""What steps of plans suggest. One file a tip; the order is how useful they are for one node.

A tip is a module with ``NAME`` (kebab-case), a docstring that is its documentation, and
``tips(context) -> Iterable[Tip]``, a pure function.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from types import ModuleType

from . import (
    cache_misses,
    deep_offset,
    disk_sort,
    exact_count,
    heap_fetches,
    index_filter,
    jit_overhead,
    lossy_bitmap,
    missing_workers,
    nested_loop_scan,
    non_sargable,
    or_across_columns,
    planning_time,
    row_misestimate,
    sequential_scan,
    subplan_per_row,
    top_n_sort,
    trigger_time,
    wide_rows,
)
from .tip import Context, Tip

__all__ = ["NAMES", "PLAN_TIPS", "Context", "Tip", "tips_for"]

PLAN_TIPS: tuple[ModuleType, ...] = (
    deep_offset,
    subplan_per_row,
    nested_loop_scan,
    non_sargable,
    or_across_columns,
    sequential_scan,
    index_filter,
    top_n_sort,
    row_misestimate,
    exact_count,
    disk_sort,
    lossy_bitmap,
    heap_fetches,
    wide_rows,
    trigger_time,
    jit_overhead,
    planning_time,
    missing_workers,
    cache_misses,
)
NAMES: tuple[str, ...] = tuple(tip.NAME for tip in PLAN_TIPS)

_PART = re.compile(r"_\d+$")
#: Tips that say how rows, or their pages, need not be read at all.
_SPARES_READING = frozenset(
    {nested_loop_scan.NAME, non_sargable.NAME, or_across_columns.NAME, sequential_scan.NAME}
)
_SPARES_PAGES = _SPARES_READING | {index_filter.NAME, wide_rows.NAME}


def tips_for(context: Context) -> tuple[Tip, ...]:
    """All tips on a plan: nodes that explain the most time first, in each the most useful one."""
    found = [tip for module in PLAN_TIPS for tip in module.tips(context)]
    found = _without_superseded(_one_of_partitions(context, found))
    costs: dict[int, float] = {}
    for tip in found:
        costs[tip.node] = max(costs.get(tip.node, 0.0), tip.cost_ms or 0.0)
    return tuple(sorted(found, key=lambda tip: (-costs[tip.node], tip.node)))


def _without_superseded(found: Iterable[Tip]) -> list[Tip]:
    """Of a node, what is left to do once its more useful tips are followed."""
    kept: list[Tip] = []
    for tip in found:
        before = {other.name for other in kept if other.node == tip.node}
        if not before & _MAKES_NEEDLESS.get(tip.name, frozenset()):
            kept.append(tip)
    return kept


#: What another tip on the same node settles as well: an index on an expression brings statistics
#: of it, pages that are not read need no cache.
_MAKES_NEEDLESS: dict[str, frozenset[str]] = {
    **dict.fromkeys(_SPARES_READING, _SPARES_READING),
    row_misestimate.NAME: frozenset({non_sargable.NAME}),
    wide_rows.NAME: _SPARES_READING,
    cache_misses.NAME: _SPARES_PAGES,
}


def _one_of_partitions(context: Context, found: Iterable[Tip]) -> list[Tip]:
    """Of the same tip on the parts of one table, that which explains the most time."""
    best: dict[tuple[str, int, str], Tip] = {}
    for tip in found:
        parent = context.parents[tip.node]
        key: tuple[str, int, str] = (tip.name, -1 - tip.node, "")
        if parent is not None and context.nodes[parent].kind in ("Append", "MergeAppend"):
            # PostgreSQL calls the parts of a table by its alias with a number.
            key = (tip.name, parent, _PART.sub("", context.nodes[tip.node].alias or ""))
        kept = best.get(key)
        if kept is None or (tip.cost_ms or 0.0) > (kept.cost_ms or 0.0):
            best[key] = tip
    return list(best.values())
