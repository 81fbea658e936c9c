"""Traces in, one report out: the whole story, told once."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from . import __version__
from .conf import Settings, get_settings
from .core.detection import Options, detections_of, merged
from .core.events import Trace
from .core.findings import Endpoint, Report, rank
from .core.suppression import suppress
from .recording import Recording
from .suppressions import comments_of, today


def inspect(
    *traces: Trace | Recording,
    settings: Settings | None = None,
    watched: Sequence[Trace] = (),
) -> Report:
    """Judge one or more traces together.

    Traces of one name are repeats of one endpoint: its queries are those of the first, its times
    medians over all, and a finding is reported once. What the project allows, by comments or by
    ``ALLOW``, is in ``Report.suppressions`` instead. ``watched`` are further traces, recorded with
    ``reads``, that only show what is read of rows. Raises ImproperlyConfigured when the
    ``QUERYSCOPE`` setting is wrong.
    """
    settings = settings or get_settings()
    frozen = [_freeze(trace, 0 if watched else settings.unbounded_rows) for trace in traces]
    detections = detections_of(frozen, options_of(settings), watched)
    left, suppressions = suppress(detections, settings.allow, comments_of(), today())
    return Report(
        endpoints=_endpoints(frozen),
        findings=rank(merged(left), settings.round_trip_ms),
        database=_database(traces),
        tool={"name": "queryscope", "version": __version__},
        round_trip_ms=settings.round_trip_ms,
        suppressions=suppressions,
    )


def _freeze(trace: Trace | Recording, many_rows: int) -> Trace:
    if isinstance(trace, Trace):
        return trace
    quiet = trace.quiet and not trace.watched and trace.most_rows < many_rows
    return trace.totals if quiet else trace.trace


def options_of(settings: Settings) -> Options:
    """The part of the settings that detectors are told."""
    return Options(
        n_plus_one_threshold=settings.n_plus_one_threshold,
        loop_threshold=settings.loop_threshold,
        duplicate_threshold=settings.duplicate_threshold,
        unbounded_rows=settings.unbounded_rows,
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
    )


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
