"""What sets of indexes cost by the plans that are known so far, without asking for more.

A plan that was seen with the indexes it uses can be had with any set that holds them: the cheapest
such plan bounds what a statement costs from above, and mostly is what it costs. So sets can be
compared by the hundred thousand (as INUM does: Papadomanolakis, Dash, Ailamaki, "Efficient use of
the query optimizer for automated physical design", VLDB 2007). Sets are the bits of an integer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

from .costs import Configuration, Costs
from .indexes import IndexDefinition
from .limits import LEAST_GAIN, Limits, Priced

#: Indexes of one plan that are taken in together, at most.
_MOST_TOGETHER = 5


#: Indexes, bytes on disk, bytes of log.
Needs = tuple[int, int, float]


class KnownPlans:
    """``learn`` takes over what was asked of ``costs`` since the last time."""

    def __init__(self, costs: Costs, limits: Limits) -> None:
        self._costs = costs
        self._limits = limits
        #: Whether there is any limit at all.
        self.limited = not limits.allow(2**63, 2**63, math.inf)
        self._priced: list[Priced] = []
        self._prices: list[float] = []
        self._number: dict[IndexDefinition, int] = {}
        count = len(costs.probes)
        #: Of each probe: the cost of every set of used indexes, facts read, plans cheapest first,
        #: the indexes that any of them uses, and costs of sets by those.
        self._seen: list[dict[int, float]] = [{} for _ in range(count)]
        self._exact: list[dict[int, float]] = [{} for _ in range(count)]
        self._read = [0] * count
        self._plans: list[list[tuple[float, int]]] = [[] for _ in range(count)]
        self._relevant = [0] * count
        self._costs_of: list[dict[int, float]] = [{} for _ in range(count)]
        #: Of each index: the probes of which some plan uses it.
        self._touched: list[set[int]] = []

    def add(self, priced: Priced) -> None:
        self._number[priced.definition] = len(self._priced)
        self._priced.append(priced)
        self._prices.append(self._limits.rent(priced) + LEAST_GAIN)
        self._touched.append(set())

    def learn(self) -> None:
        for at, probe in enumerate(self._costs.probes):
            facts = self._costs.known(probe)
            if len(facts) == self._read[at]:
                continue
            seen, exact = self._seen[at], self._exact[at]
            for fact in facts[self._read[at] :]:
                if fact.used <= self._number.keys():
                    used = self.mask(fact.used)
                    share = self._costs.share_of(probe, fact.cost)
                    seen[used] = min(share, seen.get(used, share))
                    exact[self.mask(fact.available)] = share
            self._read[at] = len(facts)
            self._plans[at] = _undominated(seen)
            self._relevant[at] = _united(used for _, used in self._plans[at])
            # Planners are not always wise: what was asked is what a set costs.
            self._costs_of[at] = {m & self._relevant[at]: cost for m, cost in exact.items()}
            for number in bits(self._relevant[at]):
                self._touched[number].add(at)

    def mask(self, chosen: Iterable[IndexDefinition]) -> int:
        numbers = (self._number.get(index) for index in chosen)
        return sum(1 << number for number in numbers if number is not None)

    def configuration(self, mask: int) -> Configuration:
        return frozenset(self._priced[number].definition for number in bits(mask))

    def used(self) -> int:
        """The indexes that some plan uses."""
        return _united(self._relevant)

    def bundles(self) -> list[int]:
        """Sets that one plan uses, and each index alone: what is worth taking in at once."""
        found = {1 << number for number in bits(self.used())}
        for plans in self._plans:
            found.update(used for _, used in plans if 0 < used.bit_count() <= _MOST_TOGETHER)
        return sorted(found)

    def needs(self, mask: int) -> Needs:
        chosen = [self._priced[number] for number in bits(mask)]
        size_bytes = sum([one.size_bytes for one in chosen])
        return len(chosen), size_bytes, sum([one.log_bytes for one in chosen])

    def less(self, needs: Needs, number: int) -> Needs:
        """What is needed without one index."""
        one = self._priced[number]
        return needs[0] - 1, needs[1] - one.size_bytes, needs[2] - one.log_bytes

    def fits(self, needs: Needs) -> bool:
        return self._limits.allow(*needs)

    def share(self, at: int, mask: int) -> float:
        """What is left of the probe's weight."""
        wanted = mask & self._relevant[at]
        known = self._costs_of[at]
        cost = known.get(wanted)
        if cost is None:
            cost = next(cost for cost, used in self._plans[at] if used & wanted == used)
            known[wanted] = cost
        return cost

    def shares(self, mask: int) -> list[float]:
        return [self.share(at, mask) for at in range(len(self._plans))]

    def objective(self, mask: int) -> float:
        """The share of cost that is left, with what each index has to take away."""
        return sum(self.shares(mask)) + sum(self._prices[number] for number in bits(mask))

    def change(
        self, old: int, new: int, shares: list[float]
    ) -> tuple[float, list[tuple[int, float]]]:
        """By how much the objective changes, and the shares that do; ``shares`` are the old."""
        difference = 0.0
        numbers = bits(old ^ new)
        for number in numbers:
            price = self._prices[number]
            difference += price if new >> number & 1 else -price
        changed = []
        for at in set().union(*[self._touched[number] for number in numbers]):
            share = self.share(at, new)
            if share != shares[at]:
                difference += share - shares[at]
                changed.append((at, share))
        return difference, changed

    def reach(self, more: Configuration, chosen: Configuration) -> float:
        """The share of cost that others take away beside what is chosen, whatever their price."""
        mask = self.mask(chosen)
        return sum(self.shares(mask)) - sum(self.shares(mask | self.mask(more)))


@lru_cache(maxsize=1 << 16)
def bits(mask: int) -> tuple[int, ...]:
    """Numbers of the bits that are set, the lowest first."""
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return tuple(found)


def _united(masks: Iterable[int]) -> int:
    found = 0
    for mask in masks:
        found |= mask
    return found


def _undominated(costs: dict[int, float]) -> list[tuple[float, int]]:
    """Plans, the cheapest first, without those that need more indexes than a cheaper one."""
    plans: list[tuple[float, int]] = []
    for used, cost in sorted(costs.items(), key=lambda item: (item[1], item[0].bit_count())):
        if not any(other & used == other for _, other in plans):
            plans.append((cost, used))
    return plans
