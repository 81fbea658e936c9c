"""What a person reads. The expected texts are files beside this one: read them as output."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from queryscope.core.findings import Report
from queryscope.core.reporters.blocks import blocks
from queryscope.core.reporters.layout import width
from queryscope.core.reporters.listings import paste_lines
from queryscope.core.reporters.table import render

from . import checks, reports

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    ("name", "report", "verbose"),
    [
        ("full", reports.FULL, False),
        ("full-verbose", reports.FULL, True),
        ("worth-knowing", reports.WORTH_KNOWING, False),
        ("worth-knowing-verbose", reports.WORTH_KNOWING, True),
        ("several-steps", reports.SEVERAL_STEPS, False),
        ("slow", reports.SLOW, False),
        ("empty", reports.EMPTY, False),
        ("repeated", reports.REPEATED, False),
        ("suppressed", reports.SUPPRESSED, False),
        ("suppressed-verbose", reports.SUPPRESSED, True),
        ("suppressed-all", reports.SUPPRESSED_ALL, False),
        ("proven", reports.PROVEN, False),
        ("proven-verbose", reports.PROVEN, True),
        ("proven-one", reports.PROVEN_ONE, False),
        ("check", checks.CHECKED, False),
        ("check-verbose", checks.CHECKED, True),
        ("check-clean", checks.CLEAN, False),
        ("check-first", checks.FIRST, False),
        ("check-strict", checks.STRICT, False),
    ],
)
def test_snapshot(name: str, report: Report, verbose: bool) -> None:
    expected = (HERE / f"{name}.txt").read_text(encoding="utf-8")
    assert render(report, root=reports.ROOT, verbose=verbose) == expected


@pytest.mark.parametrize(
    "report",
    [
        reports.FULL,
        reports.WORTH_KNOWING,
        reports.SEVERAL_STEPS,
        reports.SLOW,
        reports.EMPTY,
        reports.REPEATED,
        reports.SUPPRESSED,
        reports.PROVEN,
        checks.CHECKED,
        checks.FIRST,
    ],
)
def test_80_columns_and_plain_text(report: Report) -> None:
    for line in render(report, root=reports.ROOT, verbose=True).splitlines():
        assert width(line) <= 80
        assert line == line.rstrip()
        assert "\x1b" not in line


def test_everything_hostile_stays_on_its_line() -> None:
    nasty = "\x1b[31mred\x07\r\nnext\u202eback\udcff"
    found = reports.finding(
        endpoint=f"GET /{nasty}/",
        request=f"/{nasty}/",
        message=nasty,
        hint=nasty,
        location=reports.Location(f"/x/{nasty}.py", 1, nasty, nasty),
        relation=None,
        fingerprint=nasty,
    )
    text = render(
        reports.report(
            found,
            endpoints=(
                reports.endpoint(f"GET /{nasty}/", 3),
                reports.endpoint("x", 1, problem=nasty),
            ),
            skipped=(reports.Skipped(nasty, nasty),),
            suppressions=(
                reports.suppression("used", file=nasty, reason=nasty, findings=(found,)),
                reports.suppression("misspelt", file=nasty, name=nasty, message=nasty),
            ),
        ),
        verbose=True,
    )
    assert text.isprintable() or set(text) - set("\n") == {c for c in text if c.isprintable()}
    text.encode("utf-8")


def test_findings_of_one_origin_are_one_change() -> None:
    made = blocks(reports.FULL.findings, 1.0)
    assert [len(block.findings) for block in made] == [3, 1, 1]
    assert made[0].fixes() == (reports.MERGED.code,)
    assert made[0].endpoints == ("GET /orders/", "GET /dashboard/")


def test_one_line_of_a_library_may_hold_several_origins() -> None:
    other = reports.Fix("select_related", ("tag",), 'Tag.objects.select_related("tag")')
    assert len(blocks([reports.finding(), reports.finding(fix=other, relation="a.B.c")], 1.0)) == 2


def test_the_widest_fix_stands_for_those_it_contains() -> None:
    part = reports.Fix("select_related", ("lines__product",), 'Order.objects.prefetch_related("x")')
    (block,) = blocks([reports.finding(fix=part), reports.finding()], 1.0)
    assert block.fixes() == (reports.MERGED.code,)
    apart = reports.Fix("annotate", ("n",), 'Order.objects.annotate(n=Count("n"))')
    (block,) = blocks([reports.finding(fix=part), reports.finding(fix=apart)], 1.0)
    assert block.fixes() == (part.code, apart.code)


def test_sql_is_broken_as_sql() -> None:
    code = (
        'CREATE INDEX "order_day_status_idx" ON "orders_order" '
        "((CAST(\"placed_at\" AT TIME ZONE 'UTC' AS DATE))) WHERE (\"data\" -> 'key') IS NOT NULL"
    )
    text = render(reports.report(reports.finding(fix=reports.Fix("index", (), code))))
    pasted = text[text.index("CREATE INDEX") : text.index(";") + 1]
    assert " ".join(pasted.split()) == f"{code};"


def test_an_unused_index_is_named() -> None:
    index = reports.finding(
        detector="unused-index",
        severity="info",
        relation="orders_order.order_note_idx",
        saves=0,
        count=0,
    )
    text = render(reports.report(index, reports.LIBRARY))
    assert "  Indexes that no query has used yet (unused-index):" in text
    assert "    orders_order.order_note_idx\n" in text
    assert "Loaded and not read" not in text


def test_what_is_only_worth_knowing_comes_last() -> None:
    dear = reports.finding(origin=None, severity="info", saves=500, count=500)
    assert [block.severity for block in blocks([dear, reports.finding()], 1.0)] == ["error", "info"]


def test_a_budget_saves_nothing_of_its_own() -> None:
    made = blocks([reports.BUDGET, reports.finding()], 1.0)
    assert [(block.saves, block.is_budget) for block in made] == [(50, False), (0, True)]
    only = render(reports.report(reports.BUDGET))
    assert "1. query-budget (error) " in only
    assert "93 queries over the budget" in only
    assert "Next: take queries away from GET /orders/, then ask again:" in only
    assert "Together" not in only


ONCE = "50 queries, 10 ms"
AT_TWO = f"{ONCE} at most, at 2 endpoints"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ([{}, {"endpoint": "GET /b/"}], [AT_TWO]),
        ([{}, {"location": replace(reports.ROWS, line=99)}], [ONCE, ONCE]),
        ([{}, {"origin": replace(reports.ROWS, code="")}], [ONCE]),
        (
            [{}, {"endpoint": "GET /b/"}, {"template": reports.TemplateLine("x.html", 3)}],
            [AT_TWO, ONCE],
        ),
    ],
)
def test_endpoints_are_counted_not_findings(changes: list[Any], told: list[str]) -> None:
    text = " ".join(render(reports.report(*(reports.finding(**c) for c in changes))).split())
    assert sorted(re.findall("Order row: (.*?) -->", text)) == sorted(told)


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (reports.Location("/home/ann/shop/t/list.html", 7, "render", ""), "t/list.html:7"),
        (reports.Location("/home/ann/shop/t/list.jinja", 7, "", ""), "t/list.jinja:7"),
        (reports.Location("/home/ann/shop/a.py", 7, "", ""), "a.py:7"),
        (reports.Location("/home/ann/shop/a.py", 7, "f", ""), "a.py:7 in f"),
        (reports.Location("", 0, "", ""), ":0"),
    ],
)
def test_a_place_without_function_or_code(place: Any, line: str) -> None:
    for found in (reports.finding(origin=place), reports.finding(location=place, origin=None)):
        lines = render(reports.report(found), root=reports.ROOT).splitlines()
        at = lines.index(f"     --> {line}")
        assert not lines[at + 1].strip()


def test_dearest_change_first() -> None:
    cheap, dear = reports.finding(saves=1), reports.finding(origin=None, saves=500, count=500)
    assert [block.saves for block in blocks([cheap, dear], 1.0)] == [500, 1]


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("Short.objects.all()", ["Short.objects.all()"]),
        (
            'Task.objects.select_related("project__owner").prefetch_related("a")',
            [
                "Task.objects.select_related(",
                '    "project__owner",',
                ").prefetch_related(",
                '    "a",',
                ")",
            ],
        ),
        (
            'Task.objects.all().annotate(a=Count("a", distinct=True), b=Sum("b)", filter=Q(x=1)))',
            [
                "Task.objects.all().annotate(",
                '    a=Count("a", distinct=True),',
                '    b=Sum("b)", filter=Q(x=1)),',
                ")",
            ],
        ),
        (
            "def get_queryset(self, request):\n"
            '    return super().get_queryset(request).select_related("author__user")',
            [
                "def get_queryset(self, request):",
                "    return super().get_queryset(",
                "        request,",
                "    ).select_related(",
                '        "author__user",',
                "    )",
            ],
        ),
        (
            'T.objects.annotate(has_links=Exists(Link.objects.filter(t=OuterRef("pk"))))',
            [
                "T.objects.annotate(",
                "    has_links=Exists(",
                '        Link.objects.filter(t=OuterRef("pk")),',
                "    ),",
                ")",
            ],
        ),
        ("# " + "long (very) " * 6, ["# " + "long (very) " * 6]),
        ("rows = filter(\n" + "x" * 60 + ")", ["rows = filter(", "x" * 60 + ")"]),
        ("first = 1\nsecond = '" + "x" * 60 + "'", ["first = 1", "second = '" + "x" * 60 + "'"]),
    ],
)
def test_paste_lines(code: str, lines: list[str]) -> None:
    assert paste_lines(code, 50) == lines


@pytest.mark.parametrize("room", range(10, 120, 7))
def test_pasted_code_means_the_same(room: int) -> None:
    code = (
        'Order.objects.all().select_related("a__b", "c").prefetch_related("d", Prefetch("e", '
        'queryset=E.objects.filter(name="(x, y)"))).annotate(n=Count("n"))'
    )
    assert ast.dump(ast.parse("\n".join(paste_lines(code, room)))) == ast.dump(ast.parse(code))


def test_what_a_fix_names_of_django_is_imported_above_it() -> None:
    code = 'Order.objects.annotate(lines_count=Count("lines", filter=Q(lines__paid=True)))'
    fix = replace(reports.MERGED, code=code)
    lines = render(reports.report(reports.finding(fix=fix))).splitlines()
    above = lines.index("       from django.db.models import Count, Q")
    assert lines[above + 1].strip() == ""
    assert lines[above + 2].strip().startswith("Order.objects.annotate(")


def test_what_the_project_may_mean_is_not_said_to_be_anothers() -> None:
    finding = replace(
        reports.FULL.findings[0], detector="deferred-load", severity="info", waiting=False
    )
    text = render(replace(reports.FULL, findings=(finding,)), root=reports.ROOT)
    assert "In your code, perhaps as it is meant to be" in text
    assert "installed packages" not in text


def test_what_could_not_be_done_is_said() -> None:
    noted = replace(reports.EMPTY, notes=("No indexes were advised: why.",))
    assert "\nNo indexes were advised: why.\n" in render(noted)
