"""Which candidates, of all sets that fit, leave the least of the workload's cost.

In turns: ask what plans there are around the best sets so far, find the best set by all plans that
are known, ask what that set really costs. A few hundred questions tell what the planner could do;
trying sets one by one, as Extend (Schlosser et al., ICDE 2019) and the other algorithms compared in
"Magic mirror in my hand" (Kossmann et al., VLDB 2020) do, takes thousands and sees less of it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from itertools import combinations

from .annealing import annealed
from .costs import Configuration, Costs, Probe
from .indexes import IndexDefinition
from .known_plans import KnownPlans
from .limits import LEAST_GAIN, Limits, Priced
from .unions import united

__all__ = [
    "LEAST_GAIN",
    "Limits",
    "Priced",
    "Selection",
    "alone",
    "reason_alone",
    "shortlist",
]

#: What a candidate must take away of one query to be looked at twice, and how many of them are.
_LEAST_CUT = 0.02
_BEST = 10
#: Sizes up to which plans are asked for, from the largest index to the smallest.
_SIZES = 10
#: Plans that are asked for one after the other, each without the largest new index of the last.
_PLANS = 8
#: Sets that are looked for in a turn; turns at most; unions that are built after a turn.
_SEEDS = 2
_TURNS = 16
_UNIONS = 12
#: A smaller gain is noise.
_NOTHING = 1e-5


class Selection:
    """One search. ``stop`` is asked between steps and ends it early with what there is.

    ``build`` makes a candidate of an index that the search thought of, None where it cannot.
    """

    def __init__(
        self,
        costs: Costs,
        candidates: Sequence[Priced],
        limits: Limits,
        stop: Callable[[], bool] = lambda: False,
        build: Callable[[IndexDefinition], Priced | None] = lambda index: None,
    ) -> None:
        self.costs = costs
        self.limits = limits
        self._stop = stop
        self._build = build
        self._priced: dict[IndexDefinition, Priced] = {}
        self._unions: set[IndexDefinition] = set()
        self._plans = KnownPlans(costs, limits)
        #: What each takes away where it is the only one.
        self.alone: dict[IndexDefinition, float] = {}
        for priced in sorted(candidates, key=lambda one: (one.size_bytes, one.definition.name)):
            self._take(priced)

    def _take(self, priced: Priced) -> None:
        self._priced[priced.definition] = priced
        self.alone[priced.definition] = alone(self.costs, priced)
        if self.limits.admit([priced]):
            self._plans.add(priced)

    def best(self) -> Configuration:
        """The best set found, without any that takes away less than it has to."""
        best: Configuration = frozenset()
        widened = False
        self._explore(best)
        for turn in range(_TURNS):
            better = self._turn(turn, best)
            if self._stop() or (better == best and (widened or not self._widen(best))):
                best = better
                break
            widened = better == best
            best = better
        return self.without_idle(best)

    def _turn(self, turn: int, best: Configuration) -> Configuration:
        """The best of the old set and some that are better by the known plans. The first goes on
        from the old one, the others begin anew."""
        self._plans.learn()
        lowest = self._objective_with_rent(best)
        for number in range(_SEEDS):
            start = self._plans.mask(best) if number == 0 else 0
            found = annealed(self._plans, turn * _SEEDS + number, start)
            other = self._plans.configuration(found)
            objective = self._objective_with_rent(other)
            if objective < lowest - _NOTHING:
                best, lowest = other, objective
            self._explore(other)
            if self._stop():
                break
        return best

    def _explore(self, chosen: Configuration) -> None:
        """Ask for plans that are better with more, and for those that take the place of lost ones,
        with indexes of every size."""
        for probe in self.costs.probes:
            if self._stop():
                return
            known = self.costs.relevant(probe) & self._priced.keys()
            there = frozenset(index for index in known if self.fits(frozenset({index})))
            sizes = sorted({self.size(index) for index in there - chosen}, reverse=True)
            for size in sizes[:: max(1, len(sizes) // _SIZES)]:
                smaller = frozenset(index for index in there if self.size(index) <= size)
                self._ask(probe, chosen, smaller)
            for lost in sorted(self.costs.used(probe, chosen), key=self._order):
                smaller = frozenset(i for i in there if self.size(i) < self.size(lost))
                self._ask(probe, chosen - {lost}, smaller)

    def _ask(self, probe: Probe, chosen: Configuration, others: Configuration) -> None:
        """Ask what the others bring beside what is chosen: all, then without the largest used."""
        left = self.costs.share(probe, chosen)
        for _ in range(_PLANS):
            there = chosen | others
            # More indexes never make a plan dearer: no part of them can bring more.
            if left - self.costs.share(probe, there) < LEAST_GAIN / 4:
                return
            new = self.costs.used(probe, there) - chosen
            if not new:
                return
            others -= {max(new, key=self._order)}

    def _widen(self, chosen: Configuration) -> bool:
        """Whether there are new candidates: indexes that serve the queries of two."""
        before = len(self._priced)
        for union, parts in self._promising(chosen):
            if self._stop():
                break
            self._unions.add(union)
            priced = self._build(union)
            if priced is not None:
                self.costs.extend(union, parts)
                self._take(priced)
        if len(self._priced) > before:
            self._explore(chosen)
        return len(self._priced) > before

    def _promising(
        self, chosen: Configuration
    ) -> list[tuple[IndexDefinition, tuple[IndexDefinition, IndexDefinition]]]:
        """Unions that would pay if they did what both parts do for the price of the larger one."""
        self._plans.learn()
        promise: dict[IndexDefinition, float] = {}
        parts: dict[IndexDefinition, tuple[IndexDefinition, IndexDefinition]] = {}
        worth = self._worth_of_a_byte(chosen)
        prices = {i: self.limits.rent(p) + worth * p.size_bytes for i, p in self._priced.items()}
        useful = chosen | self._plans.configuration(self._plans.used())
        for pair in combinations(sorted(useful, key=self._order), 2):
            union = united(*pair)
            if union is None or union in self._unions or union in self._priced:
                continue
            freed = sum(prices[part] for part in pair if part in chosen)
            gain = self._plans.reach(frozenset(pair), chosen) - prices[pair[1]] + freed
            if gain > LEAST_GAIN:
                promise[union], parts[union] = gain, pair
        best = heapq.nlargest(_UNIONS, promise, key=promise.__getitem__)
        return [(union, parts[union]) for union in best]

    def _worth_of_a_byte(self, chosen: Configuration) -> float:
        """What a byte of a budget brings where it brings least; 0 without a budget."""
        if self.limits.size_bytes is None or not chosen:
            return 0.0
        return min(
            self._plans.reach(frozenset({index}), chosen - {index}) / max(1, self.size(index))
            for index in chosen
        )

    def reasons(self, chosen: Configuration) -> dict[IndexDefinition, str]:
        """Why each of the others was not chosen."""
        self._plans.learn()
        return {index: self._reason(index, chosen) for index in self._priced if index not in chosen}

    def _reason(self, index: IndexDefinition, chosen: Configuration) -> str:
        if self.alone[index] <= LEAST_GAIN:
            return reason_alone(self.costs, self._priced[index])
        gain = self._plans.reach(frozenset({index}), chosen)
        gain -= self.limits.rent(self._priced[index])
        if not self.fits(frozenset({index})):
            return f"takes away {self.alone[index]:.1%} alone, but does not fit the limits"
        if gain > LEAST_GAIN and not self.fits(chosen | {index}):
            return f"would take away {gain:.1%} more, but does not fit the limits"
        rivals = [other for other in chosen if other.table == index.table]
        by = f" with {', '.join(sorted(other.name for other in rivals))}" if rivals else ""
        return f"takes away {self.alone[index]:.1%} alone, {max(gain, 0.0):.2%}{by} there"

    def objective(self, chosen: Configuration) -> float:
        """The share of cost that is left, with upkeep and, without a budget, storage."""
        return self.costs.left(chosen) + sum(self.limits.rent(self._priced[i]) for i in chosen)

    def _objective_with_rent(self, chosen: Configuration) -> float:
        return self.objective(chosen) + LEAST_GAIN * len(chosen)

    def loss(self, index: IndexDefinition, chosen: Configuration) -> float:
        """What dropping an index gives back."""
        touched = self.costs.touched_by(index)
        without, with_it = (self.costs.left(some, touched) for some in (chosen - {index}, chosen))
        return without - with_it - self.limits.rent(self._priced[index])

    def without_idle(self, chosen: Configuration) -> Configuration:
        """Without those that take too little away, the least useful first."""
        while chosen:
            losses = {index: self.loss(index, chosen) for index in chosen}
            least = min(chosen, key=lambda index: (losses[index], -self.size(index)))
            if losses[least] >= LEAST_GAIN:
                break
            chosen -= {least}
        return chosen

    def fits(self, chosen: Configuration) -> bool:
        return self.limits.admit([self._priced[index] for index in chosen])

    def rent(self, index: IndexDefinition) -> float:
        """What an index costs as long as it is there, as a share of the workload's cost."""
        return self.limits.rent(self._priced[index])

    def size(self, index: IndexDefinition) -> int:
        """Bytes on disk."""
        return self._priced[index].size_bytes

    def _order(self, index: IndexDefinition) -> tuple[int, str]:
        return self.size(index), index.name


