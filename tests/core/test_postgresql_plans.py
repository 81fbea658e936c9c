"""EXPLAIN's JSON as PostgreSQL 15 and 18 really gave it -> a plan with totals and own shares."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest

from queryscope.core.plan_accounting import BUFFER_KEYS
from queryscope.core.plans import Buffers, PlanNode
from queryscope.core.postgresql_plans import plan_of
from tests.core.plans import DOCUMENTS, VERSIONS, only, plan
from tests.core.plans.record import PLANNED, QUERIES

every = pytest.mark.parametrize(("version", "name"), DOCUMENTS)
on_each = pytest.mark.parametrize("version", VERSIONS)


@on_each
def test_recorded_are_all(version: int) -> None:
    names = {name for known, name in DOCUMENTS if known == version}
    assert names == {*QUERIES, *(f"{name}-planned" for name in PLANNED)}


def raw_nodes(document: Any) -> Iterator[dict[str, Any]]:
    todo = [document[0]["Plan"]]
    while todo:
        node = todo.pop()
        yield node
        todo.extend(reversed(node.get("Plans", ())))


@every
def test_nothing_is_lost(version: int, name: str) -> None:
    """Every field of the server is a field of the node, in its conditions or in its details."""
    renamed = {
        "Node Type": "kind",
        "Relation Name": "relation",
        "Index Name": "index",
        "Plan Width": "width",
        "Actual Loops": "loops",
    }
    computed = {"Plans", "Plan Rows", "Actual Rows", "Actual Total Time", *BUFFER_KEYS.values()}
    nodes = plan(version, name).root.walk()
    for raw, node in zip(raw_nodes(DOCUMENTS[version, name]), nodes, strict=True):
        for key, value in raw.items():
            field = renamed.get(key, key.lower().replace(" ", "_"))
            if key in computed:
                continue
            if key == "Parent Relationship":
                assert node.relationship.replace("-", "") == value.lower()
            elif key == "Subplan Name" and key not in node.details:
                assert node.subplan == value
            elif key == "Sort Key":
                assert list(node.sort_key) == value
            elif key in node.conditions:
                assert node.conditions[key] == value
            elif key in node.details:
                assert node.details[key] == value
            else:
                assert getattr(node, field) == value


@every
def test_what_belongs_to_the_plan_as_a_whole_is_kept(version: int, name: str) -> None:
    [raw] = DOCUMENTS[version, name]
    found = plan(version, name)
    assert found.vendor == "postgresql"
    assert found.analyzed is not name.endswith("-planned")
    assert found.planning_ms == raw.get("Planning Time")
    assert found.execution_ms == raw.get("Execution Time")
    assert found.settings == raw.get("Settings", {})
    assert list(found.triggers) == raw.get("Triggers", [])
    assert found.jit == raw.get("JIT")
    assert found.cost == raw["Plan"]["Total Cost"]
    assert (found.planning_buffers is None) is ("Planning" not in raw)


@every
def test_own_shares_make_the_whole(version: int, name: str) -> None:
    """No share is negative, none is counted twice: together they are what the root took."""
    found = plan(version, name)
    nodes = list(found.root.walk())
    if not found.analyzed:
        assert all(node.self_ms is None and node.self_buffers is None for node in nodes)
        return
    assert found.root.duration_ms is not None
    assert all(node.self_ms is not None and node.self_ms >= 0 for node in nodes)
    assert sum(n.self_ms or 0.0 for n in nodes) == pytest.approx(found.root.duration_ms, abs=0.01)
    for field in fields(Buffers):
        parts = [getattr(node.self_buffers, field.name) for node in nodes]
        assert min(parts) >= 0
        assert sum(parts) == getattr(found.root.buffers, field.name)


@every
def test_time_of_a_step_is_that_of_one_process(version: int, name: str) -> None:
    """What several processes took at the same time is not added up: nothing outlasts the whole."""
    found = plan(version, name)
    for node in found.root.walk() if found.analyzed else ():
        assert node.duration_ms is not None
        assert found.root.duration_ms is not None
        assert node.duration_ms <= found.root.duration_ms + 0.01


@on_each
def test_loops_are_multiplied_out(version: int) -> None:
    found = plan(version, "loops")
    inner = only(found, "Bitmap Heap Scan")
    [raw] = [n for n in raw_nodes(DOCUMENTS[version, "loops"]) if n["Node Type"] == inner.kind]
    assert (inner.loops, inner.rows, inner.rows_estimated) == (10, 800, 800)
    assert inner.duration_ms == pytest.approx(raw["Actual Total Time"] * 10)
    scan = only(found, "Seq Scan", "project")
    assert (scan.rows, scan.rows_removed) == (10, 490)
    assert found.indexes == {"task_project"}


@on_each
@pytest.mark.parametrize(
    ("name", "relation", "rows", "removed"),
    [("gather", "task", 36_000, 4_000), ("gather-merge", "task", 400, 39_600)],
)
def test_rows_under_gather_are_those_of_all_processes(
    version: int, name: str, relation: str, rows: int, removed: int
) -> None:
    scan = only(plan(version, name), "Seq Scan", relation)
    assert scan.loops == 3
    # Averages are rounded, to whole rows before PostgreSQL 18.
    assert scan.rows == pytest.approx(rows, abs=2)
    assert scan.rows_removed == pytest.approx(removed, abs=2)
    assert scan.rows_estimated == pytest.approx(rows, rel=0.1)


@on_each
def test_estimates_of_a_parallel_part_are_the_same_when_it_is_not_run(version: int) -> None:
    run, planned = plan(version, "gather"), plan(version, "gather-planned")
    scans = [only(each, "Seq Scan", "task").rows_estimated for each in (run, planned)]
    assert scans[0] == pytest.approx(scans[1])


@on_each
def test_a_process_reads_all_of_what_is_not_divided(version: int) -> None:
    """The inner side of a nested loop under Gather: an estimate for each loop, not a part of it."""
    found = plan(version, "parallel-nested-loop")
    inner = only(found, "Bitmap Heap Scan", "task")
    assert inner.loops == 50
    assert inner.rows_estimated == inner.rows == 4_000


@on_each
@pytest.mark.parametrize(
    ("name", "payer"),
    [("init-plan", ("Seq Scan", "task")), ("init-plan-of-gather", ("Gather", None))],
)
def test_an_init_plan_is_paid_by_who_asks_for_it(
    version: int, name: str, payer: tuple[str, str | None]
) -> None:
    """It is listed under the aggregate, and runs while the scan waits; for processes of a Gather
    before they start."""
    found = plan(version, name)
    nodes = list(found.root.walk())
    init = next(node for node in nodes if node.relationship == "init-plan")
    asking = next(n for n in nodes if n.kind == payer[0] and payer[1] in (None, n.alias))
    assert init.duration_ms is not None
    assert asking.self_ms is not None
    assert asking.duration_ms is not None
    below = sum(child.duration_ms or 0.0 for child in asking.children)
    assert asking.self_ms == pytest.approx(asking.duration_ms - below - init.duration_ms, abs=0.01)


@on_each
def test_a_cte_is_paid_by_its_readers(version: int) -> None:
    found = plan(version, "cte-twice")
    cte = next(node for node in found.root.walk() if node.subplan == "CTE busy")
    scans = [node for node in found.root.walk() if node.kind == "CTE Scan"]
    assert len(scans) == 2
    assert cte.duration_ms is not None
    assert sum(node.self_ms or 0.0 for node in scans) < cte.duration_ms / 2
    assert cte.rows == 500


@on_each
def test_what_is_never_executed_keeps_its_estimate(version: int) -> None:
    node = only(plan(version, "never-executed"), "Bitmap Heap Scan")
    assert (node.loops, node.rows, node.duration_ms, node.self_ms) == (0, 0, 0, 0)
    assert node.rows_estimated == 80


@on_each
@pytest.mark.parametrize(
    ("name", "kind", "relationship", "subplan"),
    [
        ("init-plan", "Aggregate", "init-plan", "InitPlan 1"),
        ("sub-plan", "Aggregate", "sub-plan", "SubPlan 1"),
        ("hashed-sub-plan", "Seq Scan", "sub-plan", "SubPlan 1"),
        ("cte-twice", "Aggregate", "init-plan", "CTE busy"),
        ("writing-cte", "ModifyTable", "init-plan", "CTE moved"),
        ("recursive", "Recursive Union", "init-plan", "CTE r"),
    ],
)
def test_subplans_have_their_names(
    version: int, name: str, kind: str, relationship: str, subplan: str
) -> None:
    found = [n for n in plan(version, name).root.walk() if n.subplan == subplan]
    assert [(node.kind, node.relationship) for node in found] == [(kind, relationship)]


@on_each
@pytest.mark.parametrize(
    ("name", "kind", "conditions"),
    [
        ("loops", "Bitmap Heap Scan", {"Recheck Cond"}),
        ("loops", "Bitmap Index Scan", {"Index Cond"}),
        ("parallel-hash", "Hash Join", {"Hash Cond"}),
        ("merge-full-join", "Merge Join", {"Merge Cond"}),
        ("window", "WindowAgg", {"Run Condition"}),
        ("gather", "Seq Scan", {"Filter"}),
        ("partitions", "Append", set()),
    ],
)
def test_conditions(version: int, name: str, kind: str, conditions: set[str]) -> None:
    assert only(plan(version, name), kind).conditions.keys() == conditions


@on_each
@pytest.mark.parametrize(
    ("name", "kind", "details"),
    [
        ("disk-sort", "Sort", {"Sort Method": "external merge", "Sort Space Type": "Disk"}),
        ("sources", "Function Scan", {"Function Name": "generate_series"}),
        ("partitions", "Append", {"Subplans Removed": 1}),
        ("writing-cte", "ModifyTable", {"Operation": "Update"}),
        ("gather", "Gather Merge", {"Workers Planned": 2, "Workers Launched": 2}),
    ],
)
def test_details(version: int, name: str, kind: str, details: dict[str, Any]) -> None:
    found = only(plan(version, name), kind).details
    assert {key: found.get(key) for key in details} == details


def test_sort_key_and_join_type() -> None:
    assert only(plan(18, "disk-sort"), "Sort").sort_key == ("task.created DESC", "task.id")
    assert only(plan(18, "merge-full-join"), "Merge Join").join_type == "Full"


def node(**fields: Any) -> dict[str, Any]:
    return {"Node Type": "Seq Scan", "Plan Rows": 1, "Actual Loops": 1, "Actual Rows": 1, **fields}


def test_of_a_run_without_timing_only_the_times_are_missing() -> None:
    [root] = plan_of([{"Plan": node()}]).root.walk()
    assert (root.rows, root.duration_ms, root.self_ms, root.buffers) == (1, None, None, None)


def test_unknown_steps_and_fields_are_kept() -> None:
    raw = node(**{"Node Type": "Custom Scan", "Parent Relationship": "child", "Custom": [1, "x"]})
    found = plan_of({"Plan": raw, "Query Identifier": 7}).root
    assert found.kind == "Custom Scan"
    assert found.details == {"Parent Relationship": "child", "Custom": [1, "x"]}
    assert plan_of({"Plan": raw, "Query Identifier": 7}).details == {"Query Identifier": 7}


def test_a_step_of_many_loops_takes_at_least_what_those_below_take() -> None:
    """Its average is rounded to nothing."""
    inner = node(
        **{"Actual Loops": 500, "Actual Total Time": 0.001, "Parent Relationship": "Outer"}
    )
    memoize = node(**{"Actual Loops": 3000, "Actual Total Time": 0.0, "Plans": [inner]})
    memoize.update({"Node Type": "Memoize", "Parent Relationship": "Inner"})
    found = plan_of({"Plan": node(**{"Actual Total Time": 1.2, "Plans": [memoize]})}).root
    assert [each.self_ms for each in found.walk()] == pytest.approx([0.7, 0.0, 0.5])


def test_workers_that_were_not_launched_do_not_share_the_time() -> None:
    scan = node(**{"Actual Total Time": 9.0, "Parallel Aware": True, "Plan Rows": 417})
    gather = node(**{"Actual Total Time": 10.0, "Workers Planned": 2, "Plans": [scan]})
    gather.update({"Node Type": "Gather", "Workers Launched": 0})
    root = plan_of({"Plan": gather}).root
    assert [each.self_ms for each in root.walk()] == pytest.approx([1.0, 9.0])
    assert root.children[0].rows_estimated == pytest.approx(1000, abs=1)


@pytest.mark.parametrize("text", ["[]", "{}", '[{"Plan": null}]', '"x"', "null", "[1]"])
def test_what_is_no_plan(text: str) -> None:
    with pytest.raises(ValueError, match="no plan"):
        plan_of(text)


def test_text_is_read_as_well() -> None:
    document = DOCUMENTS[18, "loops"]
    assert plan_of(json.dumps(document)) == plan_of(document)


def test_walk_is_in_the_order_of_the_server() -> None:
    kinds: list[PlanNode] = list(plan(15, "loops").root.walk())
    assert [each.kind for each in kinds] == [
        "Nested Loop",
        "Seq Scan",
        "Bitmap Heap Scan",
        "Bitmap Index Scan",
    ]
