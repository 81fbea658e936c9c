"""Two runs side by side: endpoints, findings and index advice that are not as they were."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .advice import AdvisedIndex
from .baseline import UNSTEADY, Baseline, Scope, accept, reach
from .findings import Endpoint, Finding, Report, rank
from .gate import Gate
from .ratchet import split

VERSION = 1

EndpointKind = Literal["failing", "changed", "new", "recovered", "unseen", "gone"]
FindingKind = Literal["new", "grown", "moved", "shrunk", "allowed", "fixed", "unseen"]

_ENDPOINTS: tuple[EndpointKind, ...] = (
    *("failing", "changed", "new", "recovered", "unseen", "gone"),
)
#: A time is another one when it differs by this much and by this share of what it was.
_LEAST_MS = 10.0
_LEAST_SHARE = 0.5
#: Said by the index advice, with more about it.
_ADVISED = "missing-index"


@dataclass(frozen=True, slots=True)
class EndpointChange:
    """An endpoint that is not as it was; ``before`` or ``after`` is None where it was not run.

    "failing" and "recovered" could be judged in one run only; "unseen" is an endpoint that the
    second run left out, for ``reason`` where it is known; "gone" is no longer there.
    """

    kind: EndpointKind
    name: str
    before: Endpoint | None
    after: Endpoint | None
    reason: str = ""

    @property
    def more_queries(self) -> int:
        """How many more; 0 unless both runs could judge it."""
        before, after = self.before, self.after
        return after.queries - before.queries if self.kind == "changed" and before and after else 0

    @property
    def more_ms(self) -> float:
        """How many more milliseconds; 0.0 within what times waver."""
        if self.kind != "changed" or self.before is None or self.after is None:
            return 0.0
        return _time_change(self.before, self.after)


@dataclass(frozen=True, slots=True)
class FindingChange:
    """What became of one key. ``before`` and ``after`` are the numbers of places it stands for (for
    a budget the queries), ``findings`` those of the second run, or of the first where it has none.

    "moved" has another key than it had, ``was``; "allowed" is one that a suppression takes away
    now; "unseen" may still be there, as the second run did not exercise its endpoints.
    """

    kind: FindingKind
    key: str
    before: int
    after: int
    findings: tuple[Finding, ...]
    was: str = ""

    @property
    def steady(self) -> bool:
        """Whether it depends on the code alone, not on the clock or on how much data there is."""
        return self.findings[0].detector not in UNSTEADY


@dataclass(frozen=True, slots=True)
class IndexChange:
    """An index that only one of two runs wants."""

    kind: Literal["new", "gone"]
    index: AdvisedIndex


@dataclass(frozen=True, slots=True)
class Comparison:
    """``endpoints``, ``findings`` and ``indexes`` are those that changed, worst first. ``notes``
    say in a sentence each what the two runs have not in common."""

    before: Report
    after: Report
    endpoints: tuple[EndpointChange, ...] = ()
    findings: tuple[FindingChange, ...] = ()
    indexes: tuple[IndexChange, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.endpoints or self.findings or self.indexes)

    @property
    def common(self) -> tuple[tuple[Endpoint, Endpoint], ...]:
        """Endpoints that both runs could judge, as they were and as they are."""
        before, after = _judged(self.before), _judged(self.after)
        return tuple((before[name], after[name]) for name in before if name in after)

    def of(self, kind: FindingKind, *, steady: bool = True) -> tuple[FindingChange, ...]:
        return tuple(c for c in self.findings if c.kind == kind and c.steady is steady)

    def at(self, kind: EndpointKind) -> tuple[EndpointChange, ...]:
        return tuple(change for change in self.endpoints if change.kind == kind)

    def as_dict(self) -> dict[str, Any]:
        """The only serial form."""
        return {
            "version": VERSION,
            "before": _run(self.before),
            "after": _run(self.after),
            "endpoints": [
                {
                    **dataclasses.asdict(change),
                    "more_queries": change.more_queries,
                    "more_ms": round(change.more_ms, 3),
                }
                for change in self.endpoints
            ],
            "findings": [
                {
                    **dataclasses.asdict(change),
                    "steady": change.steady,
                    "findings": [finding.as_dict() for finding in change.findings],
                }
                for change in self.findings
            ],
            "indexes": [{"kind": c.kind, "index": c.index.as_dict()} for c in self.indexes],
            "notes": self.notes,
        }


def _run(report: Report) -> dict[str, Any]:
    return {
        "tool": report.tool,
        "database": report.database,
        "run": report.run,
        "whole": report.whole,
        "summary": report.summary(),
    }


def compare(before: Report, after: Report) -> Comparison:
    """What changed from one run to the other. Nothing that the second left out counts as fixed."""
    return Comparison(
        before=before,
        after=after,
        endpoints=tuple(sorted(_endpoints(before, after), key=lambda c: _order(c, after))),
        findings=tuple(_findings(before, after)),
        indexes=tuple(_indexes(before, after)),
        notes=tuple(_notes(before, after)),
    )


def _order(change: EndpointChange, after: Report) -> tuple[int, float, str]:
    """The worst first: what can no longer be judged, then what costs more than it did."""
    shown = change.after or change.before
    cost_ms = change.more_queries * after.round_trip_ms + change.more_ms
    if change.kind != "changed" and shown is not None:
        cost_ms = shown.queries * after.round_trip_ms
    return _ENDPOINTS.index(change.kind), -cost_ms, change.name


def _endpoints(before: Report, after: Report) -> Iterator[EndpointChange]:
    then = {endpoint.name: endpoint for endpoint in before.endpoints}
    now = {endpoint.name: endpoint for endpoint in after.endpoints}
    for name, endpoint in now.items():
        old = then.get(name)
        if old is None:
            yield EndpointChange("failing" if endpoint.problem else "new", name, None, endpoint)
        elif bool(old.problem) is not bool(endpoint.problem):
            yield EndpointChange(
                "failing" if endpoint.problem else "recovered", name, old, endpoint
            )
        elif not endpoint.problem and _differs(old, endpoint):
            yield EndpointChange("changed", name, old, endpoint)
    reasons = {route.route: route.reason for route in after.skipped}
    for name, endpoint in then.items():
        if name in now:
            continue
        reason = reasons.get(name) or reasons.get(name.partition(" ")[2], "")
        gone = after.whole and before.run == after.run and not reason
        yield EndpointChange("gone" if gone else "unseen", name, endpoint, None, reason)


def _differs(before: Endpoint, after: Endpoint) -> bool:
    counts = (before.queries, before.distinct) != (after.queries, after.distinct)
    return counts or bool(_time_change(before, after))


def _time_change(before: Endpoint, after: Endpoint) -> float:
    change = after.database_ms - before.database_ms
    wavers = abs(change) < max(_LEAST_MS, before.database_ms * _LEAST_SHARE)
    return 0.0 if wavers else change


def _findings(before: Report, after: Report) -> Iterator[FindingChange]:
    """As a check would see it whose baseline accepts what the first run found."""
    detectors = {finding.detector for finding in (*before.findings, *after.findings)}
    scope = Scope(frozenset(detectors - {_ADVISED}))
    checked = split(after, accept(before, Baseline(), scope), Gate(None), scope)
    gate = checked.gate or Gate(None)
    then, now = _by_key(before.findings), _by_key(after.findings)
    was, is_ = reach(before.findings), reach(after.findings)
    moved = {known.now.key: known.accepted.key for known in gate.moved}
    for key in _by_key(rank(checked.findings, after.round_trip_ms)):
        kind: FindingKind = "moved" if key in moved else "grown" if key in gate.grown else "new"
        old = moved.get(key, key if kind == "grown" else "")
        yield FindingChange(kind, key, was.get(old, 0), is_[key], now[key], old * (kind == "moved"))
    for accepted in gate.shrunk:
        yield FindingChange(
            "shrunk", accepted.key, was[accepted.key], is_[accepted.key], now[accepted.key]
        )
    allowed = {finding.key for finding in after.suppressed}
    for accepted in (*gate.fixed, *gate.unseen):
        if accepted.key not in moved.values():
            kind = "allowed" if accepted.key in allowed else "fixed"
            kind = "unseen" if kind == "fixed" and accepted in gate.unseen else kind
            yield FindingChange(kind, accepted.key, was[accepted.key], 0, then[accepted.key])


def _by_key(findings: Iterable[Finding]) -> dict[str, tuple[Finding, ...]]:
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.key, []).append(finding)
    return {key: tuple(same) for key, same in found.items()}


def _indexes(before: Report, after: Report) -> Iterator[IndexChange]:
    then = {index.definition for index in before.indexes}
    now = {index.definition for index in after.indexes}
    yield from (IndexChange("new", i) for i in after.indexes if i.definition not in then)
    judged = _judged(after)
    for index in before.indexes:
        asked = {name for query in index.served for name in query.endpoints}
        # Without the pages that want it nobody can want it.
        if index.definition not in now and asked <= judged.keys():
            yield IndexChange("gone", index)


def _judged(report: Report) -> Mapping[str, Endpoint]:
    return {e.name: e for e in report.endpoints if not e.problem}


def _notes(before: Report, after: Report) -> Iterator[str]:
    if before.run != after.run:
        what = {"audit": "an audit", "tests": "a test run"}
        yield (
            f"The first report is of {what[before.run]}, the second of {what[after.run]}: they name"
            " endpoints differently, and nothing counts as fixed."
        )
    elif not _judged(before).keys() & _judged(after).keys():
        yield "The reports have no endpoint in common that both could judge."
    vendors = before.database.get("vendor"), after.database.get("vendor")
    if vendors[0] != vendors[1] and all(vendors):
        yield f"The first ran on {vendors[0]}, the second on {vendors[1]}: times do not compare."
    versions = before.tool.get("version"), after.tool.get("version")
    if versions[0] != versions[1] and all(versions):
        yield (
            f"The first was made by queryscope {versions[0]}, the second by {versions[1]}, which"
            " may find other things in the same code."
        )
