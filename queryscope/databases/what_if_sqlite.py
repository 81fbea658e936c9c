"""What-if on SQLite with real indexes, in a savepoint that is rolled back.

EXPLAIN QUERY PLAN has no costs. A plan that was not seen before is run, and costs the steps that
SQLite's virtual machine took, in tens: the same on every machine, however busy.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..core.indexes import IndexDefinition, quoted
from ..core.safety import refusal_to_run
from .base import Built, DatabaseError, Estimate
from .transactions import one_line, rolled_back

_RUNS = 3
_TIMEOUT_S = 10.0
#: Steps that are counted as one, and those between two looks at the clock of a run that is timed.
_STEPS = 10
_STEPS_TIMED = 10_000
_NOT_HIDDEN = "queryscope_not_hidden"
_INDEX = re.compile(r"\bINDEX ([\w$]+)")


@dataclass(frozen=True, slots=True)
class _Run:
    """``steps`` of the virtual machine, by as many as were asked to be counted as one."""

    seconds: float
    steps: float
    complete: bool


class SQLiteIndexes:
    """Candidates that are there for as long as the savepoint is."""

    measures = True

    def __init__(self, connection: Any, cursor: Any) -> None:
        self._raw = connection.connection
        self._cursor = cursor
        self._errors = connection.Database.Error
        self._names: dict[IndexDefinition, str] = {}
        self._by_name: dict[str, IndexDefinition] = {}
        self._hidden: frozenset[IndexDefinition] = frozenset()
        self._costs: dict[tuple[str, tuple[str, ...]], float] = {}
        self._made = self._looks = 0
        self.calls = 0

    def build(self, index: IndexDefinition) -> Built:
        self._unhide()
        self._made += 1
        name = f"queryscope_{self._made}"
        before, started = self._used_pages(), time.perf_counter()
        self._execute(index.create_sql(name))
        build_ms = (time.perf_counter() - started) * 1000
        self._names[index], self._by_name[name] = name, index
        size = (self._used_pages() - before) * self._number("PRAGMA page_size")
        return Built(max(size, 0), build_ms)

    def discard(self, index: IndexDefinition) -> None:
        self._unhide()
        name = self._names.pop(index)
        del self._by_name[name]
        self._execute(f"DROP INDEX {quoted(name)}")

    def estimate(self, statement: str, indexes: frozenset[IndexDefinition]) -> Estimate:
        self.calls += 1
        plan = self._plan(statement, indexes)
        key = statement, plan
        if key not in self._costs:
            self._costs[key] = self._run(statement, _TIMEOUT_S, _STEPS).steps
        names = {match.group(1) for line in plan for match in _INDEX.finditer(line)}
        used = frozenset(self._by_name[name] for name in names & self._by_name.keys())
        return Estimate(self._costs[key], used, frozenset(names - self._by_name.keys()))

    def measure(
        self, statement: str, indexes: frozenset[IndexDefinition], timeout_ms: int
    ) -> float | None:
        self._plan(statement, indexes)
        runs = [self._run(statement, timeout_ms / 1000, _STEPS_TIMED) for _ in range(_RUNS)]
        times = [run.seconds for run in runs if run.complete]
        return min(times) * 1000 if times else None

    def _plan(self, statement: str, indexes: frozenset[IndexDefinition]) -> tuple[str, ...]:
        relevant = frozenset(index for index in self._names if _is_named(index, statement))
        if self._hidden & relevant != relevant - indexes:
            self._unhide()
            self._execute(f"SAVEPOINT {_NOT_HIDDEN}")
            self._hidden = relevant - indexes
            for index in self._hidden:
                self._execute(f"DROP INDEX {quoted(self._names[index])}")
        # The driver keeps statements it has prepared, and for these SQLite does not look again
        # whether the schema is still the same.
        fresh = (
            f"EXPLAIN QUERY PLAN /* {self.calls} {len(self._hidden)} {self._made} */ {statement}"
        )
        return tuple(str(row[3]) for row in self._execute(fresh))

    def _run(self, statement: str, timeout_s: float, every: int) -> _Run:
        """Reads to the last row, or as far as the time goes; what writes is not run at all."""
        if refusal_to_run(statement):
            return _Run(0.0, 0.0, complete=False)
        started, steps = time.perf_counter(), 0

        def late() -> int:
            nonlocal steps
            steps += 1
            return int(time.perf_counter() - started > timeout_s)

        self._raw.set_progress_handler(late, every)
        try:
            for _ in self._raw.execute(statement):
                pass
        except self._errors:
            return _Run(time.perf_counter() - started, steps, complete=False)
        finally:
            self._raw.set_progress_handler(None, 0)
        # Less than can be counted are still some.
        return _Run(time.perf_counter() - started, max(steps, 1), complete=True)

    def _unhide(self) -> None:
        if self._hidden:
            self._execute(f"ROLLBACK TO {_NOT_HIDDEN}")
            self._execute(f"RELEASE {_NOT_HIDDEN}")
            self._hidden = frozenset()

    def _used_pages(self) -> int:
        return self._number("PRAGMA page_count") - self._number("PRAGMA freelist_count")

    def _number(self, sql: str) -> int:
        return int(self._execute(sql)[0][0])

    def _execute(self, sql: str) -> list[Any]:
        try:
            found: list[Any] = self._raw.execute(sql).fetchall()
        except self._errors as error:
            raise DatabaseError(one_line(error)) from error
        return found


@contextmanager
def sqlite_indexes(connection: Any) -> Iterator[SQLiteIndexes]:
    """Raises DatabaseError when the database is locked or cannot be written to."""
    with rolled_back(connection) as cursor:
        yield SQLiteIndexes(connection, cursor)


def _is_named(index: IndexDefinition, statement: str) -> bool:
    """Whether the statement names the index's table, in whatever case."""
    return quoted(index.table)[1:-1].lower() in statement.lower()
