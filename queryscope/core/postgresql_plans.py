"""EXPLAIN (FORMAT JSON) of PostgreSQL 14 to 18 -> :class:`Plan`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .plan_accounting import BUFFER_KEYS, Account, accounts, buffers_of
from .plans import Plan, PlanNode, Relationship

Raw = Mapping[str, Any]

_RELATIONSHIPS: dict[str, Relationship] = {
    "Outer": "outer",
    "Inner": "inner",
    "Subquery": "subquery",
    "Member": "member",
    "InitPlan": "init-plan",
    "SubPlan": "sub-plan",
}
#: What has a field of its own, or is in one that is computed.
_TAKEN = {
    *("Node Type", "Relation Name", "Schema", "Alias", "Index Name", "Join Type", "Plans"),
    *("Startup Cost", "Total Cost", "Plan Rows", "Plan Width", "Sort Key"),
    *("Actual Rows", "Actual Loops", "Actual Total Time"),
    *BUFFER_KEYS.values(),
}
_TAKEN_OF_PLAN = {"Plan", "Planning Time", "Execution Time", "Settings", "Triggers", "JIT"}
_CONDITION = re.compile(r"(?:.* )?(?:Filter|Cond|Condition)|Order By")
#: How many rows of an inner loop a condition threw away: of one loop on average.
_REMOVED = ("Rows Removed by Filter", "Rows Removed by Join Filter")
#: Before PostgreSQL 17: "InitPlan 1 (returns $0)".
_RETURNS = re.compile(r" \(returns .*\)$")


def plan_of(document: Any) -> Plan:
    """The plan in what EXPLAIN returned: its text, or the list that the driver made of it.

    Raises ValueError where it holds no plan.
    """
    found = json.loads(document) if isinstance(document, (str, bytes)) else document
    whole = found[0] if isinstance(found, list) and found else found
    if not isinstance(whole, Mapping) or not isinstance(whole.get("Plan"), Mapping):
        raise ValueError("no plan in what EXPLAIN returned")
    root: Raw = whole["Plan"]
    settings = {name: str(value) for name, value in whole.get("Settings", {}).items()}
    planning = whole.get("Planning", {})
    return Plan(
        root=_node(root, accounts(root, settings)),
        vendor="postgresql",
        analyzed="Actual Loops" in root,
        planning_ms=whole.get("Planning Time"),
        execution_ms=whole.get("Execution Time"),
        planning_buffers=buffers_of(planning),
        settings=settings,
        triggers=tuple(whole.get("Triggers", ())),
        jit=whole.get("JIT"),
        details={key: value for key, value in whole.items() if key not in _TAKEN_OF_PLAN},
    )


def _node(raw: Raw, found: Mapping[int, Account]) -> PlanNode:
    account = found[id(raw)]
    relationship = _RELATIONSHIPS.get(raw.get("Parent Relationship", ""), "")
    subplan = raw.get("Subplan Name")
    conditions = {key: value for key, value in raw.items() if _is_condition(key, value)}
    taken = {*_TAKEN, *conditions}
    if relationship:
        taken.add("Parent Relationship")
    name = _RETURNS.sub("", subplan) if subplan else None
    if name == subplan:
        taken.add("Subplan Name")
    loops = raw.get("Actual Loops")
    return PlanNode(
        kind=raw["Node Type"],
        relation=raw.get("Relation Name"),
        schema=raw.get("Schema"),
        alias=raw.get("Alias"),
        index=raw.get("Index Name"),
        relationship=relationship,
        subplan=name,
        join_type=raw.get("Join Type"),
        startup_cost=raw.get("Startup Cost"),
        total_cost=raw.get("Total Cost"),
        rows_estimated=account.rows_estimated,
        # Since PostgreSQL 18 the average has two decimals; of all loops it is a whole number.
        rows=None if loops is None else float(round(raw.get("Actual Rows", 0.0) * loops)),
        rows_removed=float(round(sum(raw.get(key, 0.0) for key in _REMOVED) * (loops or 0.0))),
        loops=loops,
        duration_ms=account.duration_ms,
        self_ms=account.self_ms,
        width=raw.get("Plan Width"),
        buffers=account.buffers,
        self_buffers=account.self_buffers,
        conditions=conditions,
        sort_key=tuple(raw.get("Sort Key", ())),
        details={key: value for key, value in raw.items() if key not in taken},
        children=tuple(_node(child, found) for child in raw.get("Plans", ())),
    )


def _is_condition(key: str, value: Any) -> bool:
    return isinstance(value, str) and _CONDITION.fullmatch(key) is not None
