"""Tables, indexes and keys as SQLite has them; what it does not keep of values is sampled."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from ..core.index_statements import read_definition
from ..core.indexes import IndexDefinition, IndexKey, quoted
from ..core.schema import Column, Constraint, ExistingIndex, ForeignKey, Schema, Table
from . import samples
from .transactions import rolled_back

_CONSTRAINTS: dict[str, Constraint] = {"pk": "primary", "u": "unique"}
_EXPRESSION = -2  # PRAGMA index_xinfo's column number of an expression, -1 that of the row id
#: dbstat reads every page: only of files up to this size.
_SIZED_BYTES = 256 * 1024 * 1024
#: More rows than these are not counted: the highest row id tells enough.
_COUNTED_ROWS = 2_000_000
#: Without virtual tables and what they keep their rows in, named after them.
_TABLES = """
WITH made(name, sql) AS (
    SELECT name, sql FROM sqlite_master
     WHERE type = 'table' AND name NOT LIKE 'sqlite^_%' ESCAPE '^')
SELECT name, sql FROM made
 WHERE sql NOT LIKE 'CREATE VIRTUAL%' AND NOT EXISTS (
       SELECT 1 FROM made virtual WHERE virtual.sql LIKE 'CREATE VIRTUAL%'
          AND substr(made.name, 1, length(virtual.name) + 1) = virtual.name || '_')
 ORDER BY name
"""
_OVERHEAD_BYTES = 6  # of a row, and of an entry in an index

_Row = Sequence[Any]


def read_schema(connection: Any, tables: Collection[str] | None = None) -> Schema:
    """The schema of these tables, or of all. Views and virtual tables are left out.

    SQLite knows no statistics of values: they are taken from a sample of some thousand rows.
    Raises DatabaseError.
    """
    with rolled_back(connection) as cursor:
        sizes = _sizes(cursor)
        read = [
            _table(cursor, name, sql, sizes)
            for name, sql in _rows(cursor, _TABLES)
            if tables is None or name in tables
        ]
    major, minor, patch = connection.Database.sqlite_version_info
    return Schema(
        vendor="sqlite",
        tables={table.name: table for table in read},
        version=major * 1_000_000 + minor * 1_000 + patch,
    )


def _rows(cursor: Any, sql: str, params: Sequence[Any] = ()) -> list[_Row]:
    return cast("list[_Row]", cursor.execute(sql, params).fetchall())


def _sizes(cursor: Any) -> dict[str, int]:
    """Bytes of every table and index, as far as SQLite was built to tell them."""
    [[pages]], [[size]] = _rows(cursor, "PRAGMA page_count"), _rows(cursor, "PRAGMA page_size")
    [[able]] = _rows(
        cursor, "SELECT count(*) FROM pragma_compile_options WHERE compile_options LIKE '%DBSTAT%'"
    )
    if not able or pages * size > _SIZED_BYTES:
        return {}
    sized = _rows(cursor, "SELECT name, pgsize FROM dbstat WHERE aggregate = TRUE")
    return {row[0]: row[1] for row in sized}


def _table(cursor: Any, name: str, sql: str, sizes: Mapping[str, int]) -> Table:
    described = [
        row
        for row in _rows(cursor, f"PRAGMA table_xinfo({quoted(name)})")
        if row[6] != 1  # hidden: of a virtual table
    ]
    rowid = _rowid(cursor, name)
    rows = _count(cursor, name, rowid)
    statistics = samples.read(cursor, name, [row[1] for row in described], rows, rowid)
    columns = {
        row[1]: Column(
            name=row[1],
            type=row[2],
            # A row id is never NULL, whatever is declared.
            nullable=not row[3] and not (row[5] and row[2].upper() == "INTEGER"),
            collation=_collation(sql, row[1]),
            statistics=statistics.get(row[1]),
        )
        for row in described
    }
    width = _OVERHEAD_BYTES + sum(found.width for found in statistics.values())
    return Table(
        name=name,
        columns=columns,
        rows=rows,
        size_bytes=sizes.get(name, int(rows * width)),
        indexes=(
            *_row_id_key(name, described),
            *(
                _index(cursor, name, row, columns, rows, sizes)
                for row in _rows(cursor, f"PRAGMA index_list({quoted(name)})")
            ),
        ),
        foreign_keys=_foreign_keys(cursor, name),
        analyzed=_estimate(cursor, name) is not None,
    )


def _rowid(cursor: Any, table: str) -> str:
    """What its row id can be called, "" for a table without one."""
    names = {row[1].lower() for row in _rows(cursor, f"PRAGMA table_xinfo({quoted(table)})")}
    for name in ("rowid", "_rowid_", "oid"):
        if name not in names:
            # Only a table that has them answers; SQLite tells it nowhere else before 3.37.
            listed = _rows(cursor, "SELECT sql FROM sqlite_master WHERE name = ?", [table])[0][0]
            return "" if re.search(r"WITHOUT\s+ROWID[^)]*$", listed, re.IGNORECASE) else name
    return ""


def _count(cursor: Any, table: str, rowid: str) -> int:
    estimate = _estimate(cursor, table)
    if estimate is not None:
        return estimate
    [[counted]] = _rows(
        cursor, f"SELECT count(*) FROM (SELECT 1 FROM {quoted(table)} LIMIT {_COUNTED_ROWS})"
    )
    if counted == _COUNTED_ROWS and rowid:
        [[counted]] = _rows(cursor, f"SELECT max({rowid}) FROM {quoted(table)}")
    return int(counted)


def _estimate(cursor: Any, table: str) -> int | None:
    """The rows that the last ANALYZE saw."""
    if not _rows(cursor, "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'"):
        return None
    seen = _rows(
        cursor, "SELECT stat FROM sqlite_stat1 WHERE tbl = ? ORDER BY idx IS NOT NULL", [table]
    )
    # A partial index sees fewer.
    numbers = [int(stat.split()[0]) for (stat,) in seen if stat and stat.split()[0].isdigit()]
    return max(numbers, default=None)


def _collation(sql: str, column: str) -> str:
    """A column's own collation: only its declaration has it."""
    declared = re.search(
        rf"""["`\[(,\s]{re.escape(column)}["`\]]?\s[^,]*?\bCOLLATE\s+["`\[]?(\w+)""", sql
    )
    return "" if declared is None or declared[1].upper() == "BINARY" else declared[1]


