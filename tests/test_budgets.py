"""Budgets of a project's settings: through inspect(), the middleware, an audit and a check."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from queryscope import inspect, middleware, record
from queryscope.conf import Settings
from queryscope.core.findings import Report
from queryscope.core.gate import Verdict
from queryscope.core.suppression import Allowance
from queryscope.inspection import with_budgets

from .core.traces import group, trace
from .serving import connections_of_threads, fresh, records, reports  # noqa: F401  (fixtures)
from .test_command import ALIASES, run, shop  # noqa: F401  (a fixture)
from .testapp.models import Author

NAME = "GET /authors-of-books/"
RATIO = Verdict(NAME, "database_ratio", 3.0, 2)
#: An hour, and less than any request takes.
NEVER, ALWAYS = 3_600_000, 0.001


def measures(report: Report) -> list[str]:
    return sorted(f.digest for f in report.findings if f.detector == "query-budget")


# inspect()


@pytest.mark.parametrize(
    ("durations", "over"), [((900,), True), ((100, 900, 120), False), ((900, 120, 901), True)]
)
def test_a_time_is_judged_on_the_median_of_an_endpoint(durations, over):
    traces = [
        replace(trace(group(), name=NAME), duration_ms=float(ms), database_ms=ms / 2)
        for ms in durations
    ]
    limits = {"duration_ms": 500, "database_ms": 250}
    report = inspect(*traces, settings=Settings(query_budgets={NAME: limits}))
    assert measures(report) == ["database_ms", "duration_ms"] * over


@pytest.mark.django_db
def test_a_block_is_judged_by_the_budget_of_its_name(settings):
    settings.QUERYSCOPE = {
        **settings.QUERYSCOPE,
        "QUERY_BUDGETS": {"authors": {"queries": 3, "distinct": 1}},
    }
    with record("authors") as seen:
        for _ in range(2):
            Author.objects.count()
            Author.objects.first()
    told = [f.message for f in inspect(seen).findings if f.detector == "query-budget"]
    assert sorted(told) == ["2 distinct queries, the budget is 1", "4 queries, the budget is 3"]


def test_what_became_slower_is_a_finding_unless_it_is_allowed():
    report = inspect(trace(group(), name=NAME), settings=Settings())
    assert measures(with_budgets(report, [RATIO], Settings())) == ["database_ratio"]
    assert with_budgets(report, [replace(RATIO, value=2.0)], Settings()) == report
    allowed = Settings(allow=(Allowance(0, "nightly", endpoint="/authors-*"),))
    judged = with_budgets(report, [RATIO], allowed)
    assert (measures(judged), [f.digest for f in judged.suppressed]) == ([], ["database_ratio"])


def test_an_allowance_that_allows_more_is_told_of_once():
    allowed = Settings(
        query_budgets={NAME: {"queries": 0}},
        allow=(Allowance(0, "nightly", endpoint="/authors-*"),),
    )
    report = inspect(trace(group(), name=NAME), settings=allowed)
    over = [Verdict(NAME, "queries", 1, 0), RATIO]
    [suppression] = with_budgets(report, over, allowed).suppressions
    assert sorted(f.digest for f in suppression.findings) == ["database_ratio", "queries"]


def test_budgets_are_judged_as_they_are_today():
    before = inspect(
        trace(group(), name=NAME), settings=Settings(query_budgets={NAME: {"queries": 0}})
    )
    assert measures(before) == ["queries"]
    assert measures(with_budgets(before, [], Settings())) == []
    today = [Verdict(NAME, "distinct", 2, 1)]
    assert measures(with_budgets(before, today, Settings())) == ["distinct"]


# The middleware


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(
    ("limits", "over"),
    [
        (1, ["queries"]),
        ({"queries": 2, "distinct": 1, "database_ms": NEVER, "duration_ms": NEVER}, []),
        ({"queries": 1, "distinct": 0, "duration_ms": ALWAYS}, ["distinct", "duration", "queries"]),
    ],
)
def test_a_request_is_judged_by_itself(settings, caplog, limits, over):
    settings.QUERYSCOPE = {
        **settings.QUERYSCOPE,
        "QUERY_BUDGETS": {"/count/*": limits},
        "DUPLICATE_THRESHOLD": 9,
    }
    Client().get("/count/2/")
    logged = [r.queryscope for r in records(caplog) if r.queryscope["detector"] == "query-budget"]
    assert sorted(finding["digest"].removesuffix("_ms") for finding in logged) == over


@pytest.mark.usefixtures("fresh")
def test_a_late_request_is_analysed_though_a_fast_one_just_was(settings):
    for limit in (NEVER, ALWAYS):
        settings.QUERYSCOPE = {
            **settings.QUERYSCOPE,
            "QUERY_BUDGET": {"queries": 0, "duration_ms": limit},
        }
        Client().get("/count/1/")
    budgets = [
        sum(finding["detector"] == "query-budget" for finding in report["findings"])
        for report in reports()
    ]
    assert sorted(budgets) == [1, 2]


@pytest.mark.usefixtures("fresh")
def test_of_one_budget_a_request_is_analysed_once(settings):
    settings.QUERYSCOPE = {
        **settings.QUERYSCOPE,
        "QUERY_BUDGET": {"queries": 0, "duration_ms": ALWAYS},
    }
    for _ in range(2):
        Client().get("/count/1/")
    assert len(reports()) == 1
    assert middleware.analysed.passes("another", 60)


# The command


@pytest.fixture
def baseline(tmp_path: Path) -> str:
    return str(tmp_path / "queryscope-baseline.json")


def check(baseline: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit status, and what a check of the budgets says of one page."""
    chosen = ("/authors-of-books/", "--select", "query-budget", "--baseline", baseline)
    status, stdout, stderr = run("check", *chosen, "--format", "json", *arguments)
    assert status < 2, stderr
    return status, json.loads(stdout)


