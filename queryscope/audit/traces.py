"""The part of a trace that an audit judges."""

from __future__ import annotations

from dataclasses import replace

from ..core.events import TimelineEntry, Trace


def only_database(trace: Trace, alias: str) -> Trace:
    """The trace with the queries of one alias; unchanged when it has no others."""
    kept = [i for i, group in enumerate(trace.groups) if group.database == alias]
    if len(kept) == len(trace.groups):
        return trace
    place = {old: new for new, old in enumerate(kept)}
    groups = tuple(trace.groups[i] for i in kept)
    return replace(
        trace,
        groups=groups,
        sources=tuple(
            replace(source, group=place.get(source.group) if source.group is not None else None)
            for source in trace.sources
        ),
        queries=sum(group.count for group in groups),
        database_ms=sum(group.duration_ms for group in groups),
        timeline=tuple(
            TimelineEntry(place[entry.group], entry.start_ns, entry.duration_ns)
            for entry in trace.timeline
            if entry.group in place
        ),
        truncated=0,
    )
