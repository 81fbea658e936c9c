"""What is said of requests that were run again, beside the snapshots of ``test_table``."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from queryscope.core.findings import Endpoint, Finding, Report, Withdrawn
from queryscope.core.repairs import Proof
from queryscope.core.reporters import REPORTERS
from queryscope.core.reporters.blocks import blocks
from queryscope.core.reporters.proof import figures, sentences

from . import checks
from .reports import (
    LIBRARY,
    LINES,
    PROVEN,
    PROVEN_ONE,
    ROOT,
    endpoint,
    finding,
    proven,
    report,
    rerun,
)


@pytest.mark.parametrize(
    ("proof", "told"),
    [
        (rerun(1_001, 3, 845, 21), "1,001 -> 3 queries, 845 -> 21 ms (-98 %), same response"),
        (rerun(2, 1, 9.94, 9.96), "2 -> 1 query, 9.9 -> 10 ms, same response"),
        (rerun(9, 2, 2_400, 1_200), "9 -> 2 queries, 2.4 -> 1.2 s (-50 %), same response"),
        (rerun(9, 2, 2_400, 600), "9 -> 2 queries, 2.4 s -> 600 ms (-75 %), same response"),
        (rerun(9, 0, 9_000, 0.4), "9 -> 0 queries, 9.0 s -> 0.4 ms (-99 %), same response"),
        (rerun(4, 4, 300, 240), "4 queries as before, 300 -> 240 ms (-20 %), same response"),
        (rerun(1, 1, 300, 330), "1 query as before, 300 -> 330 ms (+10 %), same response"),
        (rerun(9, 2, 0, 0), "9 -> 2 queries, 0.0 -> 0.0 ms, same response"),
        (rerun(9, 2, 8, 4, same_response=False), "9 -> 2 queries, 8.0 -> 4.0 ms (-50 %)"),
    ],
)
def test_figures(proof: Proof, told: str) -> None:
    assert figures(proof) == told


ALL = rerun(100, 2, 50, 5)
ALL_TOLD = "Proven: 100 -> 2 queries, 50 -> 5.0 ms (-90 %), same response"
WHY = "the response differs each time."
WHY_TOLD = "the response differs each time"


@pytest.mark.parametrize(
    ("findings", "told"),
    [
        ([finding()], []),
        ([proven(ALL)], [ALL_TOLD]),
        ([proven(ALL), replace(proven(ALL), relation="o.B.c")], [ALL_TOLD]),
        (
            [proven(rerun(100, 51, 50, 30)), replace(proven(ALL), relation="o.B.c")],
            [ALL_TOLD.replace("Proven", "Proven for B.c alone")],
        ),
        (  # as many queries, more time
            [proven(rerun(100, 2, 50, 40), relation=None), proven(ALL, relation=None)],
            [ALL_TOLD.replace("Proven", "Proven in part")],
        ),
        (
            [proven(rerun(9, 2, 5, 4)), proven(ALL, endpoint="GET /b/")],
            [f"{ALL_TOLD} in GET /b/"],
        ),
        ([finding(unproven=WHY)], [f"Not proven: {WHY_TOLD}"]),
        ([finding(unproven=WHY), replace(LINES, unproven=WHY)], [f"Not proven: {WHY_TOLD}"]),
        (
            [proven(ALL), replace(LINES, unproven=WHY)],
            [ALL_TOLD, f"Not proven for Order.lines: {WHY_TOLD}"],
        ),
        (
            [proven(ALL), finding(endpoint="GET /b/", unproven=WHY)],
            [f"{ALL_TOLD} in GET /orders/", f"Not proven in GET /b/: {WHY_TOLD}"],
        ),
        (
            [proven(ALL), finding(unproven=WHY), replace(LINES, unproven=WHY)],
            [ALL_TOLD, f"Not proven in part: {WHY_TOLD}"],
        ),
        ([finding(proof=ALL)], []),  # certain: what was run again did not bear it out
        ([proven(replace(ALL, method="the real index"))], []),
    ],
)
def test_what_is_said_of_a_change(findings: list[Finding], told: list[str]) -> None:
    assert sentences(findings) == told


@pytest.mark.parametrize(
    ("findings", "summary"),
    [
        ([finding()], "cured by 1 change."),
        ([proven(ALL)], "cured by 1 change, proven."),
        ([finding(unproven=WHY)], "cured by 1 change, not proven."),
        ([proven(ALL), replace(LIBRARY, unproven=WHY)], "cured by 2 changes, 1 of them proven."),
        (
            [proven(ALL), replace(LIBRARY, confidence="proven", proof=ALL)],
            "cured by 2 changes, all of them proven.",
        ),
        ([proven(ALL), replace(LINES, unproven=WHY)], "cured by 1 change, proven in part."),
        (
            [proven(ALL), replace(LINES, unproven=WHY), LIBRARY],
            "cured by 2 changes, 1 of them proven in part.",
        ),
        (
            [
                proven(ALL),
                replace(LINES, unproven=WHY),
                replace(LIBRARY, confidence="proven", proof=ALL),
            ],
            "cured by 2 changes, 1 of them proven, 1 in part.",
        ),
    ],
)
def test_changes_that_are_proven_are_counted(findings: list[Finding], summary: str) -> None:
    text = " ".join(render(report(*findings)).split())
    assert summary in text


@pytest.mark.parametrize(
    ("confidences", "kind"),
    [
        (["proven", "proven"], "error, proven"),
        (["proven", "likely"], "error, proven in part"),
        (["certain", "proven"], "error, proven in part"),
        (["likely", "certain"], "error, likely"),
        (["certain", "likely"], "error"),
    ],
)
def test_the_title_tells_of_the_whole_change(confidences: list[Any], kind: str) -> None:
    (block,) = blocks([finding(confidence=one) for one in confidences], 1.0)
    assert block.kind == kind


def render(shown: Report, *, verbose: bool = False, name: str = "table") -> str:
    return REPORTERS[name](shown, root=ROOT, verbose=verbose)


def page(number: int) -> Endpoint:
    return endpoint(f"GET /{number}/", 100, proof=rerun(100, number, 50, 25))


@pytest.mark.parametrize(
    ("pages", "verbose", "shown"), [(2, False, 2), (11, False, 11), (12, False, 10), (12, True, 12)]
)
def test_pages_that_gain_most(pages: int, verbose: bool, shown: int) -> None:
    endpoints = tuple(page(number) for number in range(pages))
    text = render(report(endpoints=endpoints), verbose=verbose)
    table = text.partition("Proven, all changes of a page at once:\n")[2]
    names = [line.split()[-1] for line in table.splitlines() if " -> " in line]
    assert names == [f"/{number}/" for number in range(shown)]
    assert ("and 2 more endpoints (-v 2 names them)" in table) is (shown < pages)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, False),
        ({"findings": (proven(rerun(103, 53, 1_250, 700)),)}, True),
        ({"findings": (proven(rerun(103, 4, 1_250, 30)),)}, False),
        ({"endpoints": (page(1), page(2))}, True),
        ({"endpoints": (page(1), page(2)), "gate": checks.GATE}, False),
    ],
)
def test_a_page_is_told_where_the_changes_do_not_say_it(
    changes: dict[str, Any], told: bool
) -> None:
    for name in ("table", "markdown"):
        text = render(replace(PROVEN_ONE, **changes), name=name)
        assert ("all changes of a page at once" in text) is told


@pytest.mark.parametrize(
    ("withdrawn", "told"),
    [
        ([""], "1 finding withdrawn: running the request again refuted it (-v 2 tells why)"),
        (["x"], "1 fix withdrawn: running the request again refuted it (-v 2 tells why)"),
        (["", ""], "2 findings withdrawn: running the request again refuted them"),
        (["x", "y", ""], "1 finding and 2 fixes withdrawn: running the request again refuted them"),
    ],
)
def test_what_was_withdrawn_is_counted(withdrawn: list[str], told: str) -> None:
    made = tuple(Withdrawn(finding(), "Why.", code) for code in withdrawn)
    assert told in " ".join(render(report(withdrawn=made)).split())


@pytest.mark.parametrize(
    ("verbose", "gate", "told"),
    [
        (False, None, "GET /0/ and 2 more endpoints (-v 2 names them) mail: 1 message"),
        (True, None, "GET /0/ GET /1/ GET /2/ mail: 1 message"),
        (False, checks.GATE, "3 endpoints reached more than the database (-v 2 names them)"),
    ],
)
def test_what_was_reached_beside_the_database(verbose: bool, gate: Any, told: str) -> None:
    endpoints = tuple(endpoint(f"GET /{n}/", 1, touched=("mail: 1 message",)) for n in range(3))
    text = render(report(endpoints=endpoints, gate=gate), verbose=verbose)
    assert told in " ".join(text.split())


def test_places_that_were_reached_are_not_endless() -> None:
    endpoints = tuple(endpoint(f"GET /{n}/", 1, touched=(f"cache: {n}",)) for n in range(14))
    assert "    and 4 more endpoints (-v 2 names them)\n" in render(report(endpoints=endpoints))
    assert "cache: 13" in render(report(endpoints=endpoints), verbose=True)


@pytest.mark.parametrize("name", ["table", "markdown", "github", "gitlab", "junit", "sarif"])
def test_a_proven_fix_says_its_figures(name: str) -> None:
    text = render(PROVEN, name=name).replace("%25", "%").replace("&gt;", ">")
    assert "1,103 -> 5 queries, 845 -> 21 ms (-97 %), same response" in text
    assert "Proven" not in render(report(finding()), name=name)


def test_what_has_no_advice_says_why_alone() -> None:
    text = render(report(finding(fix=None, hint="", unproven=WHY)))
    assert f"orders = Order.objects.filter(open=True)\n\n   Not proven: {WHY_TOLD}\n" in text
    assert "Fix:" not in text


def test_a_diff_is_shown_once_for_who_asks() -> None:
    other = replace(PROVEN.findings[0], relation="orders.Order.notes")
    shown = replace(PROVEN, findings=(*PROVEN.findings, other))
    assert render(shown, verbose=True).count("+++ b/shop/orders/views.py") == 1
    assert "+++ b/" not in render(shown)


def test_json_has_all_of_it() -> None:
    data = json.loads(render(PROVEN, name="json"))
    assert data["findings"][0]["proof"]["queries_after"] == 5
    assert data["endpoints"][2]["proof"]["method"] == "rerun"
    assert data["endpoints"][0]["touched"] == ["mail: 2 messages not sent", "socket: 10.0.0.7:6379"]
    assert data["withdrawn"][1]["code"].startswith("Order.objects.")
    assert data["withdrawn"][0]["finding"]["key"].endswith("::orders.Order.notes")
    assert [one["unproven"] for one in data["findings"] if one["unproven"]] != []


def test_the_step_to_all_that_is_proven() -> None:
    step = "    python manage.py queryscope fix"
    assert f"{step}\n" in render(PROVEN)
    assert f"{step} /orders/\n" in render(PROVEN_ONE)
    assert step not in render(report(finding(unproven=WHY)))