def alone(costs: Costs, priced: Priced, partners: Configuration = frozenset()) -> float:
    """The share of the workload's cost that a candidate takes away where it is the only one, or
    the only one beside those without which it answers nothing."""
    touched = costs.touched_by(priced.definition)
    only = partners | {priced.definition}
    return costs.left(frozenset(), touched) - costs.left(only, touched) - priced.upkeep


def reason_alone(costs: Costs, priced: Priced) -> str:
    """Why a candidate is of no use even where it is the only one."""
    gain = alone(costs, priced) + priced.upkeep
    if gain <= 0:
        return "no plan takes it"
    if gain <= priced.upkeep:
        return f"takes away {gain:.2%} of the cost, and its upkeep adds {priced.upkeep:.2%}"
    return f"takes away only {gain:.2%} of the workload's cost"


def shortlist(costs: Costs, candidates: Sequence[Priced]) -> Configuration:
    """Those among the best for a query, by what they take away and by that for their bytes."""
    kept: set[IndexDefinition] = set()
    for probe in costs.probes:
        cuts = {
            one.definition: probe.weight - costs.share(probe, frozenset({one.definition}))
            for one in candidates
        }
        sizes = {one.definition: max(1, one.size_bytes) for one in candidates}
        useful = [index for index, cut in cuts.items() if cut > probe.weight * _LEAST_CUT]
        kept.update(heapq.nlargest(_BEST, useful, key=cuts.__getitem__))
        kept.update(heapq.nlargest(_BEST, useful, key=lambda index: cuts[index] / sizes[index]))
    return frozenset(kept)
