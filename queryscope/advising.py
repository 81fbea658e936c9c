"""A workload in, index advice out: parse -> candidates -> what-if -> selection -> gains."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from .core.advice import Advice, RejectedIndex
from .core.candidates import Candidate, candidates
from .core.costs import Configuration, Costs, Estimator, Probe, milliseconds
from .core.droppable import droppable
from .core.indexes import IndexDefinition
from .core.prices import Prices
from .core.selection import Limits, Priced, Selection, alone, reason_alone, shortlist
from .core.statements import has_values
from .core.workload import Workload
from .databases.base import Built, Database, DatabaseError, WhatIf
from .databases.what_if import Mode, filtering, what_if
from .gains import Gains, guessed
from .probing import RUN_TIMEOUT_MS, Runs
from .rivals import without_rivals

#: Shares of the time limit after which nothing more is timed, and no candidate built for real.
_SHARE_FOR_TIMING = 0.2
_SHARE_FOR_BUILDING = 0.6
#: Bytes from which an index that need not be there is worth a word.
_WORTH_DROPPING = 100 * 1024
#: Choices at most, each after what was learnt of the last.
_LOOKS = 8


@dataclass(frozen=True, slots=True)
class AdviseOptions:
    """None is no limit. ``time_limit_s`` bounds the search, not the last look at what it found.

    ``least_saved_ms`` is what an index must save of all runs together.
    """

    storage_budget_bytes: int | None = None
    max_width: int = 4
    max_indexes: int | None = None
    what_if: Mode = "auto"
    time_limit_s: float = 90.0
    least_saved_ms: float = 0.0


def advise(workload: Workload, database: Database, options: AdviseOptions) -> Advice:
    """The indexes that the whole workload wants. Leaves nothing in the database.

    Raises DatabaseError when it cannot be reached or the what-if that was asked for is not there.
    """
    advisor = _Advisor(workload, database, options)
    if options.what_if == "auto":
        advisor.imagine()
    with what_if(database.connection, options.what_if, advisor.schema) as world:
        return advisor.advice(world)


class _Advisor:
    """One session: what it learns on the way."""

    def __init__(self, workload: Workload, database: Database, options: AdviseOptions) -> None:
        self._started = time.monotonic()
        self._database = database
        self._options = options
        self._notes: dict[str, None] = {}
        self._rejected: dict[IndexDefinition, str] = {}
        self._calls = 0
        #: Candidates that HypoPG has shown to be of no use.
        self._unused: frozenset[IndexDefinition] = frozenset()
        self.schema = database.schema()
        self._runs = Runs(workload, database, self.schema)

    def imagine(self) -> None:
        """Ask HypoPG, where it is, which candidates need not be built for real."""
        try:
            with filtering(self._database.connection, self.schema) as world:
                if world is None:
                    return
                probes = self._runs.probes(world, late=lambda: True)
                pool = [c for c in self._pool(probes) if _imaginable(c.definition)]
                tried = self._tried(world, probes, pool)
                self._unused = tried.discarded
                self._calls += world.calls
        except DatabaseError as error:
            self._notes[f"HypoPG could not be asked: {error}"] = None
        # What it could not imagine may be built all the same.
        self._rejected.clear()

    def advice(self, world: WhatIf | None) -> Advice:
        """The advice; with ``world`` None what the statements alone tell."""
        if world is None:
            probes = self._runs.unasked()
            return guessed(self._pool(probes), probes, self._runs.queries, self._told())
        probes = self._runs.probes(world, partial(self._late, _SHARE_FOR_TIMING))
        self._notes |= dict.fromkeys(self._runs.missing())
        pool = self._pool(probes)
        tried = self._tried(world, probes, [c for c in pool if c.definition not in self._unused])
        selection, gains = self._selected(world, tried)
        for index in self._unused:
            self._rejected[index] = "no plan takes it, or others serve the same queries better"
        for index, reason in selection.reasons(gains.chosen).items():
            self._rejected.setdefault(index, reason)
        self._calls += world.calls
        advised = gains.advised(tried.built, tried.prices, {c.definition: c.why for c in pool})
        chosen = [one.definition for one in advised]
        found = droppable(self.schema, chosen, self._runs.in_use)
        told = replace(
            self._told(), droppable=tuple(i for i in found if i.size_bytes >= _WORTH_DROPPING)
        )
        return gains.summed(advised, told)

    def _selected(self, world: WhatIf, tried: _Tried) -> tuple[Selection, Gains]:
        """The best set, once its costs and times have been looked at again."""
        whole_ms = milliseconds(tried.costs.probes)
        limits = Limits(
            self._options.storage_budget_bytes,
            self._options.max_indexes,
            tried.prices.log_limit,
            sum(table.size_bytes for table in self.schema.tables.values()),
            self._options.least_saved_ms / whole_ms if whole_ms else 0.0,
        )
        priced, build = tried.priced, partial(self._added, world, tried)
        for _ in range(_LOOKS):
            selection = Selection(tried.costs, priced, limits, self._late, build)
            chosen = selection.best()
            if tried.costs.correct(chosen) and not self._late():
                continue
            chosen = without_rivals(
                world, tried.costs, selection, chosen, RUN_TIMEOUT_MS, self._late
            )
            gains = Gains(world, tried.costs, chosen, self._runs.queries, RUN_TIMEOUT_MS)
            slower = gains.in_vain(self._options.least_saved_ms)
            if not slower:
                break
            priced = [one for one in priced if one.definition not in slower]
            for index in slower:
                self._rejected[index] = (
                    "the planner takes it, yet queries were hardly faster with it than without"
                )
        else:
            chosen = selection.without_idle(chosen - frozenset(self._rejected))
            gains = Gains(world, tried.costs, chosen, self._runs.queries, RUN_TIMEOUT_MS)
        return selection, gains

    def _told(self) -> Advice:
        """What there is to say beside the indexes."""
        rejected = (RejectedIndex(index, reason) for index, reason in self._rejected.items())
        return Advice(
            rejected=tuple(rejected),
            notes=tuple(self._notes),
            skipped=tuple(self._runs.skipped),
            queries=len(self._runs.queries),
            what_if_calls=self._calls,
            elapsed_s=time.monotonic() - self._started,
        )

    def _late(self, share: float = 1.0) -> bool:
        return time.monotonic() - self._started > self._options.time_limit_s * share

    def _pool(self, probes: Iterable[Probe]) -> list[Candidate]:
        asked = self._runs.statements(probes)
        pool = candidates(asked, self.schema, max_width=self._options.max_width)
        self._rejected |= {rejected.definition: rejected.reason for rejected in pool.left_out}
        self._notes |= dict.fromkeys(pool.notes)
        kept = []
        for candidate in pool.candidates:
            if self._runs.real(candidate.digests) or not _names_values(candidate.definition):
                kept.append(candidate)
            else:
                self._rejected[candidate.definition] = "names values that had to be guessed"
        return kept

    def _tried(self, world: WhatIf, probes: Sequence[Probe], pool: Sequence[Candidate]) -> _Tried:
        """Build the candidates; those that no query gains by are taken away again at once."""
        built: dict[IndexDefinition, Built] = {}
        # ANALYZE makes statistics for expressions, and new ones for all else: costs begin anew.
        # An index for one branch of an OR is worth nothing without those for the others.
        first = [c for c in pool if c.partners or any(key.expression for key in c.definition.keys)]
        for candidate in first:
            self._build(world, candidate.definition, built)
        if built:
            probes = [
                replace(probe, cost=world.estimate(probe.statement, frozenset()).cost)
                for probe in probes
            ]
        prices = Prices(self.schema, self._runs.loads(), milliseconds(probes))
        costs = Costs(_estimator(world), probes, self._runs.relevant(probes, pool))
        priced = []
        discarded: set[IndexDefinition] = set()
        together: set[IndexDefinition] = set()
        for candidate in sorted(pool, key=lambda c: (c not in first, -c.potential)):
            index = candidate.definition
            if self._late(_SHARE_FOR_BUILDING) and index not in built:
                self._rejected[index] = "not tried: the time limit was near (--time-limit)"
                continue
            if index not in built and not self._build(world, index, built):
                continue
            price = prices.price(index, built[index].size_bytes, built[index].rows)
            partners = candidate.partners & built.keys()
            if alone(costs, price, partners) > 0:
                priced.append(price)
                together |= {index} if partners else set()
            else:
                self._discard(world, index, built, reason_alone(costs, price))
                discarded.add(index)
        kept = shortlist(costs, priced) | together
        for price in priced:
            if price.definition not in kept:
                reason = "others serve the same queries better"
                self._discard(world, price.definition, built, reason)
                discarded.add(price.definition)
        costs.restrict(kept)
        chosen = [price for price in priced if price.definition in kept]
        return _Tried(costs, chosen, prices, built, frozenset(discarded))

    def _discard(
        self,
        world: WhatIf,
        index: IndexDefinition,
        built: dict[IndexDefinition, Built],
        reason: str,
    ) -> None:
        """Take a candidate away; the search may think of it again, as the union of two."""
        self._rejected[index] = reason
        del built[index]
        world.discard(index)

    def _added(self, world: WhatIf, tried: _Tried, index: IndexDefinition) -> Priced | None:
        """A candidate that the search thought of, built and priced; None where it cannot be."""
        if index not in tried.built and not self._build(world, index, tried.built):
            return None
        built = tried.built[index]
        return tried.prices.price(index, built.size_bytes, built.rows)

    def _build(
        self, world: WhatIf, index: IndexDefinition, built: dict[IndexDefinition, Built]
    ) -> bool:
        try:
            built[index] = world.build(index)
        except DatabaseError as error:
            self._rejected[index] = f"cannot be built: {error}"
        return index in built


@dataclass(frozen=True, slots=True)
class _Tried:
    costs: Costs
    priced: list[Priced]
    prices: Prices
    built: dict[IndexDefinition, Built]
    discarded: Configuration


def _names_values(index: IndexDefinition) -> bool:
    """Whether it is made for certain values: ``status = 'done'``, ``data -> 'plan'``."""
    expressions = (key.name for key in index.keys if key.expression)
    return has_values(index.condition) or any(map(has_values, expressions))


def _imaginable(index: IndexDefinition) -> bool:
    """Whether HypoPG shows truly if plans take it: it refuses or misjudges all else."""
    expressions = any(key.expression for key in index.keys)
    return index.method == "btree" and not expressions and " IN (" not in index.condition


def _estimator(world: WhatIf) -> Estimator:
    def estimate(statement: str, indexes: Configuration) -> tuple[float, Configuration]:
        found = world.estimate(statement, indexes)
        return found.cost, found.used

    return estimate
