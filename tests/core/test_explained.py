"""Which queries deserve a plan, and what two plans have in common."""

from __future__ import annotations

from dataclasses import replace

import pytest

from queryscope.core.explained import Choice, Explained, chosen, key, tables_of
from queryscope.core.plans import Plan, PlanNode
from queryscope.core.workload import Sample, WorkloadQuery


def query(name: str, *times: float, total: float = 0.0, **values: object) -> WorkloadQuery:
    samples = tuple(Sample(f"SELECT {name}", (), time) for time in times)
    return replace(WorkloadQuery(name, name, "select", samples, total_ms=total), **values)


SLOW = query("slow", 150.0, 2.0, total=152.0)
EDGE = query("edge", 100.0, total=100.0)
OFTEN = query("often", 3.0, total=900.0)
FAST = query("fast", 1.0, total=1.0)
WORKLOAD = (FAST, EDGE, OFTEN, SLOW)


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        (Choice(100.0), ["slow", "edge"]),
        (Choice(100.1), ["slow"]),
        (Choice(1_000.0), []),
        (Choice(0.0), ["often", "slow", "edge", "fast"]),
        (Choice(1_000.0, top=1), ["often"]),
        (Choice(1_000.0, top=2), ["often", "slow"]),
        (Choice(100.0, top=1), ["often", "slow", "edge"]),
        (Choice(0.0, most=2), ["often", "slow"]),
    ],
)
def test_the_slow_ones_and_those_that_take_the_most_time_are_chosen(choice, names):
    assert [query.digest for query in chosen(WORKLOAD, choice)] == names


@pytest.mark.parametrize(
    "unable",
    [query("x", total=9e9), query("x", 9e9, kind="other"), query("x", 9e9, kind="transaction")],
    ids=["no values", "a command", "transaction control"],
)
def test_what_cannot_be_explained_is_not(unable):
    assert chosen([unable], Choice(1.0, top=5)) == ()


@pytest.mark.parametrize("kind", ["select", "insert", "update", "delete"])
def test_what_reads_or_writes_rows_can(kind):
    assert chosen([query("x", 200.0, kind=kind)], Choice(100.0)) != ()


def test_the_same_text_of_two_databases_is_two_queries():
    other = replace(SLOW, database="other")
    assert {key(SLOW), key(other)} == {("default", "slow"), ("other", "slow")}
    assert len(chosen([SLOW, other], Choice(100.0))) == 2


def plan(kind: str, index: str | None = None, **values: object) -> Plan:
    leaf = PlanNode(kind, relation="task", schema="public", index=index, **values)
    return Plan(PlanNode("Limit", children=(leaf,)), "postgresql")


@pytest.mark.parametrize(
    ("other", "unstable"),
    [
        (plan("Seq Scan", rows_estimated=9.0, total_cost=4.0), False),
        (plan("Index Scan", "by_status"), True),
        (Plan(PlanNode("Seq Scan", relation="task"), "postgresql"), True),
        (None, False),
    ],
    ids=["figures", "another way", "fewer steps", "one run only"],
)
def test_plans_of_another_shape_are_told_apart(other, unstable):
    assert Explained(SLOW, plan("Seq Scan"), typical=other).unstable is unstable


def test_without_a_plan_nothing_is_unstable():
    assert not Explained(SLOW, None, typical=plan("Seq Scan")).unstable


def test_tables_are_named_with_their_schema_and_without():
    assert tables_of([plan("Seq Scan"), plan("Index Scan")]) == {"task", "public.task"}
