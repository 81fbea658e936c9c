"""When findings are one problem, and what it is known by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from queryscope.core.reporters.problems import numbered, problems, statement

from . import reports

PLACE = reports.finding().location
OTHER = replace(PLACE, line=99)


@pytest.mark.parametrize(
    ("changes", "numbers"),
    [
        ({"endpoint": "GET /b/"}, [[1]]),
        ({"count": 70, "message": "70 queries"}, [[1]]),
        ({"digest": "9" * 12}, [[1]]),
        ({"location": OTHER}, [[1], [2]]),
        ({"template": reports.TemplateLine("list.html", 1)}, None),
        ({"relation": None, "digest": "9" * 12}, None),
        ({"detector": "query-in-loop"}, None),
    ],
)
def test_one_problem_or_two(changes: dict[str, Any], numbers: Any) -> None:
    found = problems([reports.finding(), reports.finding(**changes)])
    assert [[problem.number] for problem in found] == (numbers or [[1], [1]])
    assert len({problem.fingerprint for problem in found}) == len(found)


def test_fingerprints_do_not_depend_on_order_or_lines() -> None:
    first, second = reports.finding(), reports.finding(location=OTHER)
    ahead = [f.fingerprint for f in problems([first, second])]
    assert [f.fingerprint for f in problems([second, first])] == ahead[::-1]
    moved = [
        replace(f, location=replace(f.location, line=f.location.line + 7)) for f in (first, second)
    ]
    assert [f.fingerprint for f in problems(moved)] == ahead


def test_no_two_groups_share_a_fingerprint() -> None:
    one, two = numbered([reports.finding()], [reports.finding(endpoint="GET /b/")])
    assert one[0].fingerprint != two[0].fingerprint


def test_the_worst_stands_for_all() -> None:
    found = problems([reports.ELSEWHERE, reports.finding(), reports.finding(severity="info")])
    assert [(p.worst.count, p.severity, len(p.findings)) for p in found] == [(50, "error", 3)]
    assert found[0].where == "GET /orders/ and 1 more endpoint"


def test_sql_is_told_where_no_relation_is() -> None:
    assert statement(reports.SLOW_QUERY)[0] == 'SELECT "orders_order"."id"'
    assert statement(reports.finding()) == statement(reports.BUDGET) == []
