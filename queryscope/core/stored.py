"""A report back from what ``--format json`` printed, here or on another machine."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .decoding import Unfit, decode
from .findings import REPORT_VERSION, Finding, Report, Suppression, Withdrawn, rank
from .sightings import Location, TemplateLine

_WRITE = "write one with: audit --format json --output FILE"
#: Fields of a report that are not read back: against what it was checked.
_OF_ONE_RUN = frozenset({"gate", "changed"})
#: What else queryscope writes as JSON, by keys that only it has.
_OTHERS = (
    ({"rejected", "droppable", "migrations"}, "the JSON of advise, not of audit"),
    ({"groups", "timeline", "sources"}, "a trace, not a report: inspect() makes one of it"),
    ({"findings", "recorded"}, "a baseline, not a report"),
    ({"before", "after"}, "the JSON of diff, not of audit"),
    ({"plan", "tips"}, "the JSON of explain, not of audit"),
    ({"runs", "$schema"}, "SARIF, not the report's own JSON"),
)


class StoredError(ValueError):
    """The text is no report that can be read: which file, what is wrong, what to do."""


def report_of(text: str, name: str) -> Report:
    """The report that was stored as ``text``; ``name`` is the file's, for errors.

    Files below the folder that it was made in are put below the current one: what was found in a
    copy of the project elsewhere has the same keys here. Of a check it is the report that was
    checked: new findings and known ones. Raises StoredError.
    """
    data = _parsed(text, name)
    _refuse_others(data, name)
    try:
        kept = {key: data[key] for key in data if key not in _OF_ONE_RUN}
        report = decode(Report, kept, lenient=True)
        if data.get("gate") is not None:
            report = _unchecked(report, data["gate"])
        root = decode(str, data.get("root", ""))
    except Unfit as error:
        raise StoredError(f"{name}: not a queryscope report ({error}); {_WRITE}") from error
    return _moved(report, root, os.getcwd())


def _parsed(text: str, name: str) -> Any:
    if not text.strip():
        raise StoredError(f"{name}: is empty; {_WRITE}")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        short = not text[error.pos :].strip() or error.msg.startswith("Unterminated")
        why = "it ends too early" if short else error.msg
        raise StoredError(f"{name}:{error.lineno}: not JSON ({why}); {_WRITE}") from error
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, 100,000 brackets
        raise StoredError(f"{name}: not the JSON of a report; {_WRITE}") from error


def _refuse_others(data: Any, name: str) -> None:
    if not isinstance(data, dict) or not {"endpoints", "findings", "version"} <= data.keys():
        keys = data.keys() if isinstance(data, dict) else set()
        other = (what for needed, what in _OTHERS if needed <= keys)
        raise StoredError(f"{name}: {next(other, 'not a queryscope report')}; {_WRITE}")
    version = data["version"]
    if isinstance(version, bool) or not isinstance(version, int):
        raise StoredError(f"{name}: not a queryscope report (no version); {_WRITE}")
    if version != REPORT_VERSION:
        raise StoredError(
            f"{name}: a report of version {version}; this queryscope reads {REPORT_VERSION}:"
            " write it again with this one"
        )


def _unchecked(report: Report, gate: Any) -> Report:
    """The report of a check as it was before: with what its baseline knew."""
    try:
        known = decode(dict[str, Any], gate).get("known", [])
        findings = decode(tuple[Finding, ...], known, lenient=True)
    except Unfit as error:
        raise error.below("known").below("gate") from None
    return replace(report, findings=rank((*report.findings, *findings), report.round_trip_ms))


def _moved(report: Report, root: str, here: str) -> Report:
    """The report with files below ``root`` below ``here``."""
    if root in ("", here):
        return report
    return replace(
        report,
        findings=_findings(report.findings, root, here),
        suppressions=tuple(_suppression(s, root, here) for s in report.suppressions),
        withdrawn=tuple(_withdrawn(each, root, here) for each in report.withdrawn),
    )


def _findings(findings: Iterable[Finding], root: str, here: str) -> tuple[Finding, ...]:
    return tuple(
        replace(
            finding,
            location=_location(finding.location, root, here),
            origin=_location(finding.origin, root, here),
            template=_template(finding.template, root, here),
        )
        for finding in findings
    )


def _suppression(suppression: Suppression, root: str, here: str) -> Suppression:
    file = suppression.file
    return replace(
        suppression,
        file=None if file is None else _file(file, root, here),
        findings=_findings(suppression.findings, root, here),
    )


def _withdrawn(withdrawn: Withdrawn, root: str, here: str) -> Withdrawn:
    (finding,) = _findings([withdrawn.finding], root, here)
    return replace(withdrawn, finding=finding)


def _location(location: Location | None, root: str, here: str) -> Location | None:
    return location and replace(location, file=_file(location.file, root, here))


def _template(template: TemplateLine | None, root: str, here: str) -> TemplateLine | None:
    return template and replace(template, name=_file(template.name, root, here))


def _file(file: str, root: str, here: str) -> str:
    # A report of Windows may be read elsewhere, and the other way round.
    separator = "\\" if "\\" in root and "/" not in root else "/"
    above = root.rstrip(separator) + separator
    if not file.startswith(above):
        return file
    return os.path.join(here, *file[len(above) :].split(separator))
