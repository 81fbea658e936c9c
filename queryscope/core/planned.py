"""Findings of what plans show: the same for each detector that plans feed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .detection import Case, Detection
from .events import QueryGroup, Trace
from .explained import STEP, Explained
from .findings import Finding
from .plans import PlanNode
from .schema import Table
from .sightings import Location

if TYPE_CHECKING:
    from .plan_tips import Tip

#: From this part of the query's time on it is the whole reason why the query is slow.
_MAIN = 0.5
#: Tips that are findings of their own.
TOLD_ALONE = frozenset({"non-sargable", "deep-offset", "disk-sort", "row-misestimate"})
#: Rows from which a wrong plan matters.
_MANY_ROWS = 10_000
#: Share of the rows that may change until statistics say little; autovacuum waits for a tenth.
_CHANGED = 0.2
#: How far the planner's guess must be off.
_OFF = 3.0


def tipped(
    case: Case, name: str, but: Callable[[Explained, Tip], bool] = lambda explained, tip: False
) -> Iterator[Detection]:
    """One finding for each query and place to whose plan a tip of this name belongs and matters."""
    for group in case.trace.groups:
        explained = case.explained(group)
        if explained is None:
            continue
        tips = [t for t in explained.tips if t.name == name and not but(explained, t)]
        tip = max(tips, key=lambda tip: tip.cost_ms or 0.0, default=None)
        if tip is None or not matters(case, group, tip.cost_ms):
            continue
        finding = finding_of(
            name,
            case.trace,
            group,
            message=f"A query {tip.message}",
            hint=tip.hint,
            confidence="certain" if explained.plan and explained.plan.analyzed else "likely",
            saves_ms=saved_ms(group, tip.cost_ms),
        )
        yield Detection(finding, frozenset())


def matters(case: Case, group: QueryGroup, cost_ms: float | None) -> bool:
    """Whether what a step takes is worth telling; where it was not measured, whether the query is
    slow."""
    limit = case.options.slow_query_ms
    if cost_ms is None:
        return group.slowest_ms >= limit
    return cost_ms >= STEP * limit


def main_tip(group: QueryGroup, explained: Explained | None) -> Tip | None:
    """The tip that explains most of the time of a run; None where none does."""
    if explained is None or explained.plan is None:
        return None
    best = max(explained.tips, key=lambda tip: tip.cost_ms or 0.0, default=None)
    took = explained.plan.execution_ms or group.duration_ms / group.count
    return best if best is not None and (best.cost_ms or 0.0) >= _MAIN * took else None


def is_told(case: Case, group: QueryGroup) -> bool:
    """Whether most of what makes a query slow is a finding of its own."""
    tip = main_tip(group, case.explained(group))
    return tip is not None and tip.name in TOLD_ALONE and matters(case, group, tip.cost_ms)


def misjudged(explained: Explained) -> dict[str, Table]:
    """The tables of whose rows the planner has a wrong idea, since its statistics are old."""
    tables = explained.schema.tables if explained.schema is not None else {}
    if explained.plan is None or not explained.plan.analyzed:
        return {}
    found = {}
    for node in explained.plan.root.walk():
        table = tables.get(node.relation or "")
        if table is not None and _is_stale(table, node) and _is_off(node):
            found[table.name] = table
    return found


def is_misjudged(explained: Explained, tip: Tip) -> bool:
    """Whether what a tip speaks of comes from a table with old statistics."""
    tables = misjudged(explained)
    if not tables or explained.plan is None:
        return False
    nodes = list(explained.plan.root.walk())
    return any(node.relation in tables for node in nodes[tip.node].walk())


def _is_stale(table: Table, node: PlanNode) -> bool:
    rows = max(table.rows, (node.rows or 0.0) + node.rows_removed)
    if rows < _MANY_ROWS:
        return False
    return not table.analyzed or (table.modified or 0) > _CHANGED * rows


def _is_off(node: PlanNode) -> bool:
    if not node.loops or node.rows is None or node.rows_estimated is None:
        return False
    guess, seen = max(node.rows_estimated, 1.0), max(node.rows, 1.0)
    return max(guess / seen, seen / guess) >= _OFF


def saved_ms(group: QueryGroup, cost_ms: float | None) -> float:
    """What would be saved in all runs, at most all of their time."""
    return min((cost_ms or 0.0) * group.count, group.duration_ms)


def finding_of(name: str, trace: Trace, group: QueryGroup, **told: Any) -> Finding:
    """A finding about one query; ``told`` are its message, hint and what is not the usual."""
    usual: dict[str, Any] = {
        "detector": name,
        "severity": "warning",
        "confidence": "certain",
        "endpoint": trace.name,
        "request": trace.request,
        "location": group.location,
        "origin": origin(trace, group),
        "template": group.template,
        "model": group.model,
        "relation": None,
        "tables": group.tables,
        "fingerprint": group.fingerprint,
        "digest": group.digest,
        "count": group.count,
        "duration_ms": group.duration_ms,
    }
    return Finding(**{**usual, **told})


def origin(trace: Trace, group: QueryGroup) -> Location | None:
    """Where the queryset is built, unless its rows were reached from others."""
    for source in trace.sources:
        if source.group is not None and trace.groups[source.group] is group:
            return source.location if source.relation is None else None
    return None
