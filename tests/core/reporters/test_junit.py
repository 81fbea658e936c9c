"""JUnit XML, read back by a parser that takes XML 1.0 only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from queryscope.core.findings import Report
from queryscope.core.reporters import REPORTERS

from . import checks, reports

HERE = Path(__file__).parent
#: What Jenkins and GitLab know.
KNOWN = {
    "testsuites": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testcase": {"classname", "name", "time", "file"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message"},
    "system-out": set[str](),
}


def suite(report: Report) -> ET.Element:
    suites = ET.fromstring(REPORTERS["junit"](report, root=reports.ROOT).encode())
    (only,) = suites
    return only


def outcomes(report: Report) -> dict[str, list[str]]:
    return {case.get("name", ""): [child.tag for child in case] for case in suite(report)}


def test_snapshot() -> None:
    expected = (HERE / "junit.xml").read_text(encoding="utf-8")
    assert REPORTERS["junit"](checks.CHECKED, root=reports.ROOT) == expected


@pytest.mark.parametrize(
    "report",
    [
        reports.EMPTY,
        reports.FULL,
        reports.SUPPRESSED,
        reports.PROVEN,
        checks.CHECKED,
        checks.FIRST,
        checks.STRICT,
    ],
)
def test_what_readers_know(report: Report) -> None:
    root = suite(report)
    for element in root.iter():
        assert element.attrib.keys() <= KNOWN[element.tag]
    cases = root.findall("testcase")
    tags = [child.tag for case in cases for child in case]
    assert {key: int(root.get(key, "")) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": len(cases),
        "failures": tags.count("failure"),
        "errors": tags.count("error"),
        "skipped": tags.count("skipped"),
    }
    # Readers keep one outcome of a case, and one case of a name.
    for case in cases:
        assert len([child for child in case if child.tag != "system-out"]) <= 1
    assert len({case.get("name") for case in cases}) == len(cases)


def test_outcomes() -> None:
    assert outcomes(reports.FULL) == {
        "GET /": [],
        "GET /dashboard/": ["failure"],
        "GET /orders/": ["failure"],
        "GET /orders/{pk}/": ["system-out"],
        "GET /about/": [],
        "GET /reports/{year}/": ["error"],
        "/admin/": ["skipped"],
        "/admin/orders/order/": ["skipped"],
        "/hooks/{pk}/": ["skipped"],
    }


@pytest.mark.parametrize(
    ("report", "failed"),
    [
        (reports.EMPTY, []),
        (reports.WORTH_KNOWING, []),
        (reports.SUPPRESSED, ["GET /orders/", "suppressions"]),
        (reports.report(reports.finding(endpoint="indexes")), ["indexes"]),
        (checks.CHECKED, ["GET /dashboard/", "GET /orders/", "baseline"]),
        (checks.CLEAN, []),
        (checks.FIRST, ["GET /orders/{pk}/"]),
        (checks.STRICT, ["baseline"]),
    ],
)
def test_it_fails_where_the_run_does(report: Report, failed: list[str]) -> None:
    assert [name for name, tags in outcomes(report).items() if "failure" in tags] == failed
    assert bool(failed) is report.failing


def test_all_findings_of_an_endpoint_are_told() -> None:
    case = next(case for case in suite(reports.FULL) if case.get("name") == "GET /orders/")
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("type") == "n-plus-one, duplicate-query"
    assert (failure.get("message") or "").endswith(" (and 2 more findings)")
    for text in (
        "Order.customer",
        "Order.lines",
        "Setting.get()",
        "  | SELECT ...",
        "list.html:14",
    ):
        assert text in (failure.text or "")
    assert case.get("file") == "shop/orders/models.py"


def test_seconds() -> None:
    report = reports.report(endpoints=(reports.endpoint("GET /", 1, duration_ms=1_234.5678),))
    assert [case.get("time") for case in suite(report)] == ["1.235"]


@pytest.mark.parametrize("code", [0, 0x0B, 0x85, 0xD800, 0xDCFF, 0xFFFE, 0xFFFF])
def test_what_xml_cannot_have(code: int) -> None:
    character = chr(code)
    nasty = f"<a href='&\">]]>{character}é项😀"
    found = reports.finding(endpoint=nasty, message=nasty, hint=nasty)
    report = reports.report(found, endpoints=(reports.endpoint(nasty, 1),))
    (case,) = suite(replace(report, skipped=()))
    assert (case.get("name") or "").startswith("<a href='&\">]]>")
    assert (case.get("name") or "").endswith("é项😀")
    assert character not in (case.findtext("failure") or "")
