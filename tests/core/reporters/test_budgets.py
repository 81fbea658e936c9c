"""Budgets as a check shows them, in 80 columns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from queryscope.core.gate import Verdict
from queryscope.core.reporters.budgets import lines
from queryscope.core.reporters.layout import width
from queryscope.core.reporters.table import render

from . import reports

OVER = (
    Verdict("GET /a/", "queries", 15, 10),
    Verdict("GET /b/{pk}/", "database_ms", 1412.34, 200),
    Verdict("GET /a/", "database_ratio", 2.5, 2),
    Verdict("GET /c/", "queries", 1, 0),
)
KEPT = (Verdict("GET /a/", "distinct", 3, 8), Verdict("GET /c/", "duration_ms", 80.0, 500.0))


def test_without_budgets_nothing_is_said() -> None:
    assert list(lines(())) == []


def test_what_is_over_is_told_worst_first_and_the_others_are_counted() -> None:
    assert list(lines(KEPT + OVER)) == [
        "4 budgets exceeded:",
        "      Over  Budget  Measure         Endpoint",
        "----------  ------  --------------  ------------",
        "         1       0  queries         GET /c/",
        "1,412.3 ms  200 ms  database time   GET /b/{pk}/",
        "        15      10  queries         GET /a/",
        "       2.5       2  database ratio  GET /a/",
        "2 budgets kept (-v 2 names them)",
    ]


def test_the_others_are_named_when_asked_for() -> None:
    assert list(lines(KEPT, verbose=True)) == [
        "2 budgets kept:",
        "Under  Budget  Measure           Endpoint",
        "-----  ------  ----------------  --------",
        "    3       8  distinct queries  GET /a/",
        "80 ms  500 ms  request time      GET /c/",
    ]


@pytest.mark.parametrize("name", ["GET /" + "long/" * 40, "GET /東京/" * 20, "GET /\x1b[31m/"])
def test_the_table_fits_a_terminal(name: str) -> None:
    told = list(lines([Verdict(name, "database_ratio", 12345.25, 10000.75)]))
    assert max(map(width, told)) <= 80
    assert "\x1b" not in "".join(told)


def test_a_time_over_its_budget_is_told_without_a_number_of_queries() -> None:
    late = replace(
        reports.BUDGET,
        message="database time 412 ms, the budget is 200 ms",
        confidence="likely",
        digest="database_ms",
        saves=0,
    )
    text = render(reports.report(late))
    assert "1. query-budget (error, likely) " in text
    assert " over the budget\n" in text
    assert "0 queries" not in text
    assert "Next: speed up GET /orders/, then ask again:" in text
