"""Tables, statistics, indexes and keys as PostgreSQL's catalogues have them, in six statements."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, cast, get_args

from ..core.canonical import canonical_sql, columns_of
from ..core.indexes import IndexDefinition, IndexKey, Method
from ..core.schema import (
    Column,
    ColumnStatistics,
    Constraint,
    ExistingIndex,
    ForeignKey,
    Schema,
    Table,
)
from . import catalogue_queries as queries
from .transactions import rolled_back

_TIMEOUTS = {"lock_timeout": 2_000, "statement_timeout": 20_000}
_CONSTRAINTS: dict[str, Constraint] = {"p": "primary", "u": "unique", "x": "exclusion"}
_DESCENDING, _NULLS_FIRST = 1, 2  # bits of pg_index.indoption
#: Tables that nobody has analysed are counted up to this size: a guess may be wrong tenfold.
_COUNTED_BYTES = 16 * 1024 * 1024

_Row = Sequence[Any]


def read_schema(connection: Any, tables: Collection[str] | None = None) -> Schema:
    """The schema of these tables, or of all that the search path shows.

    ``tables`` are names as ``Schema.tables`` has them: "task", "archive.task". Views and foreign
    tables are left out, and unless they are named temporary tables and partitions: indexes are
    made on the table they belong to. Needs no privilege beyond reading the tables; changes nothing.
    Raises DatabaseError.
    """
    names = None if tables is None else sorted(tables)
    with rolled_back(connection, read_only=True, settings=_TIMEOUTS) as cursor:
        server = _rows(cursor, queries.SERVER)[0]
        relations = _rows(cursor, queries.TABLES, {"names": names})
        oids = {"oids": [row[0] for row in relations]}
        columns = _grouped(_rows(cursor, queries.COLUMNS, oids))
        indexes = _grouped(_rows(cursor, queries.INDEXES, oids))
        foreign_keys = _grouped(_rows(cursor, queries.FOREIGN_KEYS, oids))
        counts = _counts(cursor, relations)
    read = [
        _table(row, columns[row[0]], indexes[row[0]], foreign_keys[row[0]], counts)
        for row in relations
    ]
    version, extensions, available, c_collation, replica, replicas, days = server
    return Schema(
        vendor="postgresql",
        tables={".".join(filter(None, (table.schema, table.name))): table for table in read},
        version=version,
        extensions=frozenset(extensions),
        available=frozenset(available),
        c_collation=c_collation,
        replica=replica,
        replicas=replicas,
        statistics_days=days,
    )


def _rows(cursor: Any, sql: str, params: Mapping[str, Any] | None = None) -> list[_Row]:
    cursor.execute(sql, params)
    return cast("list[_Row]", cursor.fetchall())


def _grouped(rows: Iterable[_Row]) -> defaultdict[int, list[_Row]]:
    groups: defaultdict[int, list[_Row]] = defaultdict(list)
    for oid, *rest in rows:
        groups[oid].append(rest)
    return groups


def _counts(cursor: Any, relations: Iterable[_Row]) -> dict[int, int]:
    """Exact numbers of rows of small tables for which the database has none."""
    uncounted = [
        f"SELECT {row[0]}, count(*) FROM {row[3]}"
        for row in relations
        if row[5] is None and row[6] <= _COUNTED_BYTES and row[7]
    ]
    if not uncounted:
        return {}
    return {row[0]: row[1] for row in _rows(cursor, " UNION ALL ".join(uncounted))}


def _table(
    row: _Row,
    columns: Sequence[_Row],
    indexes: Sequence[_Row],
    foreign_keys: Sequence[_Row],
    counts: Mapping[int, int],
) -> Table:
    oid, name, schema, _, partitioned, rows, size, _, visible, *activity = row
    modified, dead, days, guess = activity
    if rows is None:
        rows = counts.get(oid, guess)
    analyzed = days is not None or any(column[4] is not None for column in columns)
    described = {column[0]: _column(column, rows) for column in columns}
    return Table(
        name=name,
        schema=schema,
        columns=described,
        rows=rows,
        size_bytes=size,
        indexes=tuple(_index(index, name, schema, described) for index in indexes),
        foreign_keys=tuple(
            ForeignKey(tuple(own), target, tuple(theirs)) for own, target, theirs in foreign_keys
        ),
        analyzed=analyzed,
        analyzed_days=days,
        modified=modified,
        dead_rows=dead,
        all_visible=visible,
        partitioned=partitioned,
    )


def _column(row: _Row, rows: float) -> Column:
    name, kind, nullable, collation, distinct, nulls, width, *lists = row
    if distinct is None:
        return Column(name, kind, nullable, collation)
    values, shares, bounds, correlation = lists
    statistics = ColumnStatistics(
        # The catalogue has minus the share of rows where the number grows with the table.
        distinct=float(-distinct * rows if distinct < 0 else distinct),
        null_fraction=nulls,
        width=width,
        common=tuple(zip(values or (), shares or (), strict=True)),
        bounds=tuple(bounds or ()),
        correlation=correlation,
    )
    return Column(name, kind, nullable, collation, statistics)


def _index(row: _Row, table: str, schema: str, columns: Mapping[str, Column]) -> ExistingIndex:
    name, method, unique, valid, needed_for, constraint, size, scans, predicate, sql, keys = row
    definition = None
    if method in get_args(Method) and constraint != "x":
        listed = json.loads(keys)
        definition = IndexDefinition(
            table=table,
            keys=tuple(_key(key, columns) for key in listed if not key["included"]),
            include=tuple(key["column"] for key in listed if key["included"]),
            condition=canonical_sql(predicate, _types(columns)) if predicate else "",
            method=method,
            unique=unique,
            schema=schema,
        )
    return ExistingIndex(
        name=name,
        table=table,
        definition=definition,
        size_bytes=size,
        constraint=_CONSTRAINTS.get(constraint),
        valid=valid,
        scans=scans,
        needed_for=needed_for,
        sql=sql,
    )


def _key(key: Mapping[str, Any], columns: Mapping[str, Column]) -> IndexKey:
    descending = bool(key["option"] & _DESCENDING)
    nulls_first = bool(key["option"] & _NULLS_FIRST)
    text = key["column"] or canonical_sql(key["expression"], _types(columns))
    read = () if key["column"] else columns_of(text)
    # An expression has the collation of what it reads.
    inherited = {columns[name].collation for name in read if name in columns}
    return IndexKey(
        name=text,
        descending=descending,
        opclass=key["opclass"] or "",
        expression=not key["column"],
        columns=read,
        collation="" if key["collation"] in inherited else key["collation"] or "",
        # First is what DESC means by itself, last what ASC does.
        nulls="" if nulls_first == descending else "FIRST" if nulls_first else "LAST",
    )


def _types(columns: Mapping[str, Column]) -> dict[str, str]:
    return {column.name: column.type for column in columns.values()}
