"""SQLite: statements with their values, and their plans by EXPLAIN QUERY PLAN."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from ..core.plans import Plan
from ..core.safety import refusal_to_explain
from ..core.schema import Schema
from ..core.sqlite_plans import plan_of
from ..core.workload import Parameters
from .base import DatabaseError
from .catalogue_sqlite import read_schema
from .transactions import one_line

#: Placeholders as SQLite finds them: not in strings, names and comments.
_TOKEN = re.compile(
    r"""
      '(?:[^']|'')*+' | "(?:[^"]|"")*+" | `(?:[^`]|``)*+` | \[[^\]]*+\]
    | --[^\n]*+ | /\*.*?(?:\*/|\Z)
    | (?P<number>\?[0-9]*+) | :(?P<name>[A-Za-z_]\w*+)
    """,
    re.VERBOSE | re.DOTALL,
)
#: A SELECT may have 2,000 columns.
_BATCH = 500


class SQLite:
    """``connection`` is Django's."""

    vendor = "sqlite"

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def literal(self, sql: str, params: Parameters) -> str:
        """The statement with its parameters in it, as SQLite quotes them.

        Raises DatabaseError where they do not fit.
        """
        if params is None:
            return sql
        try:
            self.connection.ensure_connection()
            text = _with_marks(self.connection.connection, sql, params)
            return _filled(text, _quoted(self.connection.connection, params))
        except Exception as error:  # of the driver, or of the values' own methods
            raise DatabaseError(f"the parameters do not fit: {one_line(error)}") from error

    def explain(self, statement: str, *, analyze: bool = False, timeout_ms: int = 5_000) -> Plan:
        """Its plan; there are none of a run, and nothing to wait for. See Database."""
        refusal = refusal_to_explain(statement)
        if refusal:
            raise DatabaseError(f"cannot be explained: {refusal}")
        driver = self.connection.Database
        try:
            self.connection.ensure_connection()
            cursor = self.connection.connection.cursor()
            try:
                cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
                rows = cursor.fetchall()
            finally:
                cursor.close()
        except (driver.Error, driver.Warning, ValueError, self.connection.Database.Error) as error:
            raise DatabaseError(one_line(error)) from error
        plan = plan_of([tuple(row) for row in rows], _tables(statement))
        return replace(plan, refusal="SQLite does not tell how a plan ran") if analyze else plan

    def schema(self, tables: Collection[str] | None = None) -> Schema:
        """These tables, or all that there are. Raises DatabaseError."""
        return read_schema(self.connection, tables)


def _with_marks(raw: Any, sql: str, params: Any) -> str:
    """The statement as Django hands it to the driver: ``?`` or ``:name`` for each value."""
    from django.db.backends.sqlite3.base import SQLiteCursorWrapper

    names = list(params) if isinstance(params, Mapping) else None
    text: str = raw.cursor(factory=SQLiteCursorWrapper).convert_query(sql, param_names=names)
    return text


def _quoted(raw: Any, params: Any) -> dict[str, str]:
    """The values in SQL by the names of their placeholders; numbers from 1 on have none."""
    named = isinstance(params, Mapping)
    names = list(params) if named else [str(number) for number in range(1, len(params) + 1)]
    values = list(params.values()) if named else list(params)
    texts: list[str] = []
    for start in range(0, len(values), _BATCH):
        batch = values[start : start + _BATCH]
        # QUOTE() ends a text at its first NUL.
        marks = ", ".join("QUOTE(?), INSTR(?, CHAR(0)), HEX(?)" for _ in batch)
        row = raw.execute(f"SELECT {marks}", [v for value in batch for v in [value] * 3]).fetchone()
        for value, (text, nul, code) in zip(batch, _threes(row), strict=True):
            hidden = nul and not isinstance(value, (bytes, bytearray, memoryview))
            texts.append(f"CAST(X'{code}' AS TEXT)" if hidden else text)
    return dict(zip(names, texts, strict=True))


def _threes(row: Sequence[Any]) -> list[tuple[Any, Any, Any]]:
    return list(zip(row[0::3], row[1::3], row[2::3], strict=True))


def _filled(text: str, values: Mapping[str, str]) -> str:
    used: set[str] = set()
    last = 0

    def value(found: re.Match[str]) -> str:
        nonlocal last
        if found["number"] is not None:
            last = int(found["number"][1:] or last + 1)
            name = str(last)
        elif found["name"] is not None:
            name = found["name"]
        else:
            return found[0]
        if name not in values:
            raise ValueError(f"there is no value for placeholder {name}")
        used.add(name)
        return _apart(values[name], text[: found.start()][-1:], text[found.end() :][:1])

    filled = _TOKEN.sub(value, text)
    if len(used) < len(values):
        raise ValueError(f"{len(values)} values for {len(used)} placeholders")
    return filled


def _apart(value: str, before: str, after: str) -> str:
    """A mark may touch a word or a minus, the value must not."""
    touches = before.isalnum() or before in ("_", "-")
    return " " * touches + value + " " * (after.isalnum() or after == "_")


def _tables(statement: str) -> dict[str, str]:
    """Aliases of the statement that stand for one table each."""
    try:
        trees = sqlglot.parse(statement, read="sqlite")
    except (SqlglotError, RecursionError):
        return {}
    found: dict[str, set[str]] = {}
    for tree in trees:
        for table in tree.find_all(exp.Table) if tree is not None else ():
            found.setdefault(table.alias_or_name, set()).add(table.name)
    return {alias: names.pop() for alias, names in found.items() if len(names) == 1}