audited = pytest.mark.django_db(databases=ALIASES)


@audited
@pytest.mark.usefixtures("shop")
def test_a_check_tells_each_budget_over_or_under(settings, baseline):
    settings.QUERYSCOPE = {
        **settings.QUERYSCOPE,
        "QUERY_BUDGETS": {"/authors-of-books/": {"queries": 3, "distinct": 9}},
    }
    status, report = check(baseline)
    told = {each["measure"]: each["over"] for each in report["gate"]["budgets"]}
    assert (status, told) == (1, {"queries": True, "distinct": False})
    assert [finding["digest"] for finding in report["findings"]] == ["queries"]


@audited
@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("accepted", "now", "status"),
    [
        ({"queries": 3}, {"queries": 2}, 0),
        ({"queries": 3}, {"queries": 3, "distinct": 1}, 1),
        ({"duration_ms": ALWAYS}, {"duration_ms": ALWAYS}, 0),
        ({"queries": 99}, {"queries": 3}, 1),
    ],
)
def test_a_budget_is_new_where_the_baseline_does_not_know_it(
    settings, baseline, accepted, now, status
):
    settings.QUERYSCOPE = {**settings.QUERYSCOPE, "QUERY_BUDGET": accepted}
    chosen = ("/authors-of-books/", "--select", "query-budget", "--baseline", baseline)
    assert run("baseline", *chosen)[0] == 0
    settings.QUERYSCOPE = {**settings.QUERYSCOPE, "QUERY_BUDGET": now}
    assert check(baseline, "--strict")[0] == status


@audited
@pytest.mark.usefixtures("shop")
def test_a_known_budget_that_is_more_than_was_accepted_is_new(settings, baseline):
    settings.QUERYSCOPE = {**settings.QUERYSCOPE, "QUERY_BUDGET": 3}
    chosen = ("/authors-of-books/", "--select", "query-budget", "--baseline", baseline)
    assert run("baseline", *chosen)[0] == 0
    file = Path(baseline)
    [block] = json.loads(file.read_text())["findings"]
    assert (block["key"], block["count"]) == (f"query-budget::{NAME}::queries", 6)
    file.write_text(file.read_text().replace('"count": 6', '"count": 5'))
    assert check(baseline)[0] == 1


@audited
@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(("ratio", "status"), [(1e-6, 1), (1e6, 0)])
def test_a_ratio_refers_to_the_baseline(settings, baseline, ratio, status):
    settings.QUERYSCOPE = {**settings.QUERYSCOPE, "QUERY_BUDGET": {"database_ratio": ratio}}
    assert check(baseline)[1]["gate"]["budgets"] == [], "nothing was recorded yet"
    chosen = ("/authors-of-books/", "--select", "query-budget", "--baseline", baseline)
    assert run("baseline", *chosen)[0] == 0
    assert list(json.loads(Path(baseline).read_text())["recorded"]) == [NAME]
    found, report = check(baseline)
    [verdict] = report["gate"]["budgets"]
    assert (verdict["measure"], found) == ("database_ratio", status)
    assert [finding["digest"] for finding in report["findings"]] == ["database_ratio"] * status
