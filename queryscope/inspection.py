"""Traces in, one report out: the whole story, told once."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Any

from . import __version__
from .conf import Settings, get_settings
from .core.detection import Options, detect
from .core.events import Trace
from .core.findings import Endpoint, Report, rank
from .recording import Recording


def inspect(*traces: Trace | Recording, settings: Settings | None = None) -> Report:
    """Judge one or more traces together.

    Traces of one name are repeats of one endpoint: its queries are those of the first, its times
    medians over all, and a finding is reported once. Raises ImproperlyConfigured when the
    ``QUERYSCOPE`` setting is wrong.
    """
    settings = settings or get_settings()
    frozen = [_freeze(trace) for trace in traces]
    findings = detect(frozen, options_of(settings))
    return Report(
        endpoints=_endpoints(frozen),
        findings=rank(findings, settings.round_trip_ms),
        database=_database(frozen),
        tool={"name": "queryscope", "version": __version__},
        round_trip_ms=settings.round_trip_ms,
    )


def _freeze(trace: Trace | Recording) -> Trace:
    if isinstance(trace, Trace):
        return trace
    return trace.totals if trace.quiet else trace.trace


def options_of(settings: Settings) -> Options:
    """The part of the settings that detectors are told."""
    return Options(
        n_plus_one_threshold=settings.n_plus_one_threshold,
        loop_threshold=settings.loop_threshold,
        duplicate_threshold=settings.duplicate_threshold,
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


def _database(traces: list[Trace]) -> dict[str, Any]:
    used = {(g.database, g.vendor) for trace in traces for g in trace.groups}
    return {"aliases": dict(sorted(used))}
