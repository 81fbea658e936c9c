"""Builds indexes for real, and measures what a workload costs without and with them.

All of it happens in a transaction that is rolled back. Costs are the planner's for one run, the
mean of a template's samples; milliseconds are what planning and running take in the server, the
median of several runs. Reads are judged by cost and time, writes by the WAL that they make.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from . import server
from .oltp import Template

TIMEOUT_MS = 5_000
#: What it must save of the workload's cost or time, or it is not worth having.
WORTH = 0.001
WRITES = 20


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one template. ``wal_bytes`` of one run, None of a read."""

    cost: float
    duration_ms: float
    wal_bytes: float | None
    used: frozenset[str]


@dataclass(frozen=True, slots=True)
class IndexFigures:
    """``cost_share`` and ``time_share``: of the whole workload without indexes, what it costs more
    when of all indexes this one alone is missing."""

    create: str
    size_bytes: int
    used_by: tuple[str, ...]
    cost_share: float = 0.0
    time_share: float = 0.0

    @property
    def idle(self) -> bool:
        """Whether it would not be missed: it is unused, or what it saves is not worth it."""
        return self.cost_share < WORTH and self.time_share < WORTH


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures by the templates' names, and of each index."""

    templates: tuple[Template, ...]
    before: dict[str, Figures]
    after: dict[str, Figures]
    indexes: tuple[IndexFigures, ...]

    @property
    def size_bytes(self) -> int:
        return sum(index.size_bytes for index in self.indexes)

    @property
    def cost_left(self) -> float:
        """Share of the reads."""
        return self._left(lambda figures: 0.0 if figures.wal_bytes else figures.cost)

    @property
    def time_left(self) -> float:
        """Share of the reads."""
        return self._left(lambda figures: 0.0 if figures.wal_bytes else figures.duration_ms)

    @property
    def wal_ratio(self) -> float:
        return self._left(lambda figures: figures.wal_bytes or 0.0)

    @property
    def unused(self) -> tuple[IndexFigures, ...]:
        return tuple(index for index in self.indexes if not index.used_by)

    @property
    def traps(self) -> tuple[IndexFigures, ...]:
        """Indexes that are used and would not be missed."""
        return tuple(index for index in self.indexes if index.used_by and index.idle)

    def as_dict(self) -> dict[str, Any]:
        return {
            "size_bytes": self.size_bytes,
            "cost_left": self.cost_left,
            "time_left": self.time_left,
            "wal_ratio": self.wal_ratio,
            "unused": [index.create for index in self.unused],
            "traps": [index.create for index in self.traps],
            "queries": [_row(each, self.before, self.after) for each in self.templates],
            "indexes": [
                {
                    "create": index.create,
                    "size_bytes": index.size_bytes,
                    "used_by": index.used_by,
                    "cost_share": index.cost_share,
                    "time_share": index.time_share,
                }
                for index in self.indexes
            ],
        }

    def _left(self, figure: Callable[[Figures], float]) -> float:
        return total(self.templates, self.after, figure) / total(
            self.templates, self.before, figure
        )


def total(
    templates: Iterable[Template], found: dict[str, Figures], figure: Callable[[Figures], float]
) -> float:
    return sum(each.calls * figure(found[each.name]) for each in templates)


def figures(
    connection: server.Connection, templates: Iterable[Template], runs: int
) -> dict[str, Figures]:
    """Of all templates, with the indexes that are there; within a transaction."""
    return {each.name: _measured(connection, each, runs) for each in templates}


def evaluate(
    connection: server.Connection,
    templates: tuple[Template, ...],
    indexes: Iterable[str],
    *,
    before: dict[str, Figures],
    runs: int = 5,
) -> Evaluation:
    """What these CREATE INDEX statements do; ``before`` are the figures without them."""
    with connection.transaction(force_rollback=True):
        made = _build(connection, indexes)
        after = figures(connection, templates, runs)
        found = []
        for name, index in made.items():
            users = tuple(each for each in templates if name in after[each.name].used)
            index = replace(index, used_by=tuple(each.name for each in users))
            found.append(_without(connection, name, index, users, before, after, templates, runs))
    return Evaluation(templates, before, after, tuple(found))


