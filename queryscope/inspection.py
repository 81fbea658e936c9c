"""Traces in, one report out: the whole story, told once."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from . import __version__
from .conf import Settings, get_settings
from .core.detection import Detection, Options, detections_of, merged, united
from .core.detectors.query_budget import NAME as BUDGET
from .core.detectors.query_budget import exceeded, late
from .core.events import Trace
from .core.explained import Choice, Plans, chosen
from .core.findings import Endpoint, Finding, Report, rank
from .core.gate import Verdict
from .core.runs import merged as merged_queries
from .core.suppression import suppress
from .core.workload import WorkloadQuery
from .recording import Recording
from .suppressions import comments_of, today


def inspect(
    *traces: Trace | Recording,
    settings: Settings | None = None,
    watched: Sequence[Trace] = (),
    plans: Plans | None = None,
    also: Iterable[Finding] = (),
) -> Report:
    """Judge one or more traces together.

    Traces of one name are repeats of one endpoint: its queries are those of the first, its times
    medians over all, and a finding is reported once. What the project allows, by comments or by
    ``ALLOW``, is in ``Report.suppressions`` instead. ``watched`` are further traces, recorded with
    ``reads``, that only show what is read of rows. ``plans`` are those of slow queries; without
    them recordings have theirs asked for, on this thread's connections. ``also`` are findings that
    no trace shows. Raises ImproperlyConfigured when the ``QUERYSCOPE`` setting is wrong.
    """
    return judge(*traces, settings=settings, watched=watched, plans=plans, also=also).report


@dataclass(frozen=True, slots=True)
class Judged:
    """A report, and what was detected for each of its findings."""

    report: Report
    detections: tuple[Detection, ...]


def judge(
    *traces: Trace | Recording,
    settings: Settings | None = None,
    watched: Sequence[Trace] = (),
    plans: Plans | None = None,
    also: Iterable[Finding] = (),
) -> Judged:
    """As :func:`inspect`, for who goes on with the findings."""
    settings = settings or get_settings()
    if plans is None:
        plans = _explain(slow_queries(traces, settings))
    frozen = [_freeze(trace, settings, whole=bool(watched or plans)) for trace in traces]
    options = options_of(settings)
    endpoints = _endpoints(frozen)
    detections = detections_of(frozen, options, watched, plans)
    detections += late(endpoints, options.budget_for)
    detections += [Detection(finding, frozenset()) for finding in also]
    left, suppressions = suppress(detections, settings.allow, comments_of(), today())
    found = united(left)
    report = Report(
        endpoints=endpoints,
        findings=rank((each.finding for each in found), settings.round_trip_ms),
        database=_database(traces),
        tool={"name": "queryscope", "version": __version__},
        round_trip_ms=settings.round_trip_ms,
        suppressions=suppressions,
    )
    return Judged(report, found)


def with_budgets(
    report: Report, verdicts: Iterable[Verdict], settings: Settings | None = None
) -> Report:
    """The report with the budgets' findings as these verdicts have them.

    A check judges budgets as they are today, and times by what its baseline recorded; a stored
    report brings findings of the budgets that it was made with.
    """
    settings = settings or get_settings()
    found = [Detection(finding, frozenset()) for finding in exceeded(report.endpoints, verdicts)]
    left, allowed = suppress(found, settings.allow, comments_of(), today())
    told = {
        (each.file, each.line, each.name): replace(each, findings=_unbudgeted(each.findings))
        for each in report.suppressions
    }
    for each in allowed:
        name = each.file, each.line, each.name
        before = told[name].findings if name in told else ()
        told[name] = replace(each, findings=before + each.findings)
    findings = rank(_unbudgeted(report.findings) + merged(left), report.round_trip_ms)
    return replace(report, findings=findings, suppressions=tuple(told.values()))


def _unbudgeted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding.detector != BUDGET)


def _freeze(trace: Trace | Recording, settings: Settings, *, whole: bool) -> Trace:
    if isinstance(trace, Trace):
        return trace
    light = trace.most_rows < settings.unbounded_rows and trace.slowest_ms < settings.slow_query_ms
    quiet = trace.quiet and light and not (whole or trace.watched)
    return trace.totals if quiet else trace.trace


def slow_queries(
    traces: Iterable[Trace | Recording], settings: Settings
) -> tuple[WorkloadQuery, ...]:
    """What deserves a plan of recordings; of traces nobody knows the values."""
    slow = [
        trace
        for trace in traces
        if isinstance(trace, Recording) and trace.slowest_ms >= settings.slow_query_ms
    ]
    if not (slow and settings.explain):
        return ()
    queries = (query for recording in slow for query in recording.workload.queries)
    return chosen(merged_queries(queries), Choice(settings.slow_query_ms))


def _explain(queries: Sequence[WorkloadQuery]) -> Plans:
    if not queries:
        return {}
    # The parser of SQL behind it takes a while to load, for what most never need.
    from .explaining import explained

    return explained(queries)


def options_of(settings: Settings) -> Options:
    """The part of the settings that detectors are told."""
    return Options(
        n_plus_one_threshold=settings.n_plus_one_threshold,
        loop_threshold=settings.loop_threshold,
        duplicate_threshold=settings.duplicate_threshold,
        unbounded_rows=settings.unbounded_rows,
        slow_query_ms=settings.slow_query_ms,
        query_budget=settings.query_budget,
        query_budgets=settings.query_budgets,
    )


def _endpoints(traces: list[Trace]) -> tuple[Endpoint, ...]:
    runs: dict[str, list[Trace]] = {}
    for trace in traces:
        runs.setdefault(trace.name, []).append(trace)
    total = sum(_median(t.database_ms for t in repeats) for repeats in runs.values())
    return tuple(_endpoint(name, repeats, total) for name, repeats in runs.items())


def _endpoint(name: str, repeats: list[Trace], total_ms: float) -> Endpoint:
    first = repeats[0]
    database_ms = _median(trace.database_ms for trace in repeats)
    durations = sorted(trace.duration_ms for trace in repeats)
    return Endpoint(
        name=name,
        request=first.request,
        status=first.status,
        queries=first.queries,
        distinct=first.distinct,
        database_ms=database_ms,
        duration_ms=_median(durations),
        share=database_ms / total_ms if total_ms else 0.0,
        median_ms=_median(durations),
        p95_ms=durations[max(0, -(-len(durations) * 95 // 100) - 1)],
        repeats=len(repeats),
        rows=_rows(repeats),
    )


def _rows(traces: Iterable[Trace]) -> dict[str, int]:
    rows: dict[str, int] = {}
    for trace in traces:
        for model, number in trace.rows.items():
            rows[model] = max(rows.get(model, 0), number)
    return dict(sorted(rows.items()))


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)


def _database(traces: Iterable[Trace | Recording]) -> dict[str, Any]:
    used: dict[str, str] = {}
    for trace in traces:
        used.update(
            trace.databases
            if isinstance(trace, Recording)
            else {group.database: group.vendor for group in trace.groups}
        )
    return {"aliases": dict(sorted(used.items()))}
