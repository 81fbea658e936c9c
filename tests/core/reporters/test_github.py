"""Workflow commands, read back as GitHub's runner reads them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from queryscope.core.findings import Report
from queryscope.core.reporters import REPORTERS

from . import checks, reports
from .workflow_commands import Command, commands

HERE = Path(__file__).parent


def render(report: Report) -> str:
    return REPORTERS["github"](report, root=reports.ROOT)


def kinds(report: Report) -> list[str]:
    return [command.name for command in commands(render(report))]


def test_snapshot() -> None:
    expected = (HERE / "github.txt").read_text(encoding="utf-8")
    assert render(checks.CHECKED) == expected


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (reports.EMPTY, []),
        (reports.FULL, ["error", "error", "warning"]),
        (reports.WORTH_KNOWING, []),
        (reports.SUPPRESSED, ["error", "error", "warning"]),
        (reports.SUPPRESSED_ALL, ["error"]),
        (checks.CLEAN, []),
        (checks.FIRST, ["notice"]),
        (checks.STRICT, ["error"]),
    ],
)
def test_kinds(report: Report, expected: list[str]) -> None:
    assert kinds(report) == expected


@pytest.mark.parametrize(
    ("report", "last"),
    [
        (reports.EMPTY, "queryscope: no findings"),
        (checks.CLEAN, "- 2 known findings, accepted in queryscope-baseline.json"),
        (checks.FIRST, "- There is no baseline yet, so everything is new"),
        (reports.SUPPRESSED_ALL, "- 2 findings allowed by suppressions"),
    ],
)
def test_the_log(report: Report, last: str) -> None:
    lines = render(replace(report, endpoints=())).splitlines()
    assert lines[-1] == last


@pytest.mark.parametrize(
    ("report", "verdict"),
    [
        (reports.FULL, "5 findings (3 errors, 1 warning, 1 info)"),
        (checks.CHECKED, "3 new findings"),
        (checks.CLEAN, "nothing new"),
        (checks.STRICT, "nothing new, but --strict counts what follows"),
        (
            replace(reports.SUPPRESSED, findings=()),
            "no findings, but suppressions that do not hold count",
        ),
    ],
)
def test_verdict(report: Report, verdict: str) -> None:
    assert f"queryscope: {verdict}" in render(report).splitlines()


def test_what_is_elsewhere_has_no_file() -> None:
    nowhere = reports.finding(location=replace(reports.ROWS, file=reports.ADMIN), origin=None)
    (command,) = commands(render(reports.report(nowhere)))
    assert command.properties.keys() == {"title"}
    # Worth knowing, and not the project's: a line of the log, no annotation.
    text = render(reports.report(reports.LIBRARY))
    assert commands(text) == []
    assert "- notice: n-plus-one in GET /orders/: Order.customer is loaded" in text


def test_one_annotation_for_all_endpoints() -> None:
    same = [reports.finding(endpoint=f"GET /{n}/", count=n) for n in range(1, 4)]
    (command,) = commands(render(reports.report(*same)))
    assert command.properties["title"] == "n-plus-one in GET /3/ and 2 more endpoints"


def many(severity: str, number: int) -> list[Any]:
    # Other digits than the lines', so that the dearest is not on the first line.
    return [
        reports.finding(
            severity=severity,
            location=replace(reports.ROWS, line=100 - n),
            saves=1_000 - n,
            relation=f"a.{severity}.{n}",
        )
        for n in range(number)
    ]


@pytest.mark.parametrize(
    ("errors", "infos", "shown", "notice"),
    [
        (10, 10, {"error": 10, "notice": 10}, None),
        (11, 0, {"error": 10, "notice": 1}, "1 error more in the log of this step"),
        (13, 10, {"error": 10, "notice": 10}, "3 errors, 1 notice more in the log of this step"),
        (0, 11, {"error": 0, "notice": 10}, "2 notices more in the log of this step"),
    ],
)
def test_ten_of_a_kind(errors: int, infos: int, shown: Any, notice: str | None) -> None:
    text = render(reports.report(*many("error", errors), *many("info", infos)))
    found = commands(text)
    assert {kind: [c.name for c in found].count(kind) for kind in shown} == shown
    lines = [c.properties.get("line") for c in found if c.name == "error"]
    assert lines == [str(100 - n) for n in range(min(errors, 10))]
    told = [c.message for c in found if c.properties["title"] == "queryscope"]
    assert told == ([notice] if notice else [])
    assert text.count("\n- error: ") == max(0, errors - 10)


def test_changed_lines_come_first_within_their_kind() -> None:
    changed = {"shop/orders/views.py": ((80, 80),)}
    report = replace(reports.report(*many("error", 30), reports.DUPLICATE), changed=changed)
    found = commands(render(report))
    assert [c.properties["line"] for c in found[:3]] == ["80", "100", "99"]
    assert [c.name for c in found].index("warning") == 10


@pytest.mark.parametrize(
    "nasty", ["a,line=9::b", "100%0A::error::x", "x\n::error::y", "%3A", ":,%"]
)
def test_what_is_escaped_comes_back(nasty: str) -> None:
    place = replace(reports.ROWS, file=f"{reports.ROOT}/{nasty}.py")
    found = reports.finding(location=place, message=nasty, endpoint=nasty, hint="", fix=None)
    shown = nasty.replace("\n", "\\n")
    assert commands(render(reports.report(found, endpoints=()))) == [
        Command(
            "error",
            {"file": f"{shown}.py", "line": "12", "title": f"n-plus-one in {shown}"},
            f"{shown}, 10 ms",
        )
    ]


def test_lines_of_the_log_are_no_commands() -> None:
    nasty = "::error::x ##[error]y ##[add-mask]z\n::error::x"
    report = checks.check(
        gate=replace(
            checks.GATE, file=nasty, fixed=(replace(checks.GONE, key=nasty),), strict=False
        ),
        endpoints=(reports.endpoint(nasty, 1, problem=nasty),),
        notes=(nasty,),
    )
    assert commands(render(report)) == []
