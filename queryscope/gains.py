"""What a choice of indexes brings, query by query: the figures of the advice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .core.advice import Advice, AdvisedIndex, Method, Served
from .core.candidates import Candidate
from .core.costs import Configuration, Costs, Probe, milliseconds
from .core.indexes import IndexDefinition
from .core.limits import LEAST_GAIN
from .core.prices import Prices
from .core.workload import WorkloadQuery
from .databases.base import Built, WhatIf

#: Why an index that the search put together has the columns it has.
_UNION = ("it has the columns of two candidates, so that one index serves the queries of both",)
#: The share of the time that may be left for an index to be worth its place.
_FASTER = 0.9
#: A share of the workload's cost so small that time decides.
_LITTLE = 0.005


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
        self._world = world
        self._timeout_ms = timeout_ms
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

    def in_vain(self, least_saved_ms: float) -> Configuration:
        """Indexes whose queries were hardly faster with them, or saved less than they have to, all
        runs together; or one that the others make up for. Those of which some query was not timed
        are not judged."""
        found = set()
        for index in self.chosen:
            timed = [
                (probe.calls * (probe.duration_ms or 0.0), probe.calls * after)
                for probe, after in self._after.items()
                if index in self._used[probe] and after is not None
            ]
            if not timed or any(index in self._used[probe] for probe in self._untimed()):
                continue
            before, after_ms = sum(b for b, _ in timed), sum(a for _, a in timed)
            if after_ms > before * _FASTER or before - after_ms < least_saved_ms:
                found.add(index)
        return frozenset(found) or self._made_up_for()

    def _made_up_for(self) -> Configuration:
        """The first of the least useful indexes without which hardly more is lost, as measured."""
        whole_ms = milliseconds(self._costs.probes) or 1.0
        cost = sum(probe.calls * probe.cost for probe in self._costs.probes) or 1.0
        untimed = self._untimed()
        for index in sorted(self.chosen, key=lambda index: (self._gain(index), index.name)):
            probes = [probe for probe, used in self._used.items() if index in used]
            without = self.chosen - {index}
            lost = sum(p.calls * (self._costs.cost(p, without) - self._cost(p)) for p in probes)
            if lost / cost > _LITTLE or any(probe in untimed for probe in probes):
                continue
            lost_ms = 0.0
            for probe in probes:
                again = self._world.measure(probe.statement, without, self._timeout_ms)
                if again is None:
                    lost_ms = whole_ms
                    break
                lost_ms += probe.calls * (again - self._duration_after(probe))
            if (lost / cost + lost_ms / whole_ms) / 2 < LEAST_GAIN:
                return frozenset({index})
        return frozenset()

    def _cost(self, probe: Probe) -> float:
        return self._costs.cost(probe, self.chosen)

    def _untimed(self) -> list[Probe]:
        return [probe for probe in self._used if self._after.get(probe) is None]

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
                why=tuple(why.get(index, _UNION)),
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
            cost_after=sum(p.calls * self._cost(p) for p in probes),
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
            cost_after=sum(p.calls * self._cost(p) for p in probes) / calls,
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
