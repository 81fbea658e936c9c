"""Runs of the same fingerprint put together, whatever source they come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain

from .fingerprint import Statement
from .workload import Sample, WorkloadQuery

MAX_SAMPLES = 5
#: What reads or writes rows.
KINDS = frozenset({"select", "insert", "update", "delete"})


def query_of(
    samples: Sequence[Sample], calls: float = 1.0, total_ms: float | None = None, name: str = ""
) -> WorkloadQuery | None:
    """A query of these runs; None where they neither read nor write rows."""
    statement = Statement.of(samples[0].sql)
    if statement.kind not in KINDS:
        return None
    return WorkloadQuery(
        digest=statement.digest,
        fingerprint=statement.fingerprint,
        kind=statement.kind,
        samples=_chosen(samples),
        calls=calls,
        total_ms=total_ms,
        name=name,
    )


def merged(queries: Iterable[WorkloadQuery]) -> tuple[WorkloadQuery, ...]:
    """One query for each fingerprint and alias, in order of appearance: calls and times add up."""
    alike: dict[tuple[str, str], list[WorkloadQuery]] = {}
    for query in queries:
        alike.setdefault((query.database, query.digest), []).append(query)
    return tuple(_one(members) for members in alike.values())


def _one(members: list[WorkloadQuery]) -> WorkloadQuery:
    first = members[0]
    if len(members) == 1:
        return first
    return replace(
        first,
        samples=_chosen(list(chain.from_iterable(query.samples for query in members))),
        calls=sum(query.calls for query in members),
        total_ms=_total_ms(members),
        name=next((query.name for query in members if query.name), ""),
        endpoints=tuple(dict.fromkeys(chain.from_iterable(q.endpoints for q in members))),
        location=next((query.location for query in members if query.location), None),
    )


def _total_ms(members: list[WorkloadQuery]) -> float | None:
    """Runs that nobody measured take as long as the others do."""
    measured = [(query.total_ms, query.calls) for query in members if query.total_ms is not None]
    calls = sum(calls for _, calls in measured)
    if not calls:
        return None
    return sum(total for total, _ in measured) * sum(q.calls for q in members) / calls


def _chosen(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """A few, the slowest first: from there to the fastest, heavy and light ones alike."""
    distinct: dict[str, Sample] = {}
    for sample in samples:
        same = distinct.setdefault(repr((sample.sql, sample.params)), sample)
        if (sample.duration_ms or 0.0) > (same.duration_ms or 0.0):
            distinct[repr((sample.sql, sample.params))] = sample
    # A sort is stable: those without a duration stay in their order.
    ordered = sorted(distinct.values(), key=lambda sample: -(sample.duration_ms or 0.0))
    if len(ordered) <= MAX_SAMPLES:
        return tuple(ordered)
    step = (len(ordered) - 1) / (MAX_SAMPLES - 1)
    return tuple(ordered[round(number * step)] for number in range(MAX_SAMPLES))
