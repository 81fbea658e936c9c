"""Where the time goes, in words."""

from __future__ import annotations

import pytest

from queryscope.core.plan_words import dominating, in_words
from queryscope.core.plans import Plan, PlanNode


def node(kind: str, **values: object) -> PlanNode:
    return PlanNode(kind, **values)


def scan(**values: object) -> PlanNode:
    return node("Seq Scan", **{"relation": "task", "rows": 12.0, "loops": 1.0} | values)


WORDS = [
    (scan(), "reads 12 rows of task"),
    (scan(rows=1.0), "reads 1 row of task"),
    (scan(rows_removed=999_988.0), "reads 1,000,000 rows of task to keep 12"),
    (scan(rows_removed=88.0, loops=50.0), "reads 100 rows of task in 50 scans to keep 12"),
    (
        node("Index Scan", relation="task", index="by_status", rows=3.0),
        "reads 3 rows of task through by_status",
    ),
    (node("Bitmap Heap Scan", relation="task", rows_estimated=40.0), "reads 40 rows of task"),
    (node("SCAN", relation="task"), "reads task from end to end"),
    (node("SEARCH", relation="task", index="i"), "reads task through i"),
    (node("Sort", rows=10_000.0), "sorts 10,000 rows"),
    (node("Incremental Sort", rows=10.0), "sorts 10 rows"),
    (
        node("Aggregate", rows=1.0, children=(scan(rows=5_000.0),)),
        "goes through 5,000 rows to make 1 of them",
    ),
    (
        node("Hash Join", rows=7.0, children=(scan(), scan(relation="project"))),
        "joins rows of task and project to 7 rows",
    ),
    (
        node("Nested Loop", rows=7.0, rows_removed=93.0, children=(scan(),)),
        "joins rows to 7 rows, and discards 93",
    ),
    (node("ModifyTable", relation="task"), "writes rows of task"),
    (
        node("Gather", rows=1.0),
        "spends most of its time in a step that the database calls Gather",
    ),
]


@pytest.mark.parametrize(("step", "words"), WORDS, ids=[words for _, words in WORDS])
def test_a_step_in_words(step, words):
    assert in_words(step) == words


@pytest.mark.parametrize(("analyzed", "kind"), [(True, "Seq Scan"), (False, "Sort")])
def test_the_step_that_takes_the_most_is_found_by_time_else_by_cost(analyzed, kind):
    below = scan(self_ms=9.0, total_cost=30.0)
    root = node("Sort", self_ms=1.0, total_cost=100.0, children=(below,))
    step = dominating(Plan(root, "postgresql", analyzed=analyzed))
    assert step is not None
    assert step.kind == kind


def test_a_plan_without_time_and_cost_has_none():
    assert dominating(Plan(node("SCAN", relation="task"), "sqlite")) is None
