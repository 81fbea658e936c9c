"""The statements of a workload, taken apart and asked for what they cost as things are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from .core.candidates import Candidate, Weighted
from .core.costs import Configuration, Probe, weighted
from .core.indexes import IndexDefinition
from .core.parsing import read_statement
from .core.predicates import Statement, TableUse, UnreadableStatement
from .core.safety import refusal_to_explain
from .core.schema import Schema
from .core.upkeep import WriteLoad
from .core.workload import Workload, WorkloadQuery
from .databases.base import Database, DatabaseError, WhatIf

#: Runs of one query that are costed, slow and typical ones.
_MAX_SAMPLES = 3
#: A run is given this long when it is timed.
RUN_TIMEOUT_MS = 3_000
#: The server version that plans statements without their values.
_GENERIC_PLANS = 160_000


@dataclass(frozen=True, slots=True)
class Run:
    """A sample with its values in it, taken apart. ``calls`` is its part of the query's; ``chosen``
    tells that its values are no user's."""

    query: WorkloadQuery
    text: str
    statement: Statement
    calls: float
    duration_ms: float | None
    chosen: bool


class Runs:
    """``skipped`` names what could not be read or asked, ``in_use`` the indexes that plans use."""

    def __init__(self, workload: Workload, database: Database, schema: Schema) -> None:
        self._database = database
        self._schema = schema
        self.skipped = list(workload.skipped)
        self.in_use: set[str] = set()
        self.queries = {query.digest: query for query in workload.queries}
        self._by_text = {run.text: run for query in workload.queries for run in self._read(query)}
        self.reads = [run for run in self._by_text.values() if run.statement.uses]

    def probes(self, world: WhatIf, late: Callable[[], bool]) -> list[Probe]:
        """What reads cost; those that cannot be asked are named and left out. They are timed, the
        dearest first, until it is ``late``."""
        probes = []
        for run in self.reads:
            try:
                found = world.estimate(run.text, frozenset())
            except DatabaseError as error:
                self._skip(run.query, str(error))
                continue
            self.in_use |= found.existing
            probes.append(
                Probe(run.text, run.query.digest, run.calls, found.cost, 0.0, run.duration_ms)
            )
        probes.sort(key=lambda probe: -probe.calls * probe.cost)
        # What the server measured for values that nobody knows is not measured with others.
        told = {run.text for run in self.reads if run.chosen and run.duration_ms is not None}
        return weighted([p if late() or p.statement in told else _timed(world, p) for p in probes])

    def unasked(self) -> list[Probe]:
        """Probes of a database that was not asked: by calls alone."""
        return weighted(
            [Probe(run.text, run.query.digest, run.calls, 1.0, 0.0) for run in self.reads]
        )

    def statements(self, probes: Iterable[Probe]) -> list[Weighted]:
        return [Weighted(self._by_text[p.statement].statement, p.weight, p.digest) for p in probes]

    def loads(self) -> list[WriteLoad]:
        """What the workload writes."""
        writes = [(run.statement.write, run.calls) for run in self._by_text.values()]
        return [
            WriteLoad(write.table, write.kind, write.columns, calls, float(write.rows or 1))
            for write, calls in writes
            if write is not None
        ]

    def relevant(
        self, probes: Iterable[Probe], pool: Iterable[Candidate]
    ) -> dict[str, Configuration]:
        """For each statement the candidates on its tables whose first key it speaks of."""
        return {
            probe.statement: frozenset(
                candidate.definition
                for candidate in pool
                if probe.digest in candidate.digests
                or any(
                    _concerns(candidate.definition, use)
                    for use in self._by_text[probe.statement].statement.uses
                )
            )
            for probe in probes
        }

    def real(self, digests: Iterable[str]) -> bool:
        """Whether one of these queries was seen with values of its own."""
        known = {run.query.digest for run in self.reads if not run.chosen}
        return not known.isdisjoint(digests)

    def missing(self) -> Iterator[str]:
        """What the server lacks for what the workload asks."""
        schema = self._schema
        if schema.vendor != "postgresql" or "pg_trgm" in schema.extensions | schema.available:
            return
        patterns = {
            predicate.pattern
            for run in self.reads
            for use in run.statement.uses
            for predicate in use.predicates
            if predicate.operator in ("like", "ilike")
        }
        if patterns & {"infix", "suffix"}:
            yield "pg_trgm is not on this server: no index for text in the middle (icontains)"

    def _read(self, query: WorkloadQuery) -> Iterator[Run]:
        found = []
        for sample in query.samples[:_MAX_SAMPLES]:
            try:
                text = self._database.literal(sample.sql, sample.params)
                if refusal := refusal_to_explain(text):
                    raise DatabaseError(refusal)
                statement = read_statement(text, self._schema)
            except (DatabaseError, UnreadableStatement) as error:
                self._skip(query, str(error))
                continue
            if sample.generic and self._schema.version < _GENERIC_PLANS:
                self._skip(query, "its values are not known, which needs PostgreSQL 16 or newer")
            elif statement.unknown and not statement.uses and statement.write is None:
                self._skip(query, f"no table of this database: {', '.join(statement.unknown)}")
            else:
                found.append((sample, text, statement))
        typical = query.total_ms / query.calls if query.total_ms and query.calls else None
        for sample, text, statement in found:
            duration_ms = sample.duration_ms or typical
            calls = query.calls / len(found)
            yield Run(query, text, statement, calls, duration_ms, sample.chosen)

    def _skip(self, query: WorkloadQuery, reason: str) -> None:
        why = f"{query.name or query.digest}: {reason}"
        if why not in self.skipped:
            self.skipped.append(why)


def _timed(world: WhatIf, probe: Probe) -> Probe:
    """The probe with the time of a run here: that of the application has the way to it in."""
    duration_ms = world.measure(probe.statement, frozenset(), RUN_TIMEOUT_MS)
    if duration_ms is None:
        return probe
    return replace(probe, duration_ms=duration_ms, measured=True)


def _concerns(index: IndexDefinition, use: TableUse) -> bool:
    first = index.keys[0]
    named = set(first.columns or (first.name,))
    return use.table == index.table and named <= use.columns
