"""Two runs as a person reads them. The expected texts are files beside this one."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from queryscope.core.comparison import compare
from queryscope.core.findings import Report
from queryscope.core.reporters.comparison_formats import COMPARISON_REPORTERS
from queryscope.core.reporters.layout import width

from . import comparisons, reports

HERE = Path(__file__).parent
PAIRS = {
    "diff": (comparisons.BEFORE, comparisons.AFTER),
    "diff-regression": comparisons.REGRESSION,
    "diff-same": comparisons.SAME,
    "diff-of-two-kinds": (
        replace(comparisons.BEFORE, run="tests"),
        replace(comparisons.REGRESSION[1], database={"vendor": "sqlite"}),
    ),
    "diff-nothing-in-common": (reports.EMPTY, replace(reports.EMPTY, endpoints=())),
}


@pytest.mark.parametrize(("style", "suffix"), [("table", "txt"), ("markdown", "md")])
@pytest.mark.parametrize("name", PAIRS)
def test_snapshot(name: str, style: str, suffix: str) -> None:
    expected = (HERE / f"{name}.{suffix}").read_text(encoding="utf-8")
    assert COMPARISON_REPORTERS[style](compare(*PAIRS[name]), root=reports.ROOT) == expected


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_80_columns(pair: tuple[Report, Report]) -> None:
    for before, after in (pair, pair[::-1]):
        for line in COMPARISON_REPORTERS["table"](compare(before, after), verbose=True).split("\n"):
            assert width(line) <= 80
            assert line == line.rstrip()


NASTY = "\x1b[31mred\x07\r\nnext\u202eback\udcff | `tick` <b> @ann #12 [x](y) ](z)"


def test_everything_hostile_stays_on_its_line() -> None:
    found = reports.finding(
        endpoint=f"GET /{NASTY}/",
        request=f"/{NASTY}/",
        message=NASTY,
        hint=NASTY,
        location=reports.Location(f"/x/{NASTY}.py", 1, NASTY, NASTY),
        relation=None,
        fingerprint=NASTY,
    )
    after = comparisons.run(
        found,
        endpoints=(reports.endpoint(f"GET /{NASTY}/", 3), reports.endpoint("x", 1, problem=NASTY)),
    )
    for pair in ((comparisons.run(endpoints=()), after), (after, comparisons.run(endpoints=()))):
        table, markdown, plain = (
            COMPARISON_REPORTERS[name](compare(*pair)) for name in ("table", "markdown", "json")
        )
        # A command stays on its line, to be pasted.
        lines = [line for line in table.split("\n") if not line.startswith("    python ")]
        assert all(width(line) <= 80 for line in lines)
        json.loads(plain)
        for text in (table, markdown):
            text.encode("utf-8")
            assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", text)
        # Nobody is called, nothing links, no markup of others is markup here.
        prose = re.sub(r"`[^`\n]*`|<code>.*?</code>", "", markdown)
        assert not re.search(r"@\w|#\d|(?<!\\)\]\(|<b>", prose)


def test_a_comment_has_room_for_it() -> None:
    many = comparisons.run(
        *(
            reports.finding(relation=f"orders.Order.r{n}", message="x" * 5_000, hint="y" * 5_000)
            for n in range(300)
        ),
        endpoints=tuple(reports.endpoint(f"GET /{n}/{'z' * 500}/", n) for n in range(1, 300)),
    )
    for pair in ((comparisons.run(endpoints=()), many), (many, comparisons.run(endpoints=()))):
        markdown = COMPARISON_REPORTERS["markdown"](compare(*pair))
        assert len(markdown) < 65_536
        assert markdown.count("\n```") % 2 == 0
        assert markdown.count("<details>") == markdown.count("</details>")


def test_what_is_left_out_is_counted_and_told_when_asked() -> None:
    before = comparisons.run(
        *(reports.finding(relation=f"orders.Order.r{n}") for n in range(30)),
        endpoints=tuple(reports.endpoint(f"GET /{n}/", 9) for n in range(60)),
    )
    after = comparisons.run(endpoints=tuple(reports.endpoint(f"GET /{n}/", 3) for n in range(60)))
    render = COMPARISON_REPORTERS["table"]
    brief = render(compare(before, after))
    whole = render(compare(before, after), verbose=True)
    assert "and 20 more endpoints (-v 2 names them)" in brief
    assert "and 20 more (-v 2 names them)" in brief
    assert len(re.findall("GET /[0-9]", brief)) == 40
    assert len(re.findall("GET /[0-9]", whole)) == 60
    assert (brief.count("n-plus-one: "), whole.count("n-plus-one: ")) == (10, 30)
    assert "more" not in whole


def test_json_is_the_comparison() -> None:
    comparison = compare(comparisons.BEFORE, comparisons.AFTER)
    text = COMPARISON_REPORTERS["json"](comparison, root=reports.ROOT, verbose=True)
    data = json.loads(text)
    assert data == json.loads(json.dumps(comparison.as_dict()))
    assert data["version"] == 1
    assert data["before"]["summary"]["findings"] == {"error": 8, "warning": 1, "info": 0}
    rows = {
        row["name"]: (row["kind"], row["more_queries"], row["more_ms"]) for row in data["endpoints"]
    }
    assert rows["GET /orders/"] == ("changed", 50, 0.0)
    assert rows["GET /slow/"] == ("changed", 0, 20.0)
    assert rows["GET /old/"] == ("gone", 0, 0.0)
