"""The summary in Markdown, looked at as it is rendered."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from queryscope.core.findings import Report
from queryscope.core.reporters import REPORTERS
from queryscope.core.reporters.markup import code, fenced, text

from . import checks, reports

HERE = Path(__file__).parent
RENDERER = MarkdownIt("gfm-like", {"linkify": False, "html": True})
#: Tags that the summary itself uses.
OURS = {"h2", "h3", "p", "ul", "li", "code", "pre", "details", "summary"}
OURS |= {"table", "thead", "tbody", "tr", "th", "td"}


def render(report: Report) -> str:
    return REPORTERS["markdown"](report, root=reports.ROOT)


def shown(markdown: str) -> str:
    """The text that a reader sees."""
    rendered = RENDERER.render(markdown)
    return html.unescape(re.sub(r"<[^>]*>", "", rendered.replace("<!-- -->", "")))


def tags(markdown: str) -> set[str]:
    return set(re.findall(r"<([a-z0-9]+)", RENDERER.render(markdown)))


def test_snapshot() -> None:
    expected = (HERE / "markdown.md").read_text(encoding="utf-8")
    assert render(checks.CHECKED) == expected


@pytest.mark.parametrize(
    ("report", "heading"),
    [
        (reports.EMPTY, "no findings"),
        (reports.FULL, "5 findings (3 errors, 1 warning, 1 info)"),
        (reports.PROVEN, "6 findings (3 errors, 2 warnings, 1 info)"),
        (checks.CHECKED, "3 new findings"),
        (checks.CLEAN, "nothing new"),
        (checks.STRICT, "nothing new, but --strict counts what follows"),
    ],
)
def test_heading(report: Report, heading: str) -> None:
    assert shown(render(report)).startswith(f"queryscope: {heading}\n")
    assert tags(render(report)) <= OURS


@pytest.mark.parametrize(
    "told",
    [
        "1. n-plus-one (error): saves 120 queries, about 144 ms",
        "Order.customer is loaded for each Order row: 50 queries, 10 ms at most, at 2 endpoints",
        "shop/orders/models.py:31",
        "The rows come from shop/orders/views.py:12",
        'Order.objects.select_related("customer__country")',
        "2 known findings, accepted in queryscope-baseline.json",
        "n-plus-one  shop/orders/views.py  invoice_list  orders.Invoice.order",
        "GET /orders/: queries 103, the budget is 10",
        "1 known finding was not exercised",
    ],
)
def test_what_a_check_tells(told: str) -> None:
    assert told in shown(render(checks.CHECKED))


def test_what_is_only_worth_knowing_is_folded_away() -> None:
    markdown = render(reports.WORTH_KNOWING)
    assert "### " not in markdown
    assert "<details><summary>Worth knowing: 2 places</summary>" in markdown
    assert "### 1." in render(checks.FIRST)


def test_sql_is_told_where_no_relation_is() -> None:
    assert '```sql\nSELECT "orders_order"."id"\n' in render(reports.SLOW)


def test_the_change_comes_first_and_what_follows_from_it_last() -> None:
    markdown = render(reports.SEVERAL_STEPS)
    change, code, then = (
        markdown.index(told)
        for told in (
            "- Fix: Change the queryset at views.py:12.\n",
            "```python\nOrder.objects.select",
            "- Then read .lines\\_count instead of .lines.count().\n",
        )
    )
    assert change < code < then
    assert markdown.count("- Fix: Change the queryset at views.py:12") == 1


def test_the_worst_endpoints() -> None:
    many = tuple(reports.endpoint(f"GET /{n}/", n) for n in range(1, 26))
    markdown = render(reports.report(endpoints=many))
    assert re.findall(r"`GET /(\d+)/`", markdown) == [str(n) for n in range(25, 5, -1)]
    assert "\nAnd 5 cheaper endpoints.\n" in markdown


NASTY = [
    "a|b",
    "a\\|b",
    "`code`",
    "``",
    "\\",
    "<script>alert(1)</script>",
    "&lt;b&gt;",
    "[x](https://example.com)",
    "![x](https://example.com)",
    "*a* _b_ __c__ ~~d~~",
    "# not a heading",
    "1. not a list",
    "2) not a list",
    "- not a list",
    "+ not a list",
    "> not a quote",
    "@ann #12",
    "<!-- x",
    "$x$",
    "```",
]


@pytest.mark.parametrize("nasty", NASTY)
@pytest.mark.parametrize("escape", [text, code])
@pytest.mark.parametrize("place", ["- {}", "| {} |\n|---|\n| {} |", "## {}"])
def test_text_is_shown_as_it_is(nasty: str, escape: object, place: str) -> None:
    assert callable(escape)
    markdown = place.replace("{}", escape(nasty))
    lines = [line for line in shown(markdown).split("\n") if line]
    assert set(lines) == {nasty}
    assert tags(markdown) <= OURS | {"ul", "h2"}


@pytest.mark.parametrize("line", ["```", "````", "~~~", "</code>", "a\nb"])
def test_no_line_ends_a_fence(line: str) -> None:
    markdown = "\n".join(fenced(["before", line, "after"], "python"))
    assert shown(markdown).split() == ["before", line.replace("\n", "\\n"), "after"]


@pytest.mark.parametrize(("nasty", "pinged"), [("@ann", "@ann"), ("#12", "#12")])
def test_nobody_is_called(nasty: str, pinged: str) -> None:
    found = reports.finding(message=nasty, hint=nasty, endpoint=nasty)
    report = reports.report(found, notes=(nasty,), endpoints=(reports.endpoint(nasty, 1),))
    assert pinged not in re.sub(r"`[^`\n]*`", "", render(report))


@pytest.mark.parametrize("nasty", ["x", "項", "@|`\\<&", "\udcff"])
def test_it_stays_below_60_kilobytes(nasty: str) -> None:
    long = nasty * 3_000
    found = [
        reports.finding(
            message=long,
            hint=long,
            endpoint=f"{n}{long}",
            relation=f"a.B.{n}",
            location=replace(reports.ROWS, line=n, file=f"/{long}"),
            origin=replace(reports.ROWS, line=n) if n % 2 else None,
        )
        for n in range(300)
    ]
    endpoints = tuple(reports.endpoint(f"{n}{long}", n, problem=long) for n in range(50))
    report = checks.check(
        *found,
        endpoints=endpoints,
        notes=(long,) * 100,
        gate=replace(checks.GATE, fixed=(replace(checks.GONE, key=long),) * 100),
    )
    markdown = render(report)
    assert 20_000 < len(markdown.encode("utf-8")) < 60_000
    assert re.search(r"And \d+ more changes; the format `table` has no limit\.", markdown)


def test_lists_that_have_no_room_are_left_out() -> None:
    long = "@a`" * 300
    found = [
        reports.finding(
            severity="info", origin=None, location=None, relation=f"a.B.{n}", endpoint=long
        )
        for n in range(30)
    ]
    endpoints = tuple(reports.endpoint(f"{n}{long}", n) for n in range(30))
    markdown = render(reports.report(*found, reports.finding(), endpoints=endpoints))
    assert len(markdown.encode("utf-8")) < 60_000
    assert "### 1. " in markdown
    assert "<details>" not in markdown
