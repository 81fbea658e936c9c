"""What-if on PostgreSQL with real indexes, in a transaction that is rolled back.

Costs, sizes and milliseconds are exact. While it lasts, writers to the tables wait (CREATE INDEX
locks them), and readers too for the moments in which candidates are hidden (DROP INDEX in a
savepoint): for development and CI databases.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

from ..core.indexes import IndexDefinition, quoted
from ..core.safety import has_placeholders, refusal_to_explain
from .base import Built, DatabaseError, Estimate
from .postgresql import PostgreSQL, answer
from .transactions import one_line, rolled_back

_BUILD_TIMEOUT_MS = 120_000
_LOCK_TIMEOUT_MS = 2_000
_BUILD_MEMORY = "256MB"
#: The server ends a session that stands still, so that nobody waits for its locks for ever.
_IDLE_TIMEOUT_MS = 120_000
#: Functions that are declared immutable run while a statement is planned.
_PLAN_TIMEOUT_MS = 10_000
_READ_ONLY = (
    f"SET LOCAL transaction_read_only = on; SET LOCAL statement_timeout = {_PLAN_TIMEOUT_MS}"
)
#: A run as long as this is timed once.
_LONG_MS = 50.0
_EXTENSIONS = {"gin_trgm_ops": "pg_trgm", "gist_trgm_ops": "pg_trgm"}
#: Asked again for each set of candidates.
_is_generic = lru_cache(maxsize=4_096)(has_placeholders)
_refusal = lru_cache(maxsize=4_096)(refusal_to_explain)
_NOT_HIDDEN = "queryscope_not_hidden"
#: An index and those of partitions that belong to it: name, bytes, rows.
_PARTS = """\
WITH RECURSIVE part(oid) AS (
    SELECT '{name}'::regclass::oid
    UNION ALL
    SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN part ON i.inhparent = part.oid
)
SELECT c.relname, pg_relation_size(c.oid), c.reltuples::float8
FROM part JOIN pg_catalog.pg_class c USING (oid)"""


class RealIndexes:
    """Candidates that are there for as long as the transaction is."""

    measures = True

    def __init__(self, connection: Any, cursor: Any) -> None:
        self._database = PostgreSQL(connection)
        self._cursor = cursor
        self._errors = connection.Database.Error
        self._names: dict[IndexDefinition, str] = {}
        self._by_name: dict[str, IndexDefinition] = {}
        self._made = 0
        self._statistics: dict[IndexDefinition, list[str]] = {}
        #: Indexes whose expressions have no statistics yet.
        self._stale: set[IndexDefinition] = set()
        self._hidden: frozenset[IndexDefinition] = frozenset()
        self._relevant: dict[str, frozenset[IndexDefinition]] = {}
        self.calls = 0

    def build(self, index: IndexDefinition) -> Built:
        self._unhide()
        self._need(index)
        self._made += 1
        name = f"queryscope_{self._made}"
        started = time.perf_counter()
        with _guarded(self._cursor, self._errors):
            self._cursor.execute(index.create_sql(name))
        build_ms = (time.perf_counter() - started) * 1000
        self._names[index] = name
        self._relevant.clear()
        # The planner takes no statistics from a partial index.
        if any(key.expression for key in index.keys) and not index.condition:
            self._stale.add(index)
        self._cursor.execute(_PARTS.format(name=name))
        # Plans name the indexes of partitions.
        parts = self._cursor.fetchall()
        self._by_name.update((part, index) for part, _, _ in parts)
        return Built(
            sum(size for _, size, _ in parts), build_ms, sum(max(rows, 0.0) for *_, rows in parts)
        )

    def _need(self, index: IndexDefinition) -> None:
        """Extensions that the index needs are there for as long as it is."""
        for key in index.keys:
            extension = _EXTENSIONS.get(key.opclass)
            if extension is not None:
                with _guarded(self._cursor, self._errors):
                    self._cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")

    def discard(self, index: IndexDefinition) -> None:
        self._unhide()
        name = self._names.pop(index)
        self._by_name = {part: of for part, of in self._by_name.items() if of != index}
        self._relevant.clear()
        self._stale.discard(index)
        self._cursor.execute(f"DROP INDEX {quoted(name)}")
        for statistics in self._statistics.pop(index, ()):
            self._cursor.execute(f"DROP STATISTICS {statistics}")

    def estimate(self, statement: str, indexes: frozenset[IndexDefinition]) -> Estimate:
        self.calls += 1
        self._show(statement, indexes)
        plan = explained_json(self._cursor, statement, self._errors)
        return _estimated(plan["Plan"], self._by_name)

    def measure(
        self, statement: str, indexes: frozenset[IndexDefinition], timeout_ms: int
    ) -> float | None:
        self._show(statement, indexes)
        first = self._run(statement, timeout_ms)
        if first is None or first > _LONG_MS:
            return first
        # A short one may have met with cold caches.
        again = self._run(statement, timeout_ms)
        return min(first, again) if again is not None else first

    def _run(self, statement: str, timeout_ms: int) -> float | None:
        try:
            plan = self._database.explain(statement, analyze=True, timeout_ms=timeout_ms)
        except DatabaseError:
            return None
        return plan.execution_ms if plan.analyzed else None

    def _show(self, statement: str, indexes: frozenset[IndexDefinition]) -> None:
        """Hide what is not in ``indexes``, of the tables that the statement names."""
        if self._stale:
            self._unhide()
            for index in sorted(self._stale, key=lambda index: index.name):
                self._learn(index)
            self._stale.clear()
        relevant = self._relevant.get(statement)
        if relevant is None:
            relevant = frozenset(index for index in self._names if _is_named(index, statement))
            self._relevant[statement] = relevant
        wanted = relevant - indexes
        if self._hidden & relevant == wanted:
            return
        self._unhide()
        if wanted:
            names = ", ".join(quoted(self._names[index]) for index in wanted)
            self._cursor.execute(f"SAVEPOINT {_NOT_HIDDEN}")
            self._hidden = wanted
            try:
                self._cursor.execute(f"DROP INDEX {names}")
                for name in self._statistics_of(wanted):
                    self._cursor.execute(f"DROP STATISTICS {name}")
            except self._errors as error:
                raise DatabaseError(_why_not_hidden(error, wanted)) from error

    def _statistics_of(self, indexes: Iterable[IndexDefinition]) -> list[str]:
        return [name for index in indexes for name in self._statistics.get(index, ())]

    def _learn(self, index: IndexDefinition) -> None:
        """Statistics for the index' expressions: without them they are taken to match 0.5 % of the
        rows. Of the named columns alone: ANALYZE of a whole table would tell autovacuum, rolled
        back or not, that it need not come."""
        keys = [key for key in index.keys if key.expression]
        table = _table(index)
        columns = sorted({quoted(name) for key in keys for name in key.columns})
        for key in keys:
            self._made += 1
            name = f"queryscope_{self._made}"
            with suppress(DatabaseError), _guarded(self._cursor, self._errors):
                self._cursor.execute(f"CREATE STATISTICS {name} ON ({key.name}) FROM {table}")
                self._statistics.setdefault(index, []).append(name)
        if columns:
            with _guarded(self._cursor, self._errors):
                self._cursor.execute(f"ANALYZE {table} ({', '.join(columns)})")

    def _unhide(self) -> None:
        if self._hidden:
            self._cursor.execute(f"ROLLBACK TO SAVEPOINT {_NOT_HIDDEN}")
            self._cursor.execute(f"RELEASE SAVEPOINT {_NOT_HIDDEN}")
            self._hidden = frozenset()


@contextmanager
def real_indexes(connection: Any) -> Iterator[RealIndexes]:
    """Raises DatabaseError when the transaction cannot be opened or is lost."""
    settings: dict[str, str | int] = {
        "statement_timeout": _BUILD_TIMEOUT_MS,
        "lock_timeout": _LOCK_TIMEOUT_MS,
        "maintenance_work_mem": _BUILD_MEMORY,
        "idle_in_transaction_session_timeout": _IDLE_TIMEOUT_MS,
    }
    with rolled_back(connection, settings=settings) as cursor:
        yield RealIndexes(connection, cursor)


class HypotheticalIndexes:
    """Candidates that only the planner sees, by the HypoPG extension. Nothing is locked or written,
    sizes are guesses (up to seven times too large), and only B-tree and BRIN can be asked."""

    measures = False

    def __init__(self, connection: Any, cursor: Any) -> None:
        self._cursor = cursor
        self._errors = connection.Database.Error
        self._known: set[IndexDefinition] = set()
        self._present: dict[IndexDefinition, tuple[int, str]] = {}
        self._by_name: dict[str, IndexDefinition] = {}
        self.calls = 0

    def build(self, index: IndexDefinition) -> Built:
        oid = self._create(index)
        self._cursor.execute("SELECT hypopg_relation_size(%s)", [oid])
        self._known.add(index)
        return Built(int(self._cursor.fetchone()[0]))

    def discard(self, index: IndexDefinition) -> None:
        self._known.discard(index)
        self._drop(index)

    def estimate(self, statement: str, indexes: frozenset[IndexDefinition]) -> Estimate:
        self.calls += 1
        for index in [*self._present]:
            if index not in indexes:
                self._drop(index)
        for index in indexes:
            if index not in self._present and index in self._known and _is_named(index, statement):
                self._create(index)
        plan = explained_json(self._cursor, statement, self._errors)
        return _estimated(plan["Plan"], self._by_name)

    def measure(
        self, statement: str, indexes: frozenset[IndexDefinition], timeout_ms: int
    ) -> float | None:
        return None

    def _create(self, index: IndexDefinition) -> int:
        with _guarded(self._cursor, self._errors):
            self._cursor.execute(
                "SELECT indexrelid, indexname FROM hypopg_create_index(%s)",
                [index.create_sql()],
            )
            oid, name = self._cursor.fetchone()
        self._present[index] = int(oid), name
        self._by_name[name] = index
        return int(oid)

    def _drop(self, index: IndexDefinition) -> None:
        if index in self._present:
            oid, name = self._present.pop(index)
            del self._by_name[name]
            self._cursor.execute("SELECT hypopg_drop_index(%s)", [oid])


@contextmanager
def hypothetical_indexes(connection: Any) -> Iterator[HypotheticalIndexes]:
    """Raises DatabaseError where the extension is missing."""
    settings: dict[str, str | int] = {
        "lock_timeout": _LOCK_TIMEOUT_MS,
        "idle_in_transaction_session_timeout": _IDLE_TIMEOUT_MS,
    }
    with rolled_back(connection, settings=settings) as cursor:
        try:
            # They outlive a rollback, and may be left over from somebody else's.
            cursor.execute("SELECT hypopg_reset()")
            yield HypotheticalIndexes(connection, cursor)
        finally:
            with suppress(connection.Database.Error):
                cursor.execute("SELECT hypopg_reset()")


@contextmanager
def _guarded(cursor: Any, errors: Any) -> Iterator[None]:
    """A statement whose failure leaves the transaction usable. Raises DatabaseError."""
    cursor.execute("SAVEPOINT queryscope_guard")
    try:
        yield
    except errors as error:
        cursor.execute("ROLLBACK TO SAVEPOINT queryscope_guard")
        raise DatabaseError(one_line(error)) from error
    finally:
        with suppress(errors):
            cursor.execute("RELEASE SAVEPOINT queryscope_guard")


def explained_json(cursor: Any, statement: str, errors: Any) -> dict[str, Any]:
    """EXPLAIN without running. Raises DatabaseError; the transaction can be used afterwards."""
    refusal = _refusal(statement)
    if refusal:
        raise DatabaseError(f"cannot be explained: {refusal}")
    with _guarded(cursor, errors):
        cursor.execute(_READ_ONLY)
        generic = _is_generic(statement)
        options = "GENERIC_PLAN, FORMAT JSON" if generic else "FORMAT JSON"
        rows = answer(cursor, f"EXPLAIN ({options}) {statement}", generic=generic)
        cursor.execute("ROLLBACK TO SAVEPOINT queryscope_guard")
    plans = json.loads(rows) if isinstance(rows, str) else rows
    plan: dict[str, Any] = plans[0]
    return plan


def _estimated(root: dict[str, Any], candidates: dict[str, IndexDefinition]) -> Estimate:
    names = set(_index_names(root))
    used = frozenset(candidates[name] for name in names & candidates.keys())
    return Estimate(root["Total Cost"], used, frozenset(names - candidates.keys()))


def _index_names(node: dict[str, Any]) -> Iterator[str]:
    if "Index Name" in node:
        yield node["Index Name"]
    for child in node.get("Plans", ()):
        yield from _index_names(child)


def _table(index: IndexDefinition) -> str:
    schema = f"{quoted(index.schema)}." if index.schema else ""
    return schema + quoted(index.table)


def _is_named(index: IndexDefinition, statement: str) -> bool:
    """Whether the statement names the index's table, perhaps without its quotes."""
    return quoted(index.table)[1:-1].lower() in statement.lower()


def _why_not_hidden(error: Any, indexes: frozenset[IndexDefinition]) -> str:
    code = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if code != "55P03":
        return one_line(error)
    tables = ", ".join(sorted({index.table for index in indexes}))
    return (
        f"another session holds a lock on {tables}, if only to read: try again when its "
        "transaction has ended, or pass --what-if hypopg"
    )
