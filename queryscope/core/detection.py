"""Runs the detectors over a trace. Pure: frozen data in, findings out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .budget_settings import Limits, budget_for
from .budgets import Budget
from .events import QueryGroup, Source, Trace
from .exercise import Exercise
from .explained import Explained, Plans
from .findings import Finding
from .fixes import Need, Remedy

#: What repeats one query in a loop, by the values that it is given.
_LOOP, _REPEATED = "query-in-loop", "duplicate-query"


@dataclass(frozen=True, slots=True)
class Options:
    """What detectors may be told. Thresholds count queries unless they are named after their unit,
    budgets are limits for the measures of ``core.budgets.Budget``."""

    n_plus_one_threshold: int = 2
    loop_threshold: int = 3
    duplicate_threshold: int = 2
    unbounded_rows: int = 1_000
    slow_query_ms: float = 100.0
    query_budget: Limits = field(default_factory=dict)
    query_budgets: Mapping[str, Limits] = field(default_factory=dict)

    def budget_for(self, endpoint: str) -> Budget:
        """The budget of an endpoint, without limits where nobody set any."""
        return budget_for(endpoint, self.query_budget, self.query_budgets)


@dataclass(frozen=True, slots=True)
class Detection:
    """A finding, the indexes of the groups of queries that it explains, and what would cure it.

    ``origin`` is the queryset that its fix changes, of ``trace``; None where it changes none.
    """

    finding: Finding
    groups: frozenset[int]
    need: Need | None = None
    source: Source | None = None
    trace: Trace | None = None

    @property
    def origin(self) -> Source | None:
        return self.need.origin if self.need is not None else self.source


@dataclass(frozen=True, slots=True)
class Case:
    """What one detector looks at: a trace, and which groups earlier detectors explained.

    ``exercise`` is what all the watched requests used of the rows that they loaded, ``plans`` are
    those of the queries that were worth asking for one.
    """

    trace: Trace
    options: Options
    claimed: frozenset[int] = frozenset()
    exercise: Exercise = field(default_factory=Exercise)
    plans: Plans = field(default_factory=dict)

    def explained(self, group: QueryGroup) -> Explained | None:
        """The plan of a group's queries."""
        return self.plans.get((group.database, group.digest))

    def open_groups(self) -> Iterable[tuple[int, QueryGroup]]:
        """Groups that no earlier detector explained."""
        return (
            (index, group)
            for index, group in enumerate(self.trace.groups)
            if index not in self.claimed
        )


def detect(traces: Iterable[Trace], options: Options) -> tuple[Finding, ...]:
    """All findings of the traces."""
    return merged(detections_of(traces, options))


def detections_of(
    traces: Iterable[Trace],
    options: Options,
    watched: Iterable[Trace] = (),
    plans: Plans | None = None,
) -> list[Detection]:
    """What each detector found in each trace by itself; :func:`merged` makes findings of it.

    ``watched`` are further traces that only show what was read of the rows.
    """
    traces = list(traces)
    exercise = Exercise((*traces, *watched))
    cases = [Case(trace, options, exercise=exercise, plans=plans or {}) for trace in traces]
    return _without_repeated([found for case in cases for found in _detect_one(case)])


def _without_repeated(detections: list[Detection]) -> list[Detection]:
    """Without the line that repeats a query in one trace, where another shows it to be a loop.

    Which of the two a trace shows depends on how many of its rows happen to ask for the same.
    """
    looped = {_asked(each.finding) for each in detections if each.finding.detector == _LOOP}
    return [
        each
        for each in detections
        if each.finding.detector != _REPEATED
        or len(each.groups) > 1
        or _asked(each.finding) not in looped
    ]


def _asked(finding: Finding) -> tuple[object, ...]:
    return finding.endpoint, finding.location, finding.template, finding.digest


def merged(detections: Sequence[Detection]) -> tuple[Finding, ...]:
    """Findings, one for each endpoint, key and place: of several runs, the one of most queries."""
    return tuple(detection.finding for detection in united(detections))


def united(detections: Sequence[Detection]) -> tuple[Detection, ...]:
    """What :func:`merged` makes findings of, with what each needs by itself.

    Findings of one queryset carry the same fix, whole for all the requests that pass it.
    """
    remedies: dict[object, Remedy] = {}
    for detection in detections:
        if (need := detection.need) is not None:
            remedies[need.queryset] = remedies.get(need.queryset, Remedy()) | need.remedy
    best: dict[object, Detection] = {}
    for detection in detections:
        finding = detection.finding
        if (need := detection.need) is not None:
            whole, own = need.fix(remedies[need.queryset]), finding.fix
            if own is not None:
                whole = replace(whole, rewrite=own.rewrite, partial=own.partial)
            finding = replace(finding, fix=whole)
        # One function may load a relation for the rows of two querysets: two things to change.
        place = finding.location, finding.template, finding.origin
        same = finding.endpoint, finding.identity, place, need and (need.queryset, need.remedy)
        told = replace(detection, finding=finding)
        if finding.count > best.setdefault(same, told).finding.count:
            best[same] = told
    return tuple(best.values())


def _detect_one(case: Case) -> list[Detection]:
    from .detectors import DETECTORS

    found: list[Detection] = []
    for detector in DETECTORS:
        detections = [replace(each, trace=case.trace) for each in detector.detect(case)]
        found.extend(detections)
        explained = frozenset().union(*(d.groups for d in detections))
        case = replace(case, claimed=case.claimed | explained)
    return found
