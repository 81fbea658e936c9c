"""What the project lives with for now: a file that one reads in a diff, and that only shrinks."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from .budgets import COUNTS
from .findings import Finding, Report
from .gate import Accepted, Gate, Moved
from .paths import is_packaged

VERSION = 1
#: Endpoints named in a block; more would say little and change often.
_MAX_ENDPOINTS = 3
#: What depends on the clock, the machine or how much data there is: judged only where asked for.
UNSTEADY = frozenset(
    {
        "deep-offset",
        "disk-sort",
        "missing-index",
        "non-sargable",
        "redundant-index",
        "row-misestimate",
        "slow-query",
        "stale-statistics",
        "unused-index",
    }
)


@dataclass(frozen=True, slots=True)
class Baseline:
    """``recorded`` maps endpoints to the milliseconds that their ratio budgets refer to."""

    accepted: tuple[Accepted, ...] = ()
    recorded: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scope:
    """The detectors that a check is about. None are all but those that are unsteady."""

    detectors: frozenset[str] | None = None

    def holds(self, detector: str) -> bool:
        if self.detectors is None:
            return detector not in UNSTEADY
        return detector in self.detectors

    def gates(self, finding: Finding) -> bool:
        """Whether a check fails when the finding is new.

        An N+1 that waits for a second row counts as well: a test's database mostly has one.
        """
        waits = finding.waiting and not is_packaged(_file(finding))
        return self.holds(finding.detector) and (finding.severity != "info" or waits)


def _file(finding: Finding) -> str:
    place = finding.location or finding.origin
    return place.file if place is not None else ""


def render(baseline: Baseline) -> str:
    """The file: one block a finding, sorted, without line numbers."""
    blocks = sorted(baseline.accepted, key=lambda accepted: (accepted.key, accepted.run))
    data = {
        "version": VERSION,
        "findings": [dataclasses.asdict(accepted) for accepted in blocks],
        "recorded": {name: round(ms, 1) for name, ms in sorted(baseline.recorded.items())},
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def reach(findings: Iterable[Finding]) -> dict[str, int]:
    """For each key the places it stands for: lines, querysets, and what each of them asks.

    How many rows there are plays no part. A budget's is the number that it limits.
    """
    most: dict[str, dict[object, int]] = {}
    asked: dict[object, int] = {}
    for finding in findings:
        if finding.detector == "query-budget":
            place: object = None
            # A time wavers: it is over or it is not.
            number = finding.count if finding.digest in COUNTS else 1
        else:
            place = finding.location, finding.template, finding.origin
            request = finding.key, place, finding.endpoint
            number = asked[request] = asked.get(request, 0) + 1
        places = most.setdefault(finding.key, {})
        places[place] = max(places.get(place, 0), number)
    return {key: sum(places.values()) for key, places in most.items()}


def accept(report: Report, before: Baseline, scope: Scope) -> Baseline:
    """The baseline that accepts all that the report found.

    What it could not have found stays: of another kind of run, of detectors out of scope, of
    endpoints that were not exercised.
    """
    found = [finding for finding in report.findings if scope.gates(finding)]
    counts = reach(found)
    alike: dict[str, list[Finding]] = {}
    for finding in found:
        alike.setdefault(finding.key, []).append(finding)
    blocks = [_accepted(report, key, counts[key], same) for key, same in alike.items()]
    kept = [
        accepted
        for accepted in before.accepted
        if not (accepted.run == report.run and accepted.key in counts)
        and not (_judged(accepted, report, scope) and _exercised(accepted, report))
    ]
    return replace(before, accepted=(*blocks, *kept))


def _accepted(report: Report, key: str, count: int, same: Iterable[Finding]) -> Accepted:
    return Accepted(
        key=key,
        run=report.run,
        count=count,
        digests=tuple(sorted({finding.digest for finding in same if finding.digest})),
        endpoints=tuple(sorted({finding.endpoint for finding in same})[:_MAX_ENDPOINTS]),
    )


def split(report: Report, baseline: Baseline, gate: Gate, scope: Scope) -> Report:
    """The report with its new findings only, and what became of the others in its gate.

    ``gate`` brings the file's name, the budgets' verdicts and whether the check is strict.
    """
    found = [finding for finding in report.findings if scope.gates(finding)]
    counts = reach(found)
    known: dict[str, int] = {}
    for accepted in baseline.accepted:
        known[accepted.key] = max(known.get(accepted.key, 0), accepted.count)
    is_new = {key: count > known.get(key, 0) for key, count in counts.items()}
    new = [finding for finding in found if is_new[finding.key]]
    there = reach(report.findings)
    judged = [accepted for accepted in baseline.accepted if _judged(accepted, report, scope)]
    lesser = [accepted for accepted in judged if there.get(accepted.key, 0) < accepted.count]
    seen = [accepted for accepted in lesser if _exercised(accepted, report)]
    gone = [accepted for accepted in judged if accepted.key not in there]
    return replace(
        report,
        findings=tuple(new),
        gate=replace(
            gate,
            known=tuple(finding for finding in found if not is_new[finding.key]),
            grown={key: known[key] for key in counts if is_new[key] and key in known},
            fixed=tuple(accepted for accepted in seen if accepted.key not in there),
            shrunk=tuple(replace(a, count=there[a.key]) for a in seen if a.key in there),
            moved=_moved(new, gone, counts),
            unseen=tuple(accepted for accepted in gone if accepted not in seen),
            problems=_problems(report),
        ),
    )


def _judged(accepted: Accepted, report: Report, scope: Scope) -> bool:
    return accepted.run == report.run and scope.holds(accepted.detector)


def _exercised(accepted: Accepted, report: Report) -> bool:
    """Whether the report would show it: its endpoints answered, or are no longer there."""
    answered = {endpoint.name for endpoint in report.endpoints if not endpoint.problem}
    return all(
        name in answered or (report.whole and not _exists(name, report))
        for name in accepted.endpoints
    )


def _exists(name: str, report: Report) -> bool:
    route = name.partition(" ")[2] or name
    return any(endpoint.name == name for endpoint in report.endpoints) or any(
        skipped.route in (name, route) for skipped in report.skipped
    )


def _moved(
    new: Iterable[Finding], gone: Iterable[Accepted], counts: Mapping[str, int]
) -> tuple[Moved, ...]:
    """New keys that ask what a known one asked that is gone: a file or function was renamed."""
    left = list(gone)
    found: list[Moved] = []
    for finding in {finding.key: finding for finding in new}.values():
        for accepted in left:
            if counts[finding.key] <= accepted.count and _same_question(finding, accepted):
                found.append(Moved(accepted, finding.key))
                left.remove(accepted)
                break
    return tuple(found)


def _same_question(finding: Finding, accepted: Accepted) -> bool:
    alike = finding.key.rpartition("::")[2] == accepted.key.rpartition("::")[2]
    return finding.detector == accepted.detector and alike and finding.digest in accepted.digests


def _problems(report: Report) -> tuple[str, ...]:
    """What a strict check does not let pass: a report is green on nothing."""
    failed = [endpoint.name for endpoint in report.endpoints if endpoint.problem]
    found = []
    if not report.queries:
        found.append("no query was captured")
    if failed:
        found.append(f"{_some('endpoint', failed)} failed")
    if skipped := [route.route for route in report.skipped if not route.expected]:
        found.append(f"{_some('route', skipped)} not requested")
    return tuple(found)


def _some(noun: str, names: Collection[str]) -> str:
    """ "3 endpoints (GET /a/ and 2 more)"."""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{len(names)} {noun}{'s' if len(names) > 1 else ''} ({next(iter(names))}{more})"


def pruned(baseline: Baseline, gate: Gate) -> Baseline:
    """The baseline without what was fixed, and with less of what was fixed in part."""
    shrunk = {(accepted.key, accepted.run): accepted for accepted in gate.shrunk}
    kept = (accepted for accepted in baseline.accepted if accepted not in gate.fixed)
    return replace(baseline, accepted=tuple(shrunk.get((a.key, a.run), a) for a in kept))


def renamed(baseline: Baseline, gate: Gate) -> Baseline:
    """The baseline with the new names of what has moved."""
    names = {moved.accepted: moved.key for moved in gate.moved}
    return replace(
        baseline, accepted=tuple(replace(a, key=names.get(a, a.key)) for a in baseline.accepted)
    )
