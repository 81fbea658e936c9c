"""EXPLAIN QUERY PLAN in the words of old and new SQLite."""

from __future__ import annotations

from typing import Any

import pytest

from queryscope.core.plans import PlanNode
from queryscope.core.sqlite_plans import plan_of

TABLES = {"t": "task"}


def step(text: str) -> PlanNode:
    [node] = plan_of([(1, 0, 0, text)], TABLES).root.children
    return node


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SCAN task", {"relation": "task", "alias": "task", "index": None}),
        ("SCAN t", {"relation": "task", "alias": "t"}),
        ("SCAN TABLE task", {"relation": "task", "alias": "task"}),
        ("SCAN TABLE task AS t", {"relation": "task", "alias": "t"}),
        ("SCAN SUBQUERY 1", {"relation": None, "alias": "1"}),
        ("SCAN SUBQUERY 1 AS s", {"relation": None, "alias": "s"}),
        ("SCAN (subquery-2)", {"relation": None, "alias": "(subquery-2)"}),
        ("SCAN TABLE task USING COVERING INDEX by a", {"relation": "task", "index": "by a"}),
        ("SEARCH t USING INDEX ab (a=? AND b>?)", {"relation": "task", "index": "ab"}),
        ("SEARCH TABLE task AS t USING INDEX ab (a=?)", {"alias": "t", "index": "ab"}),
        ("SEARCH t USING INTEGER PRIMARY KEY (rowid=?)", {"relation": "task", "index": None}),
        ("SEARCH t USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN", {"join_type": "Left"}),
        ("SEARCH q USING AUTOMATIC COVERING INDEX (name=?)", {"relation": "q", "index": None}),
        ("SCAN odd name AS t", {"relation": "odd name", "alias": "t"}),
        ("CO-ROUTINE x", {"kind": "CO-ROUTINE", "alias": "x"}),
        ("MATERIALIZE x", {"kind": "MATERIALIZE", "alias": "x"}),
        ("USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY", {"kind": "USE TEMP B-TREE"}),
        ("MULTI-INDEX OR", {"kind": "MULTI-INDEX OR"}),
        ("MERGE (UNION ALL)", {"kind": "MERGE (UNION ALL)"}),
        (
            "CORRELATED SCALAR SUBQUERY 3",
            {"relationship": "sub-plan", "subplan": "CORRELATED SCALAR SUBQUERY 3"},
        ),
        (
            "EXECUTE CORRELATED LIST SUBQUERY 1",
            {"relationship": "sub-plan", "kind": "CORRELATED LIST SUBQUERY"},
        ),
        ("SCALAR SUBQUERY 2", {"relationship": "init-plan", "subplan": "SCALAR SUBQUERY 2"}),
    ],
)
def test_fields(text: str, expected: dict[str, Any]) -> None:
    found = step(text)
    assert {name: getattr(found, name) for name in expected} == expected
    assert found.details["Detail"] == text


@pytest.mark.parametrize(
    ("text", "condition", "details"),
    [
        ("SEARCH t USING INDEX ab (a=? AND b>?)", "a=? AND b>?", {}),
        ("SEARCH t USING COVERING INDEX ab (a=?)", "a=?", {"Covering": True}),
        ("SEARCH t USING INDEX ab (ANY(a) AND b=?)", "ANY(a) AND b=?", {}),
        ("SEARCH t USING INDEX ab ((a,b)>(?,?))", "(a,b)>(?,?)", {}),
        (
            "SEARCH t USING AUTOMATIC PARTIAL COVERING INDEX (a=?)",
            "a=?",
            {"Automatic": True, "Partial": True, "Covering": True},
        ),
        ("SEARCH t USING PRIMARY KEY (k=?)", "k=?", {"Primary Key": True}),
        ("SCAN t VIRTUAL TABLE INDEX 0:", None, {"Virtual Table": "VIRTUAL TABLE INDEX 0:"}),
        ("SCAN 3 CONSTANT ROWS", None, {"Rows": "3 CONSTANT ROWS"}),
        ("USE TEMP B-TREE FOR ORDER BY", None, {"Purpose": "ORDER BY"}),
    ],
)
def test_conditions_and_details(text: str, condition: str | None, details: dict[str, Any]) -> None:
    found = step(text)
    assert found.conditions.get("Index Cond") == condition
    assert {key: value for key, value in found.details.items() if key != "Detail"} == details


def test_tree() -> None:
    rows = [
        (3, 0, 0, "MULTI-INDEX OR"),
        (4, 3, 0, "INDEX 1"),
        (5, 4, 0, "SEARCH t USING INDEX a (a=?)"),
        (9, 3, 0, "INDEX 2"),
        (10, 9, 0, "SEARCH t USING INDEX b (b=?)"),
        (20, 0, 0, "USE TEMP B-TREE FOR ORDER BY"),
    ]
    plan = plan_of(rows, TABLES)
    kinds = ["QUERY PLAN", "MULTI-INDEX OR", "INDEX 1", "SEARCH", "INDEX 2", "SEARCH"]
    assert [node.kind for node in plan.root.walk()] == [*kinds, "USE TEMP B-TREE"]
    assert (plan.vendor, plan.analyzed, plan.cost) == ("sqlite", False, None)
    assert plan.indexes == {"a", "b"}


def test_what_is_made_on_the_way_is_no_table() -> None:
    rows = [(1, 0, 0, "MATERIALIZE x"), (2, 0, 0, "SCAN x"), (3, 0, 0, "SEARCH y (n=?)")]
    scans = plan_of(rows, {"x": "x", "y": "x"}).root.children[1:]
    assert [(node.relation, node.alias) for node in scans] == [(None, "x"), (None, "y")]


def test_nothing_to_plan() -> None:
    assert plan_of([]).root.children == ()
