"""What statements cost with sets of candidates, asked of the what-if as seldom as possible."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from .indexes import IndexDefinition

Configuration = frozenset[IndexDefinition]

#: A plan that costs so little more than the cheapest there is need not be looked at again.
_AS_GOOD = 1.001
#: As cheap as it gets: PostgreSQL reads a row by an index for 8, SQLite in some fifty steps, which
#: count by tens. What costs less than this has nothing to gain.
_CHEAP = 10.0
#: A cost that is so much more than was believed, and more than such a share of the cost before.
_TELLING = 1.1
_TRIFLE = 0.01


@dataclass(frozen=True, slots=True)
class Probe:
    """A statement as the what-if is asked for it.

    ``cost`` is that of a run without candidates, ``calls`` the runs it stands for, ``weight`` its
    share of what the whole workload costs. ``duration_ms`` of a run, None where not known;
    ``measured`` tells that it is the what-if's own, which a later one can be compared with.
    """

    statement: str
    digest: str
    calls: float
    cost: float
    weight: float
    duration_ms: float | None = None
    measured: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """With all of ``available`` there, the plan used ``used``: it is the same for every set of
    candidates in between, since the planner would choose it again."""

    available: Configuration
    used: Configuration
    cost: float


#: (statement, candidates that exist) -> cost and the candidates that its plan uses.
Estimator = Callable[[str, Configuration], tuple[float, Configuration]]


class Costs:
    """Costs of probes; what is known answers as much as it can.

    ``relevant`` are the candidates that could serve a probe, by its statement. More indexes are
    taken never to make a plan dearer: what a plan costs with all of them is the least it can.
    """

    def __init__(
        self,
        estimate: Estimator,
        probes: Sequence[Probe],
        relevant: Mapping[str, Configuration],
    ) -> None:
        self.probes = tuple(probes)
        self._estimate = estimate
        self._relevant = dict(relevant)
        none: Configuration = frozenset()
        self._known = {p.statement: [Known(none, none, p.cost)] for p in self.probes}
        self._least: dict[str, float] = {}
        self._touch()

    def restrict(self, candidates: Configuration) -> None:
        """From now on there are only these."""
        self._relevant = {text: some & candidates for text, some in self._relevant.items()}
        self._touch()
        for probe in self.probes:
            everything = self._relevant.get(probe.statement, frozenset())
            self._least[probe.statement] = self._answer(probe, everything).cost

    def extend(self, index: IndexDefinition, like: Iterable[IndexDefinition]) -> None:
        """There is one more candidate, for what others like it could serve."""
        family = frozenset(like)
        for text, some in self._relevant.items():
            if some & family:
                self._relevant[text] = some | {index}
        for probe in self.probes:
            if index in self._relevant[probe.statement]:
                self._touched.setdefault(index, []).append(probe)
                everything = self._relevant[probe.statement]
                self._least[probe.statement] = self._answer(probe, everything).cost

    def _touch(self) -> None:
        self._touched: dict[IndexDefinition, list[Probe]] = {}
        for probe in self.probes:
            for index in self._relevant.get(probe.statement, ()):
                self._touched.setdefault(index, []).append(probe)

    def known(self, probe: Probe) -> Sequence[Known]:
        """What was asked of a probe so far, in that order."""
        return self._known[probe.statement]

    def relevant(self, probe: Probe) -> Configuration:
        """The candidates that could serve a probe."""
        return self._relevant.get(probe.statement, frozenset())

    def touched_by(self, index: IndexDefinition) -> Sequence[Probe]:
        """The probes that a candidate could serve."""
        return self._touched.get(index, ())

    def cost(self, probe: Probe, configuration: Configuration) -> float:
        """Of one run with these candidates there."""
        return self._answer(probe, configuration).cost

    def used(self, probe: Probe, configuration: Configuration) -> Configuration:
        """The candidates that its plan uses then."""
        return self._answer(probe, configuration).used

    def share(self, probe: Probe, configuration: Configuration) -> float:
        """The weight that is left of a probe, at most what it was."""
        return self.share_of(probe, self.cost(probe, configuration))

    def share_of(self, probe: Probe, cost: float) -> float:
        """The weight that is left of a probe when a run costs so much."""
        return probe.weight * min(1.0, max(cost, _CHEAP) / max(probe.cost, _CHEAP))

    def left(self, configuration: Configuration, probes: Iterable[Probe] | None = None) -> float:
        """The share of the workload's cost that is left."""
        chosen = self.probes if probes is None else probes
        return sum(self.share(probe, configuration) for probe in chosen)

    def correct(self, configuration: Configuration) -> bool:
        """Ask once more what probes cost with exactly these, and forget what said otherwise.

        Whether anything did: an index that is there lends its statistics to plans that do not use
        it, so that what was seen with more of them need not hold with fewer.
        """
        wrong = False
        for probe in self.probes:
            wanted = configuration & self.relevant(probe)
            if not wanted or any(fact.available == wanted for fact in self.known(probe)):
                continue
            believed = self._answer(probe, configuration)
            cost, used = self._estimate(probe.statement, wanted)
            if cost > believed.cost * _TELLING and cost > probe.cost * _TRIFLE:
                wrong = True
                self._known[probe.statement] = [
                    fact
                    for fact in self.known(probe)
                    if not (fact.used <= wanted and fact.cost < cost)
                ]
            self._known[probe.statement].insert(0, Known(wanted, used & wanted, cost))
        return wrong

    def _answer(self, probe: Probe, configuration: Configuration) -> Known:
        wanted = configuration & self.relevant(probe)
        known = self._known[probe.statement]
        enough = self._least.get(probe.statement, -1.0) * _AS_GOOD
        for fact in known:
            if fact.used <= wanted and (wanted <= fact.available or fact.cost <= enough):
                return fact
        cost, used = self._estimate(probe.statement, wanted)
        fact = Known(wanted, used & wanted, cost)
        known.append(fact)
        return fact


def weighted(probes: Sequence[Probe]) -> list[Probe]:
    """The probes with their weights, which add up to 1.

    Half of it is the share of the planner's cost, half that of the time: a statement that only
    looks cheap to the planner weighs what it takes, one that took no time here may where the tables
    are not all in memory. Runs that were not timed take what their cost says, by the others.
    """
    rate = _ms_a_unit(probes)
    costs = [probe.calls * probe.cost for probe in probes]
    spent = [p.calls * (p.cost * rate if p.duration_ms is None else p.duration_ms) for p in probes]
    cost, time = sum(costs) or 1.0, sum(spent) or 1.0
    return [
        replace(probe, weight=(costs[at] / cost + spent[at] / time) / 2)
        for at, probe in enumerate(probes)
    ]


def milliseconds(probes: Sequence[Probe]) -> float:
    """Those of all runs; a run that was not timed takes what its cost says, by the others."""
    rate = _ms_a_unit(probes)
    return sum(
        p.calls * (p.cost * rate if p.duration_ms is None else p.duration_ms) for p in probes
    )


#: Milliseconds for one unit of the planner's cost, where nothing was timed.
_MS_A_UNIT = 0.01


def _ms_a_unit(probes: Iterable[Probe]) -> float:
    timed = [probe for probe in probes if probe.duration_ms is not None]
    cost = sum(probe.calls * probe.cost for probe in timed)
    return sum(p.calls * (p.duration_ms or 0.0) for p in timed) / cost if cost else _MS_A_UNIT
