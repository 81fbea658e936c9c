"""Real plans of two servers; record.py beside this file tells of what, and makes them anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from queryscope.core.plans import Plan, PlanNode
from queryscope.core.postgresql_plans import plan_of

HERE = Path(__file__).parent
VERSIONS = (15, 18)
DOCUMENTS: dict[tuple[int, str], Any] = {
    (version, name): document
    for version in VERSIONS
    for name, document in json.loads(
        (HERE / f"postgresql-{version}.json").read_text(encoding="utf-8")
    ).items()
}


def plan(version: int, name: str) -> Plan:
    return plan_of(DOCUMENTS[version, name])


def only(found: Plan, kind: str, relation: str | None = None) -> PlanNode:
    """The one step of this kind."""
    [node] = [
        node
        for node in found.root.walk()
        if node.kind == kind and (relation is None or node.relation == relation)
    ]
    return node
