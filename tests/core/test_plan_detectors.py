"""Detectors that plans feed, on plans built by hand: what is found, what is not, what is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from queryscope.core.detection import Options, detections_of, merged
from queryscope.core.explained import Explained
from queryscope.core.plan_tips import Tip
from queryscope.core.plans import Plan, PlanNode
from queryscope.core.schema import Schema, Table
from queryscope.core.workload import Sample, WorkloadQuery

from .traces import FORWARD, group, line, loop, source, trace

TIPPED = ("non-sargable", "deep-offset", "disk-sort", "row-misestimate")
SCAN = PlanNode(
    "Seq Scan",
    relation="task",
    rows=12.0,
    rows_estimated=12.0,
    rows_removed=999_988.0,
    loops=1.0,
    self_ms=300.0,
)
RAN = Plan(SCAN, "postgresql", analyzed=True, execution_ms=300.0)
NOT_RUN = Plan(replace(SCAN, total_cost=9.0), "postgresql", refusal="it writes")


def slow(duration_ms: float = 300.0, **values: object):
    count = int(values.pop("count", 1))
    times = {"duration_ms": duration_ms * count, "slowest_ms": duration_ms}
    return group("SELECT slow", count=count, **times | values)


def tip(name: str, cost_ms: float | None, hint: str = "Do this.") -> Tip:
    return Tip(name, 0, f"does {name}", hint, cost_ms)


def explained(*tips: Tip, plan: Plan | None = RAN, **values: object) -> Explained:
    query = WorkloadQuery(slow().digest, "SELECT slow", "select", (Sample("SELECT slow", ()),))
    return Explained(query, plan, tips, **values)


def found(one: Explained | None, *groups, sources=(), **options):
    plans = {("default", one.query.digest): one} if one is not None else {}
    traced = trace(*(groups or (slow(),)), sources=sources)
    return merged(detections_of([traced], Options(**options), plans=plans))


def names(*arguments, **options) -> list[str]:
    return [finding.detector for finding in found(*arguments, **options)]


# slow-query


@pytest.mark.parametrize(
    ("groups", "count"),
    [
        ([slow(100.0)], 1),
        ([slow(99.9)], 0),
        ([slow(duration_ms=10.0, count=50)], 0),
        ([slow(duration_ms=10.0, count=50, slowest_ms=400.0)], 1),
        ([slow(kind="other")], 0),
        ([slow(kind="update")], 1),
        ([slow(failures=1)], 0),
        ([slow(), replace(slow(), location=line(9), repeats={99: 1})], 2),
    ],
    ids=["at", "below", "many fast", "one of many", "command", "write", "failed", "two places"],
)
def test_a_query_is_slow_by_its_slowest_run(groups, count):
    assert names(None, *groups) == ["slow-query"] * count


@pytest.mark.parametrize(
    ("duration_ms", "slowest_ms", "detectors"),
    [(500.0, 400.0, {"n-plus-one", "slow-query"}), (400.0, 399.0, {"n-plus-one"})],
)
def test_the_queries_of_an_n_plus_one_are_slow_on_average_or_not_at_all(
    duration_ms, slowest_ms, detectors
):
    each = replace(loop(FORWARD, 5), duration_ms=duration_ms, slowest_ms=slowest_ms)
    assert {f.detector for f in found(None, each, sources=(source(),))} == detectors


@pytest.mark.parametrize(
    ("duration_ms", "severity"), [(100.0, "warning"), (999.0, "warning"), (1_000.0, "error")]
)
def test_ten_times_as_long_is_an_error(duration_ms, severity):
    [finding] = found(None, slow(duration_ms))
    assert finding.severity == severity


def test_where_everything_is_slow_nothing_is_an_error():
    assert found(None, slow(), slow_query_ms=0)[0].severity == "warning"


def test_the_finding_has_all_that_is_known_of_the_query():
    rows = replace(source(), group=0, location=line(1))
    [finding] = found(explained(), slow(model="app.Task", tables=("task",)), sources=(rows,))
    assert (finding.detector, finding.confidence, finding.endpoint) == (
        "slow-query",
        "certain",
        "GET /",
    )
    assert (finding.location, finding.origin) == (line(2), line(1))
    assert (finding.model, finding.tables, finding.relation) == ("app.Task", ("task",), None)
    assert (finding.fingerprint, finding.digest) == ("SELECT slow", slow().digest)
    assert (finding.count, finding.duration_ms) == (1, 300.0)


SAID = [
    (
        None,
        slow(),
        "A query is slow",
        "likely",
        "Look at its plan: manage.py queryscope explain --digest ",
    ),
    (
        explained(plan=None, problem="no such table: task"),
        slow(),
        "A query is slow",
        "likely",
        "Its plan is not known: no such table: task.",
    ),
    (
        explained(),
        slow(),
        "A query reads 1,000,000 rows of task to keep 12",
        "certain",
        "Its plan shows no step to spare",
    ),
    (
        explained(plan=NOT_RUN),
        slow(),
        "A query probably reads 1,000,000 rows of task to keep 12",
        "likely",
        "Its plan shows no step to spare",
    ),
    (
        explained(tip("sequential-scan", 290.0)),
        slow(),
        "A query does sequential-scan",
        "certain",
        "Do this.",
    ),
    (
        explained(tip("cache-misses", 10.0, "Not this."), tip("sequential-scan", 90.0)),
        slow(),
        "A query reads 1,000,000 rows of task to keep 12",
        "certain",
        "Do this.",
    ),
    (
        explained(),
        slow(200.0, count=3),
        "A query reads 1,000,000 rows of task to keep 12 (3 queries, the slowest 200 ms)",
        "certain",
        "Its plan shows no step to spare",
    ),
    (
        explained(typical=Plan(PlanNode("Index Scan"), "postgresql")),
        slow(),
        "A query reads 1,000,000 rows of task to keep 12; "
        "with other values it is planned differently",
        "certain",
        "Its plan shows no step to spare",
    ),
]


@pytest.mark.parametrize(("one", "query", "message", "confidence", "hint"), SAID)
def test_it_says_where_the_time_goes_and_what_to_do(one, query, message, confidence, hint):
    [finding] = found(one, query)
    assert (finding.message, finding.confidence) == (message, confidence)
    assert finding.hint.startswith(hint)


@pytest.mark.parametrize(
    ("cost_ms", "query", "saves_ms"),
    [
        (250.0, slow(), 250.0),
        (999.0, slow(), 300.0),
        (50.0, slow(200.0, count=3), 150.0),
        (None, slow(), 0.0),
    ],
)
def test_a_tip_saves_what_its_step_takes_and_no_more_than_all(cost_ms, query, saves_ms):
    [finding] = found(explained(tip("sequential-scan", cost_ms)), query)
    assert finding.saves_ms == finding.cost_ms(round_trip_ms=1.0) == saves_ms


# What tips are findings of their own


@pytest.mark.parametrize("name", TIPPED)
@pytest.mark.parametrize(
    ("cost_ms", "duration_ms", "detectors"),
    [
        (10.0, 20.0, {"tip"}),
        (9.9, 20.0, set()),
        (290.0, 300.0, {"tip"}),
        (20.0, 300.0, {"tip", "slow-query"}),
        (9.0, 300.0, {"slow-query"}),
        (None, 300.0, {"tip", "slow-query"}),
        (None, 99.0, set()),
    ],
    ids=["a tenth", "less", "the reason", "not the reason", "little", "not measured", "fast"],
)
def test_a_tip_counts_that_costs_a_tenth_of_what_is_slow(name, cost_ms, duration_ms, detectors):
    plan = replace(RAN, execution_ms=duration_ms)
    told = names(explained(tip(name, cost_ms), plan=plan), slow(duration_ms))
    assert set(told) == {name if detector == "tip" else detector for detector in detectors}
    assert len(told) == len(detectors)


@pytest.mark.parametrize("name", TIPPED)
def test_of_several_tips_of_a_query_the_dearest_is_told(name):
    one = explained(tip(name, 200.0, "First."), tip(name, 250.0, "Second."))
    [finding] = found(one)
    assert (finding.hint, finding.saves_ms, finding.severity) == ("Second.", 250.0, "warning")
    assert (finding.message, finding.confidence) == (f"A query does {name}", "certain")


@pytest.mark.parametrize("name", TIPPED)
def test_a_query_of_two_places_is_two_findings(name):
    twice = slow(), replace(slow(), location=line(9), repeats={99: 1})
    assert names(explained(tip(name, 250.0)), *twice) == [name, name]


def test_the_plan_of_another_database_says_nothing():
    one = explained(tip("non-sargable", 250.0))
    assert names(one, slow(database="other")) == ["slow-query"]


# stale-statistics

OFF = replace(SCAN, rows=50_000.0, rows_estimated=100.0, rows_removed=0.0)
NEVER = Table("task", {}, rows=50_000.0, analyzed=False)
CHANGED = Table("task", {}, rows=50_000.0, modified=10_001, analyzed_days=40.0)


def stale(table: Table = NEVER, node: PlanNode = OFF, *tips: Tip, analyzed: bool = True):
    plan = replace(RAN, root=node, analyzed=analyzed)
    return explained(*tips, plan=plan, schema=Schema("postgresql", {table.name: table}))


STALE = [
    (stale(), "The planner knows nothing of task: it was never analysed"),
    (
        stale(CHANGED),
        "The planner knows task as it was 40 days ago: 10,001 rows (20% of it) have changed since",
    ),
    (
        stale(replace(CHANGED, analyzed_days=None)),
        "The planner knows task as it was: 10,001 rows (20% of it) have changed since",
    ),
]


@pytest.mark.parametrize(("one", "message"), STALE)
def test_old_statistics_that_mislead_are_told(one, message):
    stale_one, slow_one = found(one)
    assert (stale_one.detector, slow_one.detector) == ("stale-statistics", "slow-query")
    assert (stale_one.message, stale_one.tables) == (message, ("task",))
    assert "ANALYZE task;" in stale_one.hint


FRESH = {
    "few rows": stale(replace(NEVER, rows=9_999.0), replace(OFF, rows=9_999.0)),
    "few changes": stale(replace(CHANGED, modified=10_000)),
    "a right guess": stale(NEVER, replace(OFF, rows_estimated=20_000.0)),
    "not run": stale(NEVER, OFF, analyzed=False),
    "never reached": stale(NEVER, replace(OFF, loops=0.0)),
    "another table": stale(replace(NEVER, name="other")),
    "without schema": explained(plan=replace(RAN, root=OFF)),
}


@pytest.mark.parametrize("one", FRESH.values(), ids=FRESH)
def test_statistics_that_mislead_nobody_are_not(one):
    assert names(one) == ["slow-query"]


def test_queries_that_are_fast_in_spite_of_old_statistics_are_not_told():
    assert names(stale(), slow(9.0)) == []


def test_a_table_is_told_once_at_the_dearest_of_its_queries():
    twice = slow(200.0), replace(slow(300.0), location=line(9), repeats={99: 1})
    told = [f for f in found(stale(), *twice) if f.detector == "stale-statistics"]
    assert [finding.location for finding in told] == [line(9)]


@pytest.mark.parametrize(
    ("table", "told"),
    [(NEVER, ["stale-statistics"]), (replace(NEVER, analyzed=True), ["row-misestimate"])],
)
def test_a_wrong_guess_with_old_statistics_has_one_cause(table, told):
    one = stale(table, OFF, tip("row-misestimate", 20.0))
    assert names(one, slow(50.0)) == told
