"""Where the time of a query goes, in a few words."""

from __future__ import annotations

from collections.abc import Callable

from .plans import Plan, PlanNode

_SCANS = ("Scan", "SCAN", "SEARCH")
_GROUPING = ("Aggregate", "Group", "Unique", "WindowAgg", "SetOp")


def dominating(plan: Plan) -> PlanNode | None:
    """The step that takes the most for itself, of the planner's cost where nothing ran; None where
    the plan gives neither.
    """
    weight: Callable[[PlanNode], float] = _time if plan.analyzed else _cost
    worst = max(plan.root.walk(), key=weight)
    return worst if weight(worst) else None


def _time(node: PlanNode) -> float:
    return node.self_ms or 0.0


def _cost(node: PlanNode) -> float:
    below = sum(child.total_cost or 0.0 for child in node.children)
    return max(0.0, (node.total_cost or 0.0) - below)


def in_words(node: PlanNode) -> str:
    """What a step does, as what follows "it": "reads 1,000,000 rows of task to keep 12"."""
    if node.relation and node.kind.endswith(_SCANS):
        return _scan(node)
    if node.kind in ("Insert", "Update", "Delete", "ModifyTable"):
        return f"writes rows of {node.relation}" if node.relation else "writes rows"
    if "Sort" in node.kind:
        return f"sorts {_rows(node)}"
    if node.kind.endswith(_GROUPING):
        read = sum(_count(child) for child in node.children)
        return f"goes through {_number(read)} rows to make {_number(_count(node))} of them"
    if node.kind in ("Nested Loop", "Hash Join", "Merge Join"):
        return _join(node)
    return f"spends most of its time in a step that the database calls {node.kind}"


def _scan(node: PlanNode) -> str:
    kept = _count(node)
    read = kept + node.rows_removed
    by = f" through {node.index}" if node.index else ""
    times = f" in {node.loops:,.0f} scans" if node.loops and node.loops > 1 else ""
    if node.rows is None and node.rows_estimated is None:
        return f"reads {node.relation}{by or ' from end to end'}"
    keeps = f" to keep {_number(kept)}" if node.rows_removed else ""
    return f"reads {_number(read)} {_noun(read)} of {node.relation}{by}{times}{keeps}"


def _join(node: PlanNode) -> str:
    tables = list(dict.fromkeys(n.relation for n in node.walk() if n.relation))
    names = f" of {' and '.join(tables)}" if len(tables) == 2 else ""
    removed = f", and discards {_number(node.rows_removed)}" if node.rows_removed else ""
    return f"joins rows{names} to {_rows(node)}{removed}"


def _rows(node: PlanNode) -> str:
    return f"{_number(_count(node))} {_noun(_count(node))}"


def _count(node: PlanNode) -> float:
    return (node.rows if node.rows is not None else node.rows_estimated) or 0.0


def _number(count: float) -> str:
    return f"{count:,.0f}"


def _noun(count: float) -> str:
    return "row" if round(count) == 1 else "rows"
