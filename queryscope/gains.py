"""What a choice of indexes brings, query by query: the figures of the advice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .core.advice import Advice, AdvisedIndex, Method, Served
from .core.candidates import Candidate
from .core.costs import Configuration, Costs, Probe
from .core.indexes import IndexDefinition
from .core.prices import Prices
from .core.workload import WorkloadQuery
from .databases.base import Built, WhatIf

#: Times waver: a query is slower where it takes this many times as long, and more than a trifle.
_SLOWER = 1.1
_TRIFLE_MS = 0.2


class Gains:
    """``chosen`` less what no plan takes when all of it is there; runs are timed with all of it."""

    def __init__(
        self,
        world: WhatIf,
        costs: Costs,
        chosen: Configuration,
        queries: Mapping[str, WorkloadQuery],
        timeout_ms: int,
    ) -> None:
        self._costs = costs
        self._queries = queries
        self.chosen = chosen
        self._method: Method = "measured" if world.measures else "hypothetical"
        self._used = {probe: costs.used(probe, chosen) for probe in costs.probes}
        self._after: dict[Probe, float | None] = {
            probe: world.measure(probe.statement, chosen, timeout_ms)
            for probe, used in self._used.items()
            if used and probe.measured
        }

    def slower(self) -> Configuration:
        """Indexes whose queries took longer with them, all runs together."""
        found = set()
        for index in self.chosen:
            timed = [
                (probe.calls * probe.duration_ms, probe.calls * after)
                for probe, after in self._after.items()
                if index in self._used[probe] and after is not None and probe.duration_ms
            ]
            before, after_ms = sum(b for b, _ in timed), sum(a for _, a in timed)
            runs = sum(probe.calls for probe in self._after if index in self._used[probe])
            if after_ms > before * _SLOWER and after_ms - before > _TRIFLE_MS * runs:
                found.add(index)
        return frozenset(found)

    def advised(
        self,
        built: Mapping[IndexDefinition, Built],
        prices: Prices,
        why: Mapping[IndexDefinition, Sequence[str]],
    ) -> tuple[AdvisedIndex, ...]:
        """The indexes, the most useful first."""
        made = [
            AdvisedIndex(
                definition=index,
                served=self._served(index),
                size_bytes=built[index].size_bytes,
                why=tuple(why.get(index, ())),
                method=self._method,
                write_bytes=prices.insert_bytes(index),
                build_ms=built[index].build_ms,
            )
            for index in self.chosen
        ]
        made.sort(key=lambda one: (-self._gain(one.definition), one.definition.name))
        return tuple(made)

    def summed(self, advised: tuple[AdvisedIndex, ...], told: Advice) -> Advice:
        """``told`` with the indexes and what they bring together."""
        probes = self._costs.probes
        timed = [probe for probe in probes if probe.measured]
        return replace(
            told,
            indexes=advised,
            method=self._method,
            cost_before=sum(p.calls * p.cost for p in probes),
            cost_after=sum(p.calls * self._costs.cost(p, self.chosen) for p in probes),
            duration_ms_before=sum(p.calls * (p.duration_ms or 0.0) for p in timed) or None,
            duration_ms_after=sum(p.calls * self._duration_after(p) for p in timed) or None,
            size_bytes=sum(index.size_bytes for index in advised),
        )

    def _gain(self, index: IndexDefinition) -> float:
        return sum(
            probe.weight - self._costs.share(probe, self.chosen)
            for probe, used in self._used.items()
            if index in used
        )

    def _duration_after(self, probe: Probe) -> float:
        after = self._after.get(probe)
        return (probe.duration_ms or 0.0) if after is None else after

    def _served(self, index: IndexDefinition) -> tuple[Served, ...]:
        runs: dict[str, list[Probe]] = {}
        for probe, used in self._used.items():
            if index in used:
                runs.setdefault(probe.digest, []).append(probe)
        found = [self._serves(digest, probes) for digest, probes in runs.items()]
        return tuple(sorted(found, key=lambda one: -_saved(one)))

    def _serves(self, digest: str, probes: Sequence[Probe]) -> Served:
        query = self._queries[digest]
        calls = sum(probe.calls for probe in probes) or 1.0
        timed = all(self._after.get(probe) is not None for probe in probes)
        before = sum(p.calls * (p.duration_ms or 0.0) for p in probes) / calls
        after = sum(p.calls * self._duration_after(p) for p in probes) / calls
        return Served(
            digest=digest,
            fingerprint=query.fingerprint,
            calls=calls,
            cost_before=sum(p.calls * p.cost for p in probes) / calls,
            cost_after=sum(p.calls * self._costs.cost(p, self.chosen) for p in probes) / calls,
            duration_ms_before=before if timed else None,
            duration_ms_after=after if timed else None,
            name=query.name,
            endpoints=query.endpoints,
        )


def _saved(served: Served) -> float:
    return served.calls * ((served.cost_before or 0.0) - (served.cost_after or 0.0))


def guessed(
    pool: Sequence[Candidate],
    probes: Sequence[Probe],
    queries: Mapping[str, WorkloadQuery],
    told: Advice,
) -> Advice:
    """Advice where nothing could be tried: for each query the most promising candidate."""
    served: set[str] = set()
    advised = []
    calls = {probe.digest: 0.0 for probe in probes}
    for probe in probes:
        calls[probe.digest] += probe.calls
    for candidate in sorted(pool, key=lambda candidate: -candidate.potential):
        fresh = candidate.digests - served
        if not fresh:
            continue
        served |= candidate.digests
        names = [
            Served(digest, queries[digest].fingerprint, calls.get(digest, 0.0), None, None)
            for digest in sorted(candidate.digests)
        ]
        advised.append(AdvisedIndex(candidate.definition, tuple(names), 0, candidate.why, "none"))
    return replace(told, indexes=tuple(advised), method="none")