def _build(connection: server.Connection, indexes: Iterable[str]) -> dict[str, IndexFigures]:
    made, tables = {}, set()
    for create in indexes:
        connection.execute(create)
        row = connection.execute(
            "SELECT indexrelid::regclass::text, indrelid::regclass::text,"
            " pg_relation_size(indexrelid) FROM pg_index ORDER BY indexrelid::bigint DESC LIMIT 1"
        ).fetchone()
        assert row is not None
        made[row[0].strip('"')] = IndexFigures(create, int(row[2]), ())
        tables.add(row[1])
    for table in sorted(tables):
        connection.execute(f"ANALYZE {table}")
    return made


def _without(
    connection: server.Connection,
    name: str,
    index: IndexFigures,
    users: tuple[Template, ...],
    before: dict[str, Figures],
    after: dict[str, Figures],
    templates: tuple[Template, ...],
    runs: int,
) -> IndexFigures:
    """With the shares that it saves; only the queries that use it can tell."""
    if not users:
        return index
    with connection.transaction(force_rollback=True):
        connection.execute(f'DROP INDEX "{name}"')
        missing = figures(connection, users, min(runs, 3))

    def share(figure: Callable[[Figures], float]) -> float:
        more = total(users, missing, figure) - total(users, after, figure)
        return more / total(templates, before, figure)

    return replace(
        index,
        cost_share=share(lambda figures: figures.cost),
        time_share=share(lambda figures: figures.duration_ms),
    )


def _measured(connection: server.Connection, template: Template, runs: int) -> Figures:
    cursor = psycopg.ClientCursor(connection)
    statements = [cursor.mogrify(template.sql, sample or None) for sample in template.samples]
    plans = [_plan(connection, statement) for statement in statements]
    return Figures(
        statistics.fmean(plan["Total Cost"] for plan in plans),
        statistics.fmean(_duration_ms(connection, each, runs) for each in statements),
        statistics.fmean(_wal_bytes(connection, each) for each in statements)
        if template.writes
        else None,
        frozenset(name for plan in plans for name in _indexes_of(plan)),
    )


def _plan(connection: server.Connection, statement: str, options: str = "") -> dict[str, Any]:
    row = connection.execute(f"EXPLAIN ({options}FORMAT JSON) {statement}").fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


def _indexes_of(plan: dict[str, Any]) -> Iterator[str]:
    if "Index Name" in plan:
        yield plan["Index Name"]
    for child in plan.get("Plans", ()):
        yield from _indexes_of(child)


def _duration_ms(connection: server.Connection, statement: str, runs: int) -> float:
    """The median, or the limit where it takes longer."""
    durations = []
    for _ in range(runs):
        try:
            with connection.transaction(force_rollback=True):
                connection.execute(f"SET LOCAL statement_timeout = {TIMEOUT_MS}")
                row = connection.execute(
                    f"EXPLAIN (ANALYZE, TIMING OFF, SUMMARY, FORMAT JSON) {statement}"
                ).fetchone()
                assert row is not None
                durations.append(row[0][0]["Planning Time"] + row[0][0]["Execution Time"])
        except psycopg.errors.QueryCanceled:
            return float(TIMEOUT_MS)
    return statistics.median(durations)


def _wal_bytes(connection: server.Connection, statement: str) -> float:
    """The mean of several runs. The first is not counted: it may log whole pages."""
    found = []
    for _ in range(WRITES + 1):
        with connection.transaction(force_rollback=True):
            found.append(_plan(connection, statement, "ANALYZE, WAL, ")["WAL Bytes"])
    return statistics.fmean(found[1:])


def _row(
    template: Template, before: dict[str, Figures], after: dict[str, Figures]
) -> dict[str, Any]:
    old, new = before[template.name], after[template.name]
    return {
        "name": template.name,
        "calls": template.calls,
        "trap": template.trap,
        "cost_before": old.cost,
        "cost_after": new.cost,
        "duration_ms_before": old.duration_ms,
        "duration_ms_after": new.duration_ms,
        "wal_bytes_before": old.wal_bytes,
        "wal_bytes_after": new.wal_bytes,
        "used": sorted(new.used),
    }
