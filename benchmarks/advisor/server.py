"""The PostgreSQL server that the benchmarks of the advisor run on, and what they ask of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

VARIABLE = "QUERYSCOPE_BENCH_URL"
FULL = "filled by the benchmarks of queryscope"

Connection = psycopg.Connection[Any]


class BenchmarkError(Exception):
    """Says in one line what is missing and what to do next."""


def url_of(database: str, server: str | None = None) -> str:
    """The URL of a database on the server that ``--url`` or the environment names."""
    found = server or os.environ.get(VARIABLE)
    if not found:
        raise BenchmarkError(
            f"which server? Give --url or {VARIABLE}, a PostgreSQL with HypoPG and pg_trgm: "
            "postgresql://postgres@127.0.0.1:5432/"
        )
    return urlunsplit(urlsplit(found)._replace(path=f"/{database}"))


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection in autocommit. Raises BenchmarkError when there is no server."""
    try:
        connection = psycopg.connect(url, autocommit=True)
    except psycopg.OperationalError as error:
        raise BenchmarkError(str(error).strip().splitlines()[0]) from None
    with connection:
        yield connection


@contextmanager
def filling(database: str, server: str | None, *, anew: bool) -> Iterator[Connection | None]:
    """A connection to a new database, to fill it; None where it is full already.

    It is marked as full when the block ends well: one whose filling was killed is made anew.
    """
    with connected(url_of("postgres", server)) as connection:
        row = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
            [database],
        ).fetchone()
        if row and row[0] == FULL and not anew:
            yield None
            return
        connection.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{database}"')
        with connected(url_of(database, server)) as filled:
            yield filled
        connection.execute(f"COMMENT ON DATABASE \"{database}\" IS '{FULL}'")


def cost(connection: Connection, statement: str) -> float:
    """The planner's total cost."""
    row = connection.execute(f"EXPLAIN (FORMAT JSON) {statement}").fetchone()
    assert row is not None
    return float(row[0][0]["Plan"]["Total Cost"])


@contextmanager
def hypothetical(connection: Connection, indexes: Iterable[str]) -> Iterator[int]:
    """Indexes (CREATE INDEX statements) that only the planner sees; yields their size in bytes."""
    connection.execute("CREATE EXTENSION IF NOT EXISTS hypopg")
    connection.execute("SELECT hypopg_reset()")
    try:
        for index in indexes:
            connection.execute("SELECT hypopg_create_index(%s)", [index])
        size = connection.execute(
            "SELECT coalesce(sum(hypopg_relation_size(indexrelid)), 0) FROM hypopg_list_indexes"
        ).fetchone()
        assert size is not None
        yield int(size[0])
    finally:
        connection.execute("SELECT hypopg_reset()")


@contextmanager
def real(connection: Connection, indexes: Iterable[str]) -> Iterator[int]:
    """Indexes in a transaction that is rolled back; yields their size in bytes."""
    with connection.transaction(force_rollback=True):
        before = total_size(connection)
        tables = set()
        for index in indexes:
            connection.execute(index)
            tables.add(_table_of(connection))
        for table in tables:
            connection.execute(f"ANALYZE {table}")
        yield total_size(connection) - before


def total_size(connection: Connection) -> int:
    """Bytes of all indexes of the tables in public."""
    row = connection.execute(
        "SELECT coalesce(sum(pg_relation_size(indexrelid)), 0) FROM pg_stat_user_indexes"
    ).fetchone()
    assert row is not None
    return int(row[0])


def _table_of(connection: Connection) -> str:
    """Of the index that was made last."""
    row = connection.execute(
        "SELECT indrelid::regclass::text FROM pg_index ORDER BY indexrelid::bigint DESC LIMIT 1"
    ).fetchone()
    assert row is not None
    return str(row[0])
