"""What counts as a change from one run to another, and what does not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from queryscope.core.comparison import Comparison, compare
from queryscope.core.findings import Report, Skipped, Suppression
from queryscope.core.reporters.comparison_formats import COMPARISON_REPORTERS
from queryscope.core.sightings import Location

from .any_report import any_report
from .reporters import comparisons, reports
from .reporters.comparisons import elsewhere, index, run
from .reporters.reports import BUDGET, DUPLICATE, LIBRARY, SLOW_QUERY, WAITING, endpoint, finding

HERE = endpoint("GET /", 10)
PAGE = (HERE, endpoint("GET /orders/", 103))


def kinds(rows: Iterable[Any]) -> list[tuple[str, str]]:
    return [(row.kind, getattr(row, "name", None) or row.key) for row in rows]


# Endpoints.


@pytest.mark.parametrize(
    ("after", "mark"),
    [
        ({}, None),
        ({"queries": 11}, (1, 0.0)),
        ({"queries": 9}, (-1, 0.0)),
        ({"distinct": 9}, (0, 0.0)),
        ({"database_ms": 149.9}, None),  # less than half of it
        ({"database_ms": 150.0}, (0, 50.0)),
        ({"database_ms": 50.0}, (0, -50.0)),
        ({"database_ms": 50.1}, None),
        ({"queries": 11, "database_ms": 120.0}, (1, 0.0)),
        ({"duration_ms": 5_000.0}, None),
        ({"request": "/?page=2", "status": 302}, None),
    ],
)
def test_an_endpoint_has_changed(after: dict[str, Any], mark: tuple[int, float] | None) -> None:
    was = replace(HERE, database_ms=100.0)
    found = compare(run(endpoints=(was,)), run(endpoints=(replace(was, **after),))).endpoints
    assert [(row.more_queries, row.more_ms) for row in found] == ([mark] if mark else [])


@pytest.mark.parametrize(
    ("before_ms", "after_ms", "more"),
    [(1.0, 10.9, 0.0), (1.0, 11.0, 10.0), (0.0, 10.0, 10.0), (11.0, 1.0, -10.0), (10.0, 1.0, 0.0)],
)
def test_small_times_waver(before_ms: float, after_ms: float, more: float) -> None:
    before, after = (
        run(endpoints=(replace(HERE, database_ms=ms),)) for ms in (before_ms, after_ms)
    )
    assert sum(row.more_ms for row in compare(before, after).endpoints) == more


BROKEN = replace(HERE, problem="500")


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ((), (HERE,), "new"),
        ((), (BROKEN,), "failing"),
        ((HERE,), (BROKEN,), "failing"),
        ((BROKEN,), (HERE,), "recovered"),
        ((BROKEN,), (replace(BROKEN, queries=5),), None),
        ((HERE,), (), "gone"),
        ((HERE,), (HERE,), None),
    ],
)
def test_what_became_of_an_endpoint(before: Any, after: Any, kind: str | None) -> None:
    found = compare(run(endpoints=before), run(endpoints=after)).endpoints
    assert kinds(found) == ([(kind, "GET /")] if kind else [])
    assert [row.more_queries for row in found] == [0] * len(found)


@pytest.mark.parametrize(
    ("changes", "kind", "reason"),
    [
        ({}, "gone", ""),
        ({"whole": False}, "unseen", ""),
        ({"run": "tests"}, "unseen", ""),
        ({"skipped": (Skipped("/", "no rows"),)}, "unseen", "no rows"),
        ({"skipped": (Skipped("GET /", "no rows"),)}, "unseen", "no rows"),
        ({"skipped": (Skipped("/other/", "no rows"),)}, "gone", ""),
    ],
)
def test_gone_is_what_was_looked_for(changes: dict[str, Any], kind: str, reason: str) -> None:
    [row] = compare(run(endpoints=(HERE,)), run(endpoints=(), **changes)).endpoints
    assert (row.kind, row.reason) == (kind, reason)


def test_the_worst_comes_first() -> None:
    found = compare(comparisons.BEFORE, comparisons.AFTER).endpoints
    assert kinds(found) == [
        ("failing", "GET /reports/{year}/"),
        ("changed", "GET /orders/"),
        ("changed", "GET /slow/"),
        ("changed", "GET /shape/"),
        ("changed", "GET /staff/"),
        ("changed", "GET /less/"),
        ("changed", "GET /fast/"),
        ("new", "GET /new/|page/"),
        ("recovered", "GET /broken/"),
        ("unseen", "GET /hooks/{pk}/"),
        ("gone", "GET /logs/"),
        ("gone", "GET /old/"),
    ]


# Findings.


def of(comparison: Comparison) -> list[tuple[str, int, int]]:
    return [(row.kind, row.before, row.after) for row in comparison.findings]


QUERIES = replace(BUDGET, digest="queries")
ONE, TWO = finding(), elsewhere(finding(), 35)
MOVED = replace(DUPLICATE, location=Location(f"{reports.ROOT}/banners.py", 8, "banner"))
ALLOWED = Suppression("x", None, None, (), "", None, "used", findings=(ONE,))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((), (ONE,), [("new", 0, 1)]),
        ((), (ONE, TWO), [("new", 0, 2)]),
        ((ONE,), (ONE,), []),
        ((ONE,), (TWO,), []),  # a line moved
        ((ONE,), (replace(ONE, count=500, duration_ms=900.0),), []),  # more rows
        ((ONE,), (ONE, TWO), [("grown", 1, 2)]),
        ((ONE, TWO), (TWO,), [("shrunk", 2, 1)]),
        ((ONE,), (), [("fixed", 1, 0)]),
        ((ONE, TWO), (), [("fixed", 2, 0)]),
        ((DUPLICATE,), (MOVED,), [("moved", 1, 1)]),
        ((DUPLICATE,), (MOVED, DUPLICATE), [("new", 0, 1)]),
        ((QUERIES,), (replace(QUERIES, count=104),), [("grown", 103, 104)]),
        ((QUERIES,), (replace(QUERIES, count=90),), [("shrunk", 103, 90)]),
        ((LIBRARY,), (), []),  # code of others, only worth knowing
        ((), (LIBRARY, WAITING), []),
        ((replace(ONE, waiting=True, severity="info"),), (ONE,), []),  # a second row came
        ((), (replace(ONE, waiting=True, severity="info"),), [("new", 0, 1)]),
    ],
)
def test_what_became_of_a_finding(before: Any, after: Any, expected: Any) -> None:
    assert of(compare(run(*before), run(*after))) == expected


def test_what_is_allowed_is_not_fixed() -> None:
    assert of(compare(run(ONE), run(suppressions=(ALLOWED,)))) == [("allowed", 1, 0)]


def test_what_is_no_longer_allowed_is_new() -> None:
    assert of(compare(run(suppressions=(ALLOWED,)), run(ONE))) == [("new", 0, 1)]


@pytest.mark.parametrize(
    "after",
    [
        run(endpoints=(HERE,), whole=False),
        run(endpoints=(HERE,), skipped=(Skipped("/orders/", "no rows"),)),
        run(endpoints=(HERE, endpoint("GET /orders/", 0, problem="500"))),
        run(run="tests"),
    ],
    ids=["a choice", "skipped", "failed", "tests"],
)
def test_what_did_not_run_is_not_fixed(after: Report) -> None:
    assert "fixed" not in {row.kind for row in compare(run(ONE), after).findings}


def test_what_is_gone_with_its_page_is_fixed() -> None:
    assert of(compare(run(ONE), run(endpoints=(HERE,)))) == [("fixed", 1, 0)]


def test_what_depends_on_the_clock_is_told_apart() -> None:
    comparison = compare(run(), run(ONE, SLOW_QUERY))
    assert [row.key for row in comparison.of("new")] == [ONE.key]
    assert [row.key for row in comparison.of("new", steady=False)] == [SLOW_QUERY.key]


def test_findings_are_those_of_the_run_that_has_them() -> None:
    grown, fixed = compare(run(ONE, DUPLICATE), run(ONE, TWO)).findings
    assert (grown.findings, fixed.findings) == ((ONE, TWO), (DUPLICATE,))


def test_new_findings_are_in_the_order_of_what_they_cost() -> None:
    dear = finding(relation="orders.Order.dear", saves=900, count=900)
    assert [row.key for row in compare(run(), run(ONE, dear)).findings] == [dear.key, ONE.key]


# Indexes.


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((), ("status",), ["new"]),
        (("status",), (), ["gone"]),
        (("status",), ("status",), []),
        (("status",), ("created_at",), ["new", "gone"]),
    ],
)
def test_index_advice(before: Any, after: Any, expected: list[str]) -> None:
    then, now = (run(indexes=tuple(index(name) for name in names)) for names in (before, after))
    assert [row.kind for row in compare(then, now).indexes] == expected


def test_an_index_whose_pages_did_not_run_is_not_gone() -> None:
    elsewhere = run(indexes=(index("status", where="GET /hooks/"),))
    assert compare(elsewhere, run()).indexes == ()


def test_index_advice_is_told_once() -> None:
    missing = replace(SLOW_QUERY, detector="missing-index")
    comparison = compare(run(), run(missing, indexes=(index("status"),)))
    assert (comparison.findings, len(comparison.indexes)) == ((), 1)


# The whole.


@pytest.mark.parametrize("report", [comparisons.BEFORE, comparisons.AFTER, reports.FULL])
def test_a_run_has_not_changed_from_itself(report: Report) -> None:
    comparison = compare(report, report)
    assert not comparison.changed
    assert comparison.notes == ()


def test_proof_changes_nothing() -> None:
    without = tuple(replace(f, proof=None, confidence="certain") for f in reports.PROVEN.findings)
    refuted = tuple(each.finding for each in reports.PROVEN.withdrawn if not each.code)
    before = replace(reports.PROVEN, findings=(*without, *refuted), withdrawn=())
    comparison = compare(before, reports.PROVEN)
    assert not comparison.changed
    assert not compare(reports.PROVEN, before).of("fixed")


@settings(max_examples=60, deadline=None)
@given(any_report, any_report)
def test_any_two_reports_compare(before: Report, after: Report) -> None:
    for render in COMPARISON_REPORTERS.values():
        render(compare(before, after))
    assert not compare(after, after).changed


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"run": "tests"}, "The first report is of an audit, the second of a test run"),
        ({"endpoints": ()}, "no endpoint in common"),
        ({"endpoints": (BROKEN,)}, "no endpoint in common"),
        ({"database": {"vendor": "sqlite"}}, "ran on postgresql, the second on sqlite"),
        ({"tool": {"version": "9"}}, "made by queryscope 1.2.3, the second by 9"),
    ],
)
def test_what_does_not_compare_is_said(changes: dict[str, Any], note: str) -> None:
    [said] = compare(run(), run(**changes)).notes
    assert note in said