def _row_id_key(table: str, described: Sequence[_Row]) -> tuple[ExistingIndex, ...]:
    """INTEGER PRIMARY KEY is the table's own order; no index is listed for it."""
    keys = [row for row in described if row[5]]
    if len(keys) != 1 or keys[0][2].upper() != "INTEGER":
        return ()
    definition = IndexDefinition(table, (IndexKey(keys[0][1]),), unique=True)
    return (ExistingIndex("PRIMARY KEY", table, definition, constraint="primary"),)


def _index(
    cursor: Any,
    table: str,
    row: _Row,
    columns: Mapping[str, Column],
    rows: float,
    sizes: Mapping[str, int],
) -> ExistingIndex:
    _, name, unique, origin, *_ = row
    listed = _rows(
        cursor, "SELECT sql FROM sqlite_master WHERE name = ? AND type = 'index'", [name]
    )
    # That of a table without row ids is the table itself.
    sql = listed[0][0] if listed else None
    definition = _definition(cursor, table, name, sql or "", bool(unique), columns)
    read = definition.columns if definition else ()
    known = [columns[c].statistics for c in read if c in columns]
    width = _OVERHEAD_BYTES + sum(statistics.width for statistics in known if statistics)
    return ExistingIndex(
        name=name,
        table=table,
        definition=definition,
        size_bytes=sizes.get(name, int(rows * width)),
        constraint=_CONSTRAINTS.get(origin),
        sql=sql or "",
    )


def _definition(
    cursor: Any, table: str, name: str, sql: str, unique: bool, columns: Mapping[str, Column]
) -> IndexDefinition | None:
    """None where the statement that made it cannot be read."""
    keys = [row for row in _rows(cursor, f"PRAGMA index_xinfo({quoted(name)})") if row[5]]
    written = read_definition(sql, "sqlite") if sql else None
    if sql and (written is None or len(written.keys) != len(keys)):
        return None
    expressions = written.keys if written else ()
    return IndexDefinition(
        table=table,
        keys=tuple(
            expressions[position] if row[1] == _EXPRESSION else _key(row, columns)
            for position, row in enumerate(keys)
        ),
        condition=written.condition if written else "",
        unique=unique,
    )


def _key(row: _Row, columns: Mapping[str, Column]) -> IndexKey:
    """What the pragma tells of a column; it also knows the collations that are not written."""
    _, _, name, descending, collation, _ = row
    own = columns[name].collation or "BINARY" if name in columns else ""
    same = collation.upper() == own.upper()
    return IndexKey(name, bool(descending), collation="" if same else collation)


def _foreign_keys(cursor: Any, table: str) -> tuple[ForeignKey, ...]:
    keys: dict[int, list[_Row]] = {}
    for row in _rows(cursor, f"PRAGMA foreign_key_list({quoted(table)})"):
        keys.setdefault(row[0], []).append(row)
    return tuple(
        ForeignKey(
            columns=tuple(row[3] for row in rows),
            table=rows[0][2],
            # None stands for the primary key of the table.
            target_columns=tuple(row[4] for row in rows if row[4] is not None),
        )
        for rows in keys.values()
    )
