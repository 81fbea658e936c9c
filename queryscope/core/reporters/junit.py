"""JUnit XML, as Jenkins and GitLab read it: an endpoint is a test case.

Both read one failure of a test case, so that all findings of an endpoint are told in one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from ..findings import Finding, Report
from .blocks import short_place
from .layout import clean, plural
from .problems import described, remedy, statement
from .remarks import remarks
from .sites import places, site_of

_NAME = "queryscope"
#: What XML 1.0 has no way to write.
_ILLEGAL = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report, *, root: str = "", verbose: bool = False) -> str:
    """Fails where the run fails: what is only worth knowing is a case's output."""
    suite = ET.Element("testsuite", name=_NAME)
    suite.extend(_cases(report, root))
    cases = suite.findall("testcase")
    counts = {
        "tests": str(len(cases)),
        "failures": str(len(suite.findall("testcase/failure"))),
        "errors": str(len(suite.findall("testcase/error"))),
        "skipped": str(len(suite.findall("testcase/skipped"))),
        "time": _seconds(sum(endpoint.duration_ms for endpoint in report.endpoints)),
    }
    suite.attrib.update(counts)
    suites = ET.Element("testsuites", {"name": _NAME, **counts})
    suites.append(suite)
    ET.indent(suites)
    text = ET.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _cases(report: Report, root: str) -> Iterator[ET.Element]:
    found: dict[str, list[Finding]] = {endpoint.name: [] for endpoint in report.endpoints}
    for finding in report.findings:
        found.setdefault(finding.endpoint, []).append(finding)
    durations = {endpoint.name: endpoint.duration_ms for endpoint in report.endpoints}
    problems = {endpoint.name: endpoint.problem for endpoint in report.endpoints}
    for endpoint, findings in found.items():
        case = _case(endpoint, durations.get(endpoint, 0.0))
        failing = [f for f in findings if report.gate is not None or f.severity != "info"]
        if problems.get(endpoint):
            _add(case, "error", problems[endpoint] or "", _NAME, _told(findings, root))
        elif failing:
            _fail(case, failing, root)
        if told := _told([f for f in findings if f not in failing], root):
            ET.SubElement(case, "system-out").text = told
        yield case
    # What no audit requests, or nobody asked to, is no test that was left out.
    for route in (route for route in report.skipped if not route.expected):
        if route.route not in found:
            case = _case(route.route, 0.0)
            ET.SubElement(case, "skipped", message=_line(route.reason))
            yield case
    yield from _others(report, root)


def _case(name: str, duration_ms: float) -> ET.Element:
    return ET.Element("testcase", classname=_NAME, name=_line(name), time=_seconds(duration_ms))


def _fail(case: ET.Element, findings: Sequence[Finding], root: str) -> None:
    more = f" (and {plural(len(findings) - 1, 'more finding')})" if len(findings) > 1 else ""
    kinds = ", ".join(dict.fromkeys(finding.detector for finding in findings))
    site = next(filter(None, (site_of(finding, root) for finding in findings)), None)
    if site is not None:
        case.set("file", _line(site.file))
    _add(case, "failure", described(findings[0]) + more, kinds, _told(findings, root))


def _others(report: Report, root: str) -> Iterator[ET.Element]:
    """What fails the run although it belongs to no endpoint."""
    wrong = [suppression for suppression in report.suppressions if not suppression.holds]
    if not (wrong or (report.gate is not None and report.gate.failing)):
        return
    case = _case("suppressions" if wrong else "baseline", 0.0)
    lines = [
        line
        for remark in remarks(report, root)
        for line in (remark.text, *(f"  {name}" for name in remark.names))
    ]
    _add(case, "failure", lines[0], _NAME, "\n".join(map(_line, lines)))
    yield case


def _add(case: ET.Element, kind: str, message: str, type_: str, text: str) -> None:
    element = ET.SubElement(case, kind, message=_line(message), type=_line(type_))
    element.text = text or _line(message)


def _told(findings: Sequence[Finding], root: str) -> str:
    return "\n\n".join("\n".join(map(_line, _lines(finding, root))) for finding in findings)


def _lines(finding: Finding, root: str) -> Iterator[str]:
    yield f"{finding.detector} ({finding.severity}): {described(finding)}"
    yield from (f"  at {place}" for place in places(finding, root))
    if finding.origin is not None:
        yield f"  rows from {short_place(finding.origin, root)}"
    yield from (f"  | {line}" for line in statement(finding))
    yield from (f"  {line}" if line else "" for line in remedy(finding))


def _line(text: str) -> str:
    return _ILLEGAL.sub("", clean(text))


def _seconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.3f}"
