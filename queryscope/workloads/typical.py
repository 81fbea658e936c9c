"""Placeholders whose values nobody kept get some that are typical, checked by the database.

The database says which type a placeholder has, its statistics which values are frequent, and a plan
of each choice how many rows it brings: those are kept that bring about as many as the real ones.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ..core.parameter_roles import Role, cast, literals, roles
from ..core.predicates import UnreadableStatement
from ..core.safety import refusal_to_explain
from ..core.schema import Column, Schema
from ..core.sql_literals import default_text, rendered
from ..core.statements import placeholders, replaced
from ..core.typical_values import PAGE, Question, choices
from ..core.workload import Sample, Workload, WorkloadQuery
from ..databases.transactions import rolled_back

_KEPT = 2
#: Choices that bring up to that many times more or fewer rows than the best one are as good.
_ALIKE = math.log(4)
_TIMEOUTS = {"statement_timeout": 10_000, "lock_timeout": 1_000}
_NAME = "queryscope_types"
_TYPES = (
    f"SELECT parameter_types::text[] FROM pg_catalog.pg_prepared_statements WHERE name = '{_NAME}'"
)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Tried:
    statement: str
    rows: float
    cost: float


def filled(
    workload: Workload, connection: Any, schema: Schema, rows: Mapping[str, float] | None = None
) -> Workload:
    """The workload with a statement that the database can plan wherever there was $1.

    ``rows`` are those that a run of a query brought on average, by its digest. A statement for
    which no choice can be planned stays as it was. Leaves nothing. Raises DatabaseError.
    """
    if not any(sample.generic for query in workload.queries for sample in query.samples):
        return workload
    settings = _TIMEOUTS if connection.vendor == "postgresql" else {}
    read_only = connection.vendor == "postgresql"
    with rolled_back(connection, read_only=read_only, settings=settings) as cursor:
        chooser = _Chooser(_Asking(connection, cursor), schema)
        queries = tuple(
            chooser.query(query, (rows or {}).get(query.digest)) for query in workload.queries
        )
    return replace(workload, queries=queries)


class _Asking:
    """Statements that may fail, in a transaction that goes on after it."""

    def __init__(self, connection: Any, cursor: Any) -> None:
        self.vendor: str = connection.vendor
        self._errors = connection.Database.Error
        self._cursor = cursor

    def types(self, sql: str, known: Mapping[int, str]) -> dict[int, str]:
        """What the server takes each placeholder for; empty where it does not say.

        For those ``known`` to be literals it is asked with one in their place.
        """
        numbers = [int(name[1:]) for name in placeholders(sql) if name[0] == "$"]
        if self.vendor != "postgresql" or not numbers:
            return dict(known)
        texts = {
            f"${number}": rendered("month" if type_ == "text" else default_text(type_), "")
            for number, type_ in known.items()
        }
        # A number that does not occur needs a type, too.
        listed = ", ".join(
            "unknown" if number in numbers and number not in known else "text"
            for number in range(1, max(numbers) + 1)
        )
        text = f"PREPARE {_NAME} ({listed}) AS {replaced(sql, texts)}"
        return {**(self._attempt(lambda: self._prepared(text)) or {}), **known}

    def tried(self, statement: str) -> _Tried | None:
        """What the planner expects of it; None where it refuses the statement."""
        return self._attempt(lambda: self._planned(statement))

    def _prepared(self, text: str) -> dict[int, str]:
        self._cursor.execute(text)
        try:
            self._cursor.execute(_TYPES)
            return dict(enumerate(self._cursor.fetchone()[0], 1))
        finally:
            # A prepared statement outlives the transaction.
            self._cursor.execute(f"DEALLOCATE {_NAME}")

    def _planned(self, statement: str) -> _Tried:
        if self.vendor != "postgresql":
            self._cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
            self._cursor.fetchall()
            return _Tried(statement, 0.0, 0.0)
        self._cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}")
        plan = self._cursor.fetchone()[0]
        root = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
        return _Tried(statement, float(root["Plan Rows"]), float(root["Total Cost"]))

    def _attempt(self, action: Callable[[], _T]) -> _T | None:
        self._cursor.execute("SAVEPOINT queryscope_attempt")
        try:
            return action()
        except self._errors:
            self._cursor.execute("ROLLBACK TO SAVEPOINT queryscope_attempt")
            return None
        finally:
            self._cursor.execute("RELEASE SAVEPOINT queryscope_attempt")


class _Chooser:
    def __init__(self, asking: _Asking, schema: Schema) -> None:
        self._asking = asking
        self._schema = schema

    def query(self, query: WorkloadQuery, rows: float | None) -> WorkloadQuery:
        samples: list[Sample] = []
        for sample in query.samples:
            samples += self._samples(sample, rows) if sample.generic else [sample]
        return replace(query, samples=tuple(samples))

    def _samples(self, sample: Sample, rows: float | None) -> list[Sample]:
        if refusal_to_explain(sample.sql):
            return [sample]
        tried = [
            found
            for each in self._statements(sample.sql, rows)
            if (found := self._asking.tried(each))
        ]
        if not tried:
            return [sample]
        return [
            replace(sample, sql=each.statement, generic=False, chosen=True)
            for each in _likely(tried, rows)
        ]

    def _statements(self, sql: str, rows: float | None) -> list[str]:
        only_literals = literals(sql)
        types = self._asking.types(sql, only_literals)
        dialect = "postgres" if self._asking.vendor == "postgresql" else self._asking.vendor
        try:
            known = roles(sql, dialect)
        except UnreadableStatement:
            # The types alone make it a statement that can be planned.
            known = {number: Role("other") for number in types}
        limit = max(PAGE, math.ceil(rows or 0))
        uncast = cast(sql) | frozenset(only_literals)
        question = Question(known, types, self._column, uncast, limit)
        return [replaced(sql, texts) for texts in choices(question)]

    def _column(self, table: str, column: str) -> Column | None:
        found = self._schema.tables.get(table)
        return found.columns.get(column) if found else None


def _likely(tried: list[_Tried], rows: float | None) -> list[_Tried]:
    """Those that bring about as many rows as the real ones, the dearest first."""
    if rows is None:
        kept = tried[:_KEPT]
    else:
        off = [abs(math.log((each.rows + 1) / (rows + 1))) for each in tried]
        order = sorted(range(len(tried)), key=lambda at: (round(off[at], 1), at))
        kept = [tried[at] for at in order[:_KEPT] if off[at] <= off[order[0]] + _ALIKE]
    return sorted(kept, key=lambda each: -each.cost)
