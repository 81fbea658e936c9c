"""PostgreSQL 14 to 18, by psycopg 3 or psycopg2: statements with their values, and their plans."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from ..core.plans import Plan
from ..core.postgresql_plans import plan_of
from ..core.safety import has_placeholders, refusal_to_explain, refusal_to_run
from ..core.schema import Schema
from ..core.workload import Parameters
from . import volatility
from .base import DatabaseError
from .catalogue_postgresql import read_schema
from .transactions import one_line, rolled_back

#: How long to wait for a table that somebody else holds.
_LOCK_TIMEOUT_MS = 1_000
#: The server ends a session that stands still in the midst of it, so that it holds no locks.
_IDLE_TIMEOUT_MS = 60_000
_GENERIC_PLANS_SINCE = 160000


class PostgreSQL:
    """``connection`` is Django's, in whatever state it is."""

    vendor = "postgresql"

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def literal(self, sql: str, params: Parameters) -> str:
        """The statement as the driver would send it.

        Raises DatabaseError where the parameters do not fit, or the server cannot be reached.
        """
        if params is None:
            return sql
        try:
            self.connection.ensure_connection()
            return _mogrified(self.connection.connection, sql, params)
        except Exception as error:  # of the driver, or of the values' own methods
            raise DatabaseError(f"the parameters do not fit: {one_line(error)}") from error

    def explain(self, statement: str, *, analyze: bool = False, timeout_ms: int = 5_000) -> Plan:
        """Its plan; with ``analyze`` of a run, if that is safe and ends in time. See Database."""
        refusal = refusal_to_explain(statement)
        if refusal:
            raise DatabaseError(f"cannot be explained: {refusal}")
        settings: dict[str, str | int] = {
            "statement_timeout": timeout_ms,
            # Less than the other one, so that it is known which of them it was.
            "lock_timeout": min(_LOCK_TIMEOUT_MS, (timeout_ms + 1) // 2 or _LOCK_TIMEOUT_MS),
            "idle_in_transaction_session_timeout": _IDLE_TIMEOUT_MS,
        }
        with rolled_back(self.connection, read_only=True, settings=settings) as cursor:
            plan = self._plan(cursor, statement, self._options(statement), timeout_ms)
            if not analyze:
                return plan
            refusal = refusal_to_run(statement) or volatility.refusal_of(cursor, statement, plan)
            if refusal:
                return replace(plan, refusal=refusal)
            try:
                options = "ANALYZE, BUFFERS, VERBOSE, SETTINGS"
                return self._plan(cursor, statement, options, timeout_ms)
            except DatabaseError as error:
                if self.connection.connection.closed:
                    raise
                return replace(plan, refusal=str(error))

    def schema(self, tables: Collection[str] | None = None) -> Schema:
        """These tables, or all that the search path shows. Raises DatabaseError."""
        return read_schema(self.connection, tables)

    def _options(self, statement: str) -> str:
        if not has_placeholders(statement):
            return "VERBOSE, SETTINGS"
        version = self.connection.pg_version
        if version < _GENERIC_PLANS_SINCE:
            raise DatabaseError(
                "cannot be explained: its values are not known ($1), and plans without values "
                f"need PostgreSQL 16; this is {version // 10000}"
            )
        return "GENERIC_PLAN, VERBOSE, SETTINGS"

    def _plan(self, cursor: Any, statement: str, options: str, timeout_ms: int) -> Plan:
        try:
            text = f"EXPLAIN ({options}, FORMAT JSON) {statement}"
            document = answer(cursor, text, generic=has_placeholders(statement))
        except (self.connection.Database.Error, UnicodeError) as error:
            raise DatabaseError(_why(error, timeout_ms)) from error
        return plan_of(document)


def _mogrified(raw: Any, sql: str, params: Any) -> str:
    if hasattr(raw, "pgconn"):
        from psycopg import ClientCursor

        return ClientCursor(raw).mogrify(sql, params)
    with raw.cursor() as cursor:
        text: bytes = cursor.mogrify(sql, params)
    return text.decode()


def answer(cursor: Any, sql: str, *, generic: bool) -> Any:
    """The one value that a statement returns. Where the driver can, the server refuses several.

    ``generic`` tells that values are missing ($1).
    """
    raw = cursor.connection
    # In the protocol that refuses more than one statement, $1 would need a value.
    if generic or not hasattr(raw, "pgconn"):
        cursor.execute(sql)
        return cursor.fetchone()[0]
    from psycopg import Cursor

    # It is the protocol of answers in binary form.
    with Cursor(raw) as single:
        single.execute(sql, prepare=False, binary=True)
        return single.fetchone()[0]  # type: ignore[index]


def _why(error: Any, timeout_ms: int) -> str:
    code = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if code == "55P03":
        return "another session holds a lock on one of its tables: try again when it is done"
    if code == "57014" and "statement timeout" in str(error):
        return f"it did not end within {timeout_ms / 1000:g} s"
    return one_line(error)
