"""Budgets: whose limit counts, what is over, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from queryscope.core.baseline import reach
from queryscope.core.budget_settings import budget_for, limits_of, unused
from queryscope.core.budgets import Budget, verdicts
from queryscope.core.detection import Options, detect
from queryscope.core.detectors.query_budget import exceeded, late
from queryscope.core.findings import Endpoint
from queryscope.core.gate import Verdict

from .traces import group, trace

NAME = "GET /api/tasks/"


def budget(default=None, **routes):
    """The budget of the endpoint, from what a project would write."""
    written = {name: limits_of(value) for name, value in routes.items()}
    return budget_for(NAME, limits_of(default), written)


def endpoint(**values):
    made = Endpoint(NAME, "/api/tasks/", 200, 5, 4, database_ms=300.0, duration_ms=800.0)
    return replace(made, **values)


# Whose limit counts


@pytest.mark.parametrize(
    ("default", "routes", "expected"),
    [
        (None, {}, Budget()),
        (4, {}, Budget(queries=4)),
        (0, {}, Budget(queries=0)),
        ({"distinct": 4, "database_ms": 9.5}, {}, Budget(distinct=4, database_ms=9.5)),
        (None, {NAME: 4}, Budget(queries=4)),
        (None, {"/api/tasks/": 4}, Budget(queries=4)),
        (None, {"/api/*": 4}, Budget(queries=4)),
        (None, {"GET /api/*": 4}, Budget(queries=4)),
        (None, {"* /api/*": 4}, Budget(queries=4)),
        (None, {"POST /api/tasks/": 4, "/API/*": 4, "/api/": 4}, Budget()),
        (9, {"/other/": 4}, Budget(queries=9)),
        (9, {"/api/*": 4}, Budget(queries=4)),
        (None, {"/api/*": 4, "/api/tasks/": 9}, Budget(queries=9)),
        (None, {"/api/tasks/": 9, NAME: 7}, Budget(queries=7)),
        (None, {NAME: 7, "/api/tasks/": 9}, Budget(queries=7)),
        (None, {"/api/t*": 4, "/api/*": 9}, Budget(queries=4)),
        (None, {"/api/*": 9, "/api/t*": 4}, Budget(queries=9)),
    ],
)
def test_the_most_special_limit_counts(default, routes, expected):
    assert budget(default, **routes) == expected


@pytest.mark.parametrize(
    ("default", "routes", "expected"),
    [
        (
            {"queries": 20, "duration_ms": 500},
            {NAME: {"queries": 10}},
            Budget(queries=10, duration_ms=500),
        ),
        ({"duration_ms": 500}, {NAME: 10}, Budget(queries=10, duration_ms=500)),
        (
            20,
            {NAME: {"distinct": 8}, "/api/t*": {"queries": 9}, "/api/*": {"queries": 1}},
            Budget(queries=9, distinct=8),
        ),
        (20, {NAME: {"queries": None}}, Budget()),
        ({"queries": 20, "distinct": 9}, {NAME: {"queries": None}}, Budget(distinct=9)),
        ({"queries": 20, "database_ratio": 2}, {"/api/*": None}, Budget()),
    ],
)
def test_each_measure_is_looked_up_by_itself(default, routes, expected):
    assert budget(default, **routes) == expected


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("/api/tasks/", False),
        ("GET /api/tasks/", False),
        ("/api/*", False),
        ("* /api/*", False),
        ("/hooks/{pk}/", False),
        ("GET /hooks/{pk}/", False),
        ("POST /api/nothing/", False),
        ("close_the_month", False),
        ("/api/taks/", True),
        ("GET /api/taks/", True),
        ("HEAD /api/tasks/", True),
        ("api/tasks/", True),
        ("/nothing/*", True),
    ],
)
def test_a_budget_of_no_route_is_told(pattern, told):
    found = list(unused([pattern], [NAME], ["/hooks/{pk}/"]))
    assert [pattern in note for note in found] == [True] * told


def test_a_budget_of_no_route_has_the_nearest_named():
    assert list(unused(["GET /api/taks/"], [NAME], [])) == [
        "QUERYSCOPE['QUERY_BUDGETS']['GET /api/taks/'] fits no route of this audit; "
        "did you mean '/api/tasks/'?"
    ]


def test_other_options_name_endpoints_alike():
    assert list(unused(["/nothing/*", "/api/*"], [NAME], [], "UNORDERED")) == [
        "QUERYSCOPE['UNORDERED']['/nothing/*'] fits no route of this audit."
    ]


# What is over


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (Budget(), []),
        (Budget(queries=5), [("queries", 5, False)]),
        (Budget(queries=4), [("queries", 5, True)]),
        (Budget(distinct=3), [("distinct", 4, True)]),
        (Budget(database_ms=300), [("database_ms", 300.0, False)]),
        (Budget(database_ms=299.9), [("database_ms", 300.0, True)]),
        (Budget(duration_ms=1000), [("duration_ms", 800.0, False)]),
        (Budget(database_ratio=3), []),
        (Budget(queries=0, duration_ms=9), [("queries", 5, True), ("duration_ms", 800.0, True)]),
    ],
)
def test_every_limit_has_a_verdict(limits, expected):
    found = verdicts([endpoint()], lambda name: limits, {})
    assert [(v.measure, v.value, v.over) for v in found] == expected
    assert all(v.limit == limits.limits[v.measure] and v.endpoint == NAME for v in found)


@pytest.mark.parametrize(
    ("recorded_ms", "ratio"), [(100.0, 3.0), (90.0, 3.33), (5.0, 60.0), (0.1, 60.0), (0.0, 60.0)]
)
def test_a_ratio_refers_to_the_recorded_time_but_not_to_noise(recorded_ms, ratio):
    [verdict] = verdicts([endpoint()], lambda name: Budget(database_ratio=2), {NAME: recorded_ms})
    assert (verdict.measure, verdict.value, verdict.limit) == ("database_ratio", ratio, 2)


def test_a_ratio_of_another_endpoint_says_nothing():
    budget_of_all = Budget(database_ratio=2)
    assert verdicts([endpoint()], lambda name: budget_of_all, {"GET /": 1.0}) == ()


def test_a_time_is_judged_as_it_is_shown():
    [verdict] = verdicts([endpoint(database_ms=300.04)], lambda name: Budget(database_ms=300), {})
    assert (verdict.value, verdict.over) == (300.0, False)


def test_an_endpoint_that_failed_is_not_judged():
    failed = endpoint(problem="500 Internal Server Error")
    assert verdicts([failed], lambda name: Budget(queries=1), {NAME: 1.0}) == ()


def test_the_worst_request_counts_where_an_endpoint_had_several():
    options = Options(query_budget={"queries": 4, "distinct": 4})
    asked = [trace(group(count=count), name=NAME) for count in (5, 7, 3)]
    found = detect(asked, options)
    [queries, distinct] = verdicts([endpoint()], options.budget_for, {}, found)
    assert (queries.value, queries.over) == (7, True)
    assert (distinct.value, distinct.over) == (4, False)


# What is said of it


def test_one_finding_for_each_count_that_is_over():
    asked = trace(group("SELECT 1", count=4), group("SELECT 2"), name=NAME)
    limits = {"queries": 3, "distinct": 1, "database_ms": 0.1, "duration_ms": 0.1}
    queries, distinct = detect([asked], Options(query_budget=limits))
    assert queries.message == "5 queries, the budget is 3"
    assert distinct.message == "2 distinct queries, the budget is 1"
    assert queries.key == f"query-budget::{NAME}::queries"
    assert distinct.key == f"query-budget::{NAME}::distinct"
    assert [(f.count, f.saves, f.severity) for f in (queries, distinct)] == [
        (5, 2, "error"),
        (2, 1, "error"),
    ]
    assert "Take away 2 or more" in queries.hint


def test_a_budget_of_nothing_counts_one_query():
    [finding] = detect([trace(group(), name=NAME)], Options(query_budget={"queries": 0}))
    assert finding.message == "1 query, the budget is 0"


@pytest.mark.parametrize(
    ("limits", "message", "hint"),
    [
        (
            Budget(database_ms=200),
            "database time 300 ms, the budget is 200 ms",
            "which queries to take away",
        ),
        (
            Budget(duration_ms=500.5),
            "a request takes 800 ms, the budget is 500.5 ms",
            "300 ms of it are in the database",
        ),
    ],
)
def test_one_finding_for_each_time_that_is_over(limits, message, hint):
    [finding] = (detection.finding for detection in late([endpoint()], lambda name: limits))
    [measure] = limits.limits
    assert (finding.message, finding.key) == (message, f"query-budget::{NAME}::{measure}")
    assert hint in finding.hint
    assert (finding.confidence, finding.count, finding.saves) == ("likely", 5, 0)


@pytest.mark.parametrize(
    ("limits", "reached"), [(Budget(database_ms=200), {1}), (Budget(queries=1), {5, 9})]
)
def test_a_baseline_knows_how_many_but_not_how_long(limits, reached):
    options = Options(query_budget=limits.limits)
    found = set()
    for queries in (5, 9):
        late_ones = late([endpoint(queries=queries)], lambda name: limits)
        asked = trace(group(count=queries), name=NAME)
        findings = [*detect([asked], options), *(each.finding for each in late_ones)]
        found |= set(reach(findings).values())
    assert found == reached


def test_counts_are_none_of_an_endpoint_that_is_late():
    limits = Budget(queries=1, distinct=1, database_ratio=1, database_ms=300, duration_ms=800)
    assert list(late([endpoint()], lambda name: limits)) == []


def test_an_endpoint_that_became_slower():
    over = Verdict(NAME, "database_ratio", 2.35, 2)
    kept = [replace(over, value=2.0), Verdict(NAME, "database_ms", 2.0, 2)]
    [finding] = exceeded([endpoint(name="GET /"), endpoint()], [over, *kept])
    assert finding.message == "database time 2.35 times the recorded one, the budget is 2"
    assert (finding.endpoint, finding.key) == (NAME, f"query-budget::{NAME}::database_ratio")
    assert finding.duration_ms == 300.0
