"""Asks the database for the plans of what was recorded, with the values that were seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from django.db import connections

from .core.explained import Explained, Key, key, tables_of
from .core.plan_tips import Context, tips_for
from .core.plans import Plan
from .core.schema import Schema
from .core.workload import Sample, WorkloadQuery
from .databases import database_of
from .databases.base import Database, DatabaseError

#: What one statement may take.
TIMEOUT_MS = 5_000

#: Milliseconds that the next statement may take; 0 where no time is left.
Allowance = Callable[[], int]


def explained(
    queries: Iterable[WorkloadQuery], allowance: Allowance = lambda: TIMEOUT_MS
) -> dict[Key, Explained]:
    """Their plans, asked for on this thread's connections; one that has none says why.

    What is safe to run is run again, and nothing is left of it. Queries for which no time is left
    are missing.
    """
    by_alias: dict[str, list[WorkloadQuery]] = {}
    for query in queries:
        by_alias.setdefault(query.database, []).append(query)
    found: dict[Key, Explained] = {}
    for alias, members in by_alias.items():
        found.update(_of_alias(alias, members, allowance))
    return found


def _of_alias(
    alias: str, queries: Sequence[WorkloadQuery], allowance: Allowance
) -> dict[Key, Explained]:
    try:
        database = database_of(connections[alias])
    except DatabaseError as error:
        return {key(query): Explained(query, problem=str(error)) for query in queries}
    made = {}
    statements = {}
    for query in queries:
        if allowance() <= 0:
            break
        try:
            statements[key(query)] = _literal(database, query.samples[0])
            made[key(query)] = _explained(database, query, statements[key(query)], allowance)
        except DatabaseError as error:
            made[key(query)] = Explained(query, problem=str(error))
    schema = _schema(database, [one.plan for one in made.values() if one.plan is not None])
    return {name: _with_tips(one, statements.get(name, ""), schema) for name, one in made.items()}


def _literal(database: Database, sample: Sample) -> str:
    return database.literal(sample.sql, sample.params)


def _explained(
    database: Database, query: WorkloadQuery, statement: str, allowance: Allowance
) -> Explained:
    worst, allowed_ms = query.samples[0], allowance()
    # What took longer before would be cancelled half-way.
    analyze = (worst.duration_ms or 0.0) < allowed_ms
    plan = database.explain(statement, analyze=analyze, timeout_ms=allowed_ms)
    return Explained(query, plan, typical=_typical(database, query, allowance))


def _typical(database: Database, query: WorkloadQuery, allowance: Allowance) -> Plan | None:
    """The plan with the values of the lightest run; its shape is all that is asked for."""
    allowed_ms = allowance()
    if len(query.samples) == 1 or allowed_ms <= 0:
        return None
    try:
        statement = _literal(database, query.samples[-1])
        return database.explain(statement, timeout_ms=allowed_ms)
    except DatabaseError:
        return None


def _schema(database: Database, plans: Sequence[Plan]) -> Schema:
    """What the tips may want to know; they say less without."""
    tables = tables_of(plans)
    try:
        return database.schema(tables) if tables else Schema(database.vendor)
    except DatabaseError:
        return Schema(database.vendor)


def _with_tips(found: Explained, statement: str, schema: Schema) -> Explained:
    if found.plan is None:
        return found
    tips = tuple(tips_for(Context(found.plan, statement, schema)))
    return replace(found, tips=tips, schema=schema)
