"""SARIF 2.1.0, for code scanning: https://docs.oasis-open.org/sarif/sarif/v2.1.0/

GitHub refuses the whole file for one result that has no file of the project. Such findings are
notifications of the invocation instead.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any
from urllib.parse import quote

from ..changes import edits
from ..detectors import DETECTORS, NAMES
from ..findings import Report, Suppression
from ..repairs import Fix
from .layout import clean
from .problems import Problem, described, numbered, problems, remedy
from .sites import Site, sites

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "%SRCROOT%"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
#: GitHub cuts what describes a rule there.
_DESCRIPTION = 1_024


def render(report: Report, *, root: str = "", verbose: bool = False) -> str:
    """One run with a result for each problem; of a check the known ones, too, as "unchanged"."""
    driver: dict[str, Any] = {"name": "queryscope", "rules": [_rule(one) for one in DETECTORS]}
    if report.tool.get("version"):
        driver["version"] = report.tool["version"]
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"queryscope/{report.run}/"},
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the project."}}},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(report, root)],
        "results": list(_results(report, root)),
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    text = json.dumps(log, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _rule(detector: ModuleType) -> dict[str, Any]:
    text = inspect.cleandoc(detector.__doc__ or "")
    paragraphs = text.split("\n\n")
    why = next((part for part in paragraphs if part.startswith("Why it hurts:")), paragraphs[0])
    return {
        "id": detector.NAME,
        "name": "".join(word.capitalize() for word in detector.NAME.split("-")),
        "shortDescription": {"text": paragraphs[0].replace("\n", " ")[:_DESCRIPTION]},
        "fullDescription": {"text": why.replace("\n", " ")[:_DESCRIPTION]},
        "help": {"text": text, "markdown": _markdown(text)},
        "properties": {"tags": ["performance", "database"]},
    }


def _markdown(text: str) -> str:
    """The same with empty lines around what is indented, which makes it code."""
    lines: list[str] = []
    for line in text.split("\n"):
        indented = line.startswith("    ")
        if lines and lines[-1] and line and indented != lines[-1].startswith("    "):
            lines.append("")
        lines.append(line)
    return "\n".join(lines)


def _results(report: Report, root: str) -> Iterator[dict[str, Any]]:
    """Problems that no line of the project shows are left out."""
    for problem, more in _stated(report):
        found = sites(problem.worst, root)
        if found:
            yield {**_result(problem, found), **more}


def _stated(report: Report) -> Iterator[tuple[Problem, dict[str, Any]]]:
    """Each problem, and what its result says of the baseline and of suppressions."""
    gate = report.gate
    known_ones = gate.known if gate is not None else ()
    new, known, suppressed = numbered(report.findings, known_ones, report.suppressed)
    for problem in new:
        yield problem, {"baselineState": "new"} if gate is not None else {}
    for problem in known:
        yield problem, {"baselineState": "unchanged"}
    for problem in suppressed:
        by = [one for one in report.suppressions if set(one.findings) & set(problem.findings)]
        yield problem, {"suppressions": [_suppression(one) for one in by]}


def _result(problem: Problem, found: Sequence[Site]) -> dict[str, Any]:
    worst = problem.worst
    first, *others = found
    result: dict[str, Any] = {
        "ruleId": worst.detector,
        **_index("ruleIndex", worst.detector),
        "level": _LEVELS[problem.severity],
        "message": {"text": _message(problem)},
        "locations": [_location(first)],
        "partialFingerprints": {"queryscope/v1": problem.fingerprint},
        "occurrenceCount": len(problem.findings),
        "properties": {
            "endpoint": clean(worst.endpoint),
            "endpoints": [clean(endpoint) for endpoint in problem.endpoints],
            "count": worst.count,
            "duration_ms": round(worst.duration_ms, 3),
            "confidence": worst.confidence,
        },
    }
    if others:
        result["relatedLocations"] = [
            {"id": number, **_location(site), "message": {"text": site.role}}
            for number, site in enumerate(others, 1)
        ]
    fixes = _fixes(worst.fix)
    return {**result, "fixes": fixes} if fixes else result


def _index(name: str, detector: str) -> dict[str, int]:
    return {name: NAMES.index(detector)} if detector in NAMES else {}


def _message(problem: Problem) -> str:
    first = f"{described(problem.worst)} ({problem.where})"
    return _unlinked("\n".join([first, *remedy(problem.worst, problem.findings)]))


def _unlinked(text: str) -> str:
    """In a message "[text](target)" would be a link."""
    return text.replace("](", "] (")


def _location(site: Site) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": site.line, "startColumn": 1, "endLine": site.line}
    if site.code:
        region["snippet"] = {"text": clean(site.code)}
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": _artifact(site.file), "region": region}
    }
    if site.function:
        named = clean(site.function)
        location["logicalLocations"] = [
            {
                "name": named.rpartition(".")[2],
                "fullyQualifiedName": named,
                "kind": "function",
            }
        ]
    return location


def _artifact(file: str) -> dict[str, str]:
    return {"uri": quote(file, errors="backslashreplace"), "uriBaseId": _ROOT}


def _fixes(fix: Fix | None) -> list[dict[str, Any]]:
    """The diff of a fix as replacements of whole lines."""
    replacements: dict[str, list[dict[str, Any]]] = {}
    for edit in edits(fix.diff or "") if fix is not None else ():
        deleted = {"startLine": edit.old, "startColumn": 1}
        deleted |= {"endLine": edit.old + edit.removed, "endColumn": 1}
        inserted = {"text": "".join(f"{line}\n" for line in edit.added)}
        replacements.setdefault(edit.file, []).append(
            {"deletedRegion": deleted, **({"insertedContent": inserted} if edit.added else {})}
        )
    changes = [
        {"artifactLocation": _artifact(file), "replacements": made}
        for file, made in replacements.items()
    ]
    return [{"artifactChanges": changes}] if changes else []


def _suppression(suppression: Suppression) -> dict[str, Any]:
    until = f"until {suppression.until}" if suppression.until else ""
    said = [part for part in (clean(suppression.reason), until) if part]
    return {
        "kind": "inSource" if suppression.file else "external",
        "justification": ", ".join(said) or clean(suppression.name),
    }


def _invocation(report: Report, root: str) -> dict[str, Any]:
    """Whether it could judge everything, and what the results cannot tell."""
    failed = [endpoint for endpoint in report.endpoints if endpoint.problem]
    told = [
        _notification(f"{described(p.worst)} ({p.where})", p.severity, p.worst.detector)
        for p in problems(report.findings)
        if not sites(p.worst, root)
    ]
    told += [_notification(f"{e.name} failed: {e.problem}", "warning") for e in failed]
    told += [_notification(note, "info") for note in report.notes]
    invocation: dict[str, Any] = {"executionSuccessful": True, "exitCode": int(report.failing)}
    return {**invocation, **_notifications(told), **_configuration(report.suppressions)}


def _notifications(told: list[dict[str, Any]]) -> dict[str, Any]:
    return {"toolExecutionNotifications": told} if told else {}


def _configuration(suppressions: Iterable[Suppression]) -> dict[str, Any]:
    """What is wrong with how the project says what it allows."""
    told = [_notification(f"{s.name}: {s.message}", "error") for s in suppressions if not s.holds]
    return {"toolConfigurationNotifications": told} if told else {}


def _notification(text: str, severity: str, detector: str = "") -> dict[str, Any]:
    rule = {"associatedRule": {"id": detector, **_index("index", detector)}} if detector else {}
    message = {"text": _unlinked(clean(text))}
    return {"level": _LEVELS[severity], "message": message, **rule}
