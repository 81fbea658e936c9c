"""What the project lives with for now: a file that one reads in a diff, and that only shrinks."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from .budgets import COUNTS
from .detectors import NAMES
from .findings import Endpoint, Finding, Report
from .gate import Accepted
from .paths import is_packaged

VERSION = 1
#: Rows from which a loop is seen; of the others, one is enough.
_ROWS_OF_A_LOOP = 3
_LOOPS = frozenset({"query-in-loop", "write-in-loop"})
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
            return detector in NAMES and detector not in UNSTEADY
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
            number = max(finding.count, 1) if finding.digest in COUNTS else 1
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
    found: dict[str, list[Finding]] = {}
    for finding in report.findings:
        if scope.gates(finding):
            found.setdefault(finding.key, []).append(finding)
    counts = reach(finding for same in found.values() for finding in same)
    blocks = {key: accepted(report, same, counts[key]) for key, same in found.items()}
    kept: list[Accepted] = []
    for known in before.accepted:
        if known.run == report.run and known.key in blocks:
            if not exercised(known, report):
                blocks[known.key] = _joined(known, blocks[known.key])
        elif not (is_judged(known, report, scope) and exercised(known, report)):
            kept.append(known)
    return replace(before, accepted=(*blocks.values(), *kept))


def accepted(report: Report, same: Iterable[Finding], count: int) -> Accepted:
    """The block of findings that have one key."""
    same = tuple(same)
    return Accepted(
        key=same[0].key,
        run=report.run,
        count=count,
        digests=tuple(sorted({finding.digest for finding in same if finding.digest})),
        endpoints=tuple(sorted({finding.endpoint for finding in same})),
        rows_of=same[0].rows_of,
    )


def _joined(known: Accepted, now: Accepted) -> Accepted:
    """A block of which the run exercised a part of the endpoints."""
    return replace(
        now,
        count=max(known.count, now.count),
        digests=tuple(sorted({*known.digests, *now.digests})),
        endpoints=tuple(sorted({*known.endpoints, *now.endpoints})),
    )


def is_judged(known: Accepted, report: Report, scope: Scope) -> bool:
    """Whether a run of this kind and scope would report it."""
    return known.run == report.run and scope.holds(known.detector)


def exercised(known: Accepted, report: Report) -> bool:
    """Whether the report would show it: its endpoints answered with the rows that it needs.

    Those that a whole run no longer has need not.
    """
    if report.chosen or known.key in report.hidden:
        return False
    endpoints = {endpoint.name: endpoint for endpoint in report.endpoints}
    return all(
        _has_rows(known, endpoints[name])
        if name in endpoints
        else report.whole and not _skipped(name, report)
        for name in known.endpoints
    )


def _has_rows(known: Accepted, endpoint: Endpoint) -> bool:
    if endpoint.problem:
        return False
    if known.rows_of is not None:
        return endpoint.rows.get(known.rows_of, 0) > 0
    if known.detector in _LOOPS:
        return max(endpoint.rows.values(), default=0) >= _ROWS_OF_A_LOOP
    return endpoint.queries > 0


def _skipped(name: str, report: Report) -> bool:
    route = name.partition(" ")[2] or name
    return any(skipped.route in (name, route) for skipped in report.skipped)
