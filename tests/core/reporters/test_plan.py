"""Plans as a person reads them. The expected texts are files beside this one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from queryscope.core.plan_tips.tip import Tip
from queryscope.core.plans import Buffers, Plan, PlanNode
from queryscope.core.postgresql_plans import plan_of
from queryscope.core.reporters import plan_json
from queryscope.core.reporters.layout import width
from queryscope.core.reporters.plan import ASCII, render
from queryscope.core.reporters.plan_steps import details, rows, title
from queryscope.core.sqlite_plans import plan_of as sqlite_plan_of
from tests.core.plans import DOCUMENTS, plan

HERE = Path(__file__).parent
SECRETS = ("open", "done", "%7", "900")

TIPS = (
    Tip(
        "sequential-scan",
        3,
        "reads 40,000 rows of task in 3 loops and keeps 400 rows (99 % thrown away)",
        'Index what it asks for: CREATE INDEX CONCURRENTLY "task_status_idx" ON "task" ("status");',
        3.1,
    ),
    Tip("made-up", 3, "a second tip about the same step", "Do nothing about it.", None),
)
SQLITE = sqlite_plan_of(
    [
        (3, 0, 0, "SEARCH t USING INDEX task_project (project=? AND priority>?)"),
        (5, 0, 0, "CORRELATED SCALAR SUBQUERY 1"),
        (9, 5, 0, "SCAN project USING COVERING INDEX by_name"),
        (12, 5, 0, "SEARCH o USING AUTOMATIC COVERING INDEX (id=?) LEFT-JOIN"),
        (20, 0, 0, "USE TEMP B-TREE FOR ORDER BY"),
        (30, 0, 0, "SCAN 2 CONSTANT ROWS"),
    ],
    {"t": "task", "o": "owner"},
)


def deep(depth: int) -> Plan:
    node = PlanNode(
        "Index Scan",
        relation="a_table_with_a_name_that_is_long_enough_to_be_cut_somewhere",
        alias="t",
        index="an_index_whose_name_is_as_long_as_postgresql_lets_it_be_63_byte",
        conditions={"Filter": " AND ".join(f"(t.column_number_{n} = 'x')" for n in range(9))},
        rows_estimated=123_456_789.0,
        total_cost=1e9,
    )
    for _ in range(depth):
        one = PlanNode("Result", total_cost=1.0, rows_estimated=1.0)
        node = PlanNode("Nested Loop", total_cost=1e9, children=(one, node))
    return Plan(node, "postgresql")


@pytest.mark.parametrize(
    ("name", "found", "tips"),
    [
        ("plan-tips", plan(18, "gather-merge"), TIPS),
        ("plan-cte", plan(15, "cte-twice"), ()),
        ("plan-parallel", plan(18, "parallel-hash"), ()),
        ("plan-never-executed", plan(18, "never-executed"), ()),
        ("plan-triggers", plan(15, "writing-cte"), ()),
        ("plan-not-run", plan(18, "writing-cte-planned"), ()),
        ("plan-jit", plan(15, "jit"), ()),
        ("plan-disk", plan(18, "hash-batches"), ()),
        ("plan-deep", deep(14), ()),
        ("plan-sqlite", SQLITE, ()),
    ],
)
def test_snapshot(name: str, found: Plan, tips: tuple[Tip, ...]) -> None:
    assert render(found, tips) == (HERE / f"{name}.txt").read_text(encoding="utf-8")


EVERY = [*(plan(*each) for each in DOCUMENTS), deep(14), deep(40), SQLITE]


@pytest.mark.parametrize("verbatim", [True, False])
@pytest.mark.parametrize("found", EVERY, ids=range(len(EVERY)))
def test_80_columns_and_plain_text(found: Plan, verbatim: bool) -> None:
    tips = tuple(
        Tip("tip", number, "m" * 90 + " and " * 30, "h " * 60, None)
        for number, _ in enumerate(found.root.walk())
    )
    text = render(found, tips, verbatim=verbatim)
    for line in text.splitlines():
        assert width(line) <= 80
        assert line == line.rstrip()
        assert line.isprintable()
    assert text.count("! tip:") == len(tips)
    assert text.translate(ASCII).isascii()


@pytest.mark.parametrize(("version", "name"), DOCUMENTS)
def test_every_step_is_shown(version: int, name: str) -> None:
    found = plan(version, name)
    lines = iter(render(found).splitlines())
    for node in found.root.walk():
        first = title(node).split()[0]
        assert any(first in line for line in lines), (title(node), "in order")


@pytest.mark.parametrize("shown", [render, plan_json.render])
@pytest.mark.parametrize(("version", "name"), DOCUMENTS)
def test_values_are_masked(version: int, name: str, shown: Any) -> None:
    found = plan(version, name)
    text = shown(found)
    expressions = [t for node in found.root.walk() for t in node.conditions.values()]
    for secret in SECRETS:
        if any(f"'{secret}'" in expression for expression in expressions):
            assert f"'{secret}" in shown(found, verbatim=True)
        assert f"'{secret}" not in text


@pytest.mark.parametrize(
    ("conditions", "alias", "expected"),
    [
        ({"Filter": "((t.status)::text = 'x'::text)"}, "t", "Filter: (status)::text = ?"),
        ({"Filter": "(t.a > (InitPlan 1).col1)"}, "t", "Filter: a > (InitPlan 1).col1"),
        ({"Filter": "(NOT (hashed SubPlan 12))"}, None, "Filter: NOT (hashed SubPlan 12)"),
        ({"Filter": "(q.n > $1)"}, "x", "Filter: q.n > $1"),
        ({"Index Cond": "((t.a = 1) AND (t.b = 2))"}, "t", "Index Cond: (a = ?) AND (b = ?)"),
        ({"Filter": "(a = ANY ('{1,2}'::integer[]))"}, None, "Filter: a = ANY (?)"),
        (
            {"Filter": "(a > '2024-01-01 00:00:00+00'::timestamp with time zone)"},
            None,
            "Filter: a > ?",
        ),
        ({"Filter": "(a = 'x'::character varying(20))"}, None, "Filter: a = ?"),
        ({"Filter": "(a = 'x'::public.\"Mood\")"}, None, "Filter: a = ?"),
        ({"Filter": "(a = '1.5'::numeric(10,2))"}, None, "Filter: a = ?"),
        ({"Filter": "(upper(t.\"Name\") = 'it''s')"}, "t", 'Filter: upper("Name") = ?'),
        ({"Filter": '("T".a = 1)'}, "T", "Filter: a = ?"),
        ({"Filter": "(at.a = 1)"}, "t", "Filter: at.a = ?"),
        ({"Filter": "(a = E'\\\\x1')"}, None, "Filter: a = ?"),
    ],
)
def test_conditions(conditions: dict[str, str], alias: str | None, expected: str) -> None:
    node = PlanNode("Seq Scan", alias=alias, conditions=conditions)
    assert list(details(node)) == [expected]
    [(name, text)] = conditions.items()
    assert list(details(node, verbatim=True)) == [f"{name}: {text}"]


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (PlanNode("Seq Scan", relation="a", alias="a"), "Seq Scan on a"),
        (PlanNode("Seq Scan", relation="a", alias="b"), "Seq Scan on a b"),
        (PlanNode("Index Scan", relation="a", index="i"), "Index Scan using i on a"),
        (
            PlanNode("Index Scan", index="i", details={"Scan Direction": "Backward"}),
            "Index Scan Backward using i",
        ),
        (PlanNode("Bitmap Index Scan", index="i"), "Bitmap Index Scan on i"),
        (PlanNode("Hash Join", join_type="Left"), "Hash Left Join"),
        (PlanNode("Hash Join", join_type="Inner"), "Hash Join"),
        (PlanNode("Nested Loop", join_type="Anti"), "Nested Loop Anti Join"),
        (PlanNode("Aggregate", details={"Strategy": "Hashed"}), "HashAggregate"),
        (
            PlanNode("Aggregate", details={"Strategy": "Sorted", "Partial Mode": "Partial"}),
            "Partial GroupAggregate",
        ),
        (
            PlanNode("SetOp", details={"Strategy": "Hashed", "Command": "Except"}),
            "HashSetOp Except",
        ),
        (PlanNode("ModifyTable", relation="a", details={"Operation": "Update"}), "Update on a"),
        (
            PlanNode("Seq Scan", relation="a", details={"Parallel Aware": True}),
            "Parallel Seq Scan on a",
        ),
        (PlanNode("CTE Scan", alias="y", details={"CTE Name": "x"}), "CTE Scan on x y"),
        (
            PlanNode("Function Scan", alias="f", details={"Function Name": "f"}),
            "Function Scan on f",
        ),
        (PlanNode("Values Scan", alias="*VALUES*"), "Values Scan on *VALUES*"),
        (PlanNode("Result", subplan="InitPlan 1"), "InitPlan 1: Result"),
    ],
)
def test_titles(node: PlanNode, expected: str) -> None:
    assert title(node) == expected


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (0.33, "0.3"),
        (9.5, "9.5"),
        (10.4, "10"),
        (12_345, "12,345"),
        (1.25e6, "1.2M"),
        (3e9, "3.0G"),
    ],
)
def test_rows(count: float, text: str) -> None:
    assert rows(count) == text


def test_lossy_blocks_and_rechecks() -> None:
    node = PlanNode(
        "Bitmap Heap Scan",
        loops=1,
        details={
            "Lossy Heap Blocks": 1234,
            "Exact Heap Blocks": 5,
            "Rows Removed by Index Recheck": 7,
        },
        self_buffers=Buffers(temp_read=10),
    )
    [facts] = details(node)
    assert "1,234 lossy blocks, 5 exact ones" in facts
    assert facts.startswith("7 rows removed by recheck")


def test_what_was_refused_is_told() -> None:
    found = Plan(PlanNode("Result", total_cost=1.0), "postgresql", refusal="DELETE is not a SELECT")
    assert "\nNot measured: DELETE is not a SELECT.\n" in render(found)


def test_hostile_names_do_not_move_the_cursor() -> None:
    found = Plan(PlanNode("Seq Scan", relation="a\x1b[2J\nb", total_cost=1.0), "postgresql")
    assert "\x1b" not in render(found)
    assert "Seq Scan on a\\x1b[2J\\nb" in render(found)


@pytest.mark.parametrize(("version", "name"), DOCUMENTS)
def test_json_has_every_field(version: int, name: str) -> None:
    found = plan(version, name)
    shown = json.loads(plan_json.render(found, TIPS, verbatim=True))
    assert shown["version"] == plan_json.VERSION
    assert [tip["name"] for tip in shown["tips"]] == ["sequential-scan", "made-up"]
    todo, kinds = [shown["plan"]["root"]], []
    while todo:
        node = todo.pop()
        kinds.append((node["kind"], node["rows"], node["self_ms"]))
        todo.extend(reversed(node["children"]))
    assert kinds == [(n.kind, n.rows, n.self_ms) for n in found.root.walk()]
    assert shown["plan"]["settings"] == found.settings


def test_a_run_without_times_is_shown() -> None:
    raw = {"Node Type": "Result", "Plan Rows": 1, "Actual Rows": 1, "Actual Loops": 1}
    assert "Result" in render(plan_of({"Plan": raw}))
