"""Candidates built for real: the planner takes each of them for the query it was made for."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction

from queryscope.core.candidates import Weighted, candidates
from queryscope.core.parsing import read_statement
from queryscope.databases.catalogue_postgresql import read_schema
from tests.core.statements import TABLES, blocks, schema

ROWS = {
    "shop_user": "SELECT i, 'User' || i || '@example.com' FROM generate_series(1, 3000) i",
    "shop_project": "SELECT i, 'p' || i, i % 300,"
    " (ARRAY['active', 'archived', 'b', 'x'])[1 + i % 4], CASE WHEN i % 3 = 0 THEN now() END"
    " FROM generate_series(1, 3000) i",
    "shop_tag": "SELECT i, 'tag' || i FROM generate_series(1, 3000) i",
    "shop_task_tags": "SELECT i, i % 5000, i % 3000 FROM generate_series(1, 20000) i",
    "shop_task": "SELECT i, i % 3000, 'title ' || md5(i::text), CASE WHEN i % 50 = 0 THEN 'todo'"
    " WHEN i % 70 = 0 THEN 'a' WHEN i % 71 = 0 THEN 'x' WHEN i % 90 = 0 THEN 'b' ELSE 'done' END,"
    " i % 4, i % 3 = 0, i % 2000, '2020-01-01'::date + i % 3000,"
    " '2020-01-01'::timestamptz + i * interval '1 hour', CASE WHEN i % 20 = 0 THEN now() END,"
    " jsonb_build_object('kind', 'k' || i, 'a', jsonb_build_object('b', i)),"
    " ARRAY['l' || i % 500], repeat('word' || i || ' ', 10) FROM generate_series(1, 20000) i",
}
#: A view that is not there, and values that are not known.
NOT_RUN = {"unknown table", "parameters"}
#: These need functions that Django gives SQLite.
NOT_RUN_ON_SQLITE = {"regex", "group by month", "f expression", "date"}


@pytest.fixture
def shop(debian_postgresql: Any) -> Iterator[Any]:
    with debian_postgresql.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        for name, columns in TABLES.items():
            cursor.execute(f"CREATE TABLE {name} ({columns})")
            cursor.execute(f"ALTER TABLE {name} ALTER id SET NOT NULL")
            cursor.execute(f"INSERT INTO {name} {ROWS[name]}")
            cursor.execute(f"ANALYZE {name}")
        # Whether it can be used is asked, not whether it pays.
        cursor.execute("SET enable_seqscan = off")
    return debian_postgresql


def test_the_planner_takes_every_candidate(shop):
    found = read_schema(shop)
    idle = []
    with transaction.atomic(using=shop.alias), shop.cursor() as cursor:
        for name, sql, _ in blocks("postgresql"):
            if name in NOT_RUN:
                continue
            read = read_statement(sql, found)
            for each in candidates([Weighted(read, 1.0, "q")], found).candidates:
                alone = not each.partners
                if alone and "candidate" not in used(cursor, each.definition, sql):
                    idle.append(f"{name}: {each.definition.create_sql('candidate')}")
    assert idle == []


def used(cursor: Any, index: Any, sql: str) -> set[str]:
    """Names of the indexes in the plan when the candidate is there."""
    cursor.execute("SAVEPOINT candidate")
    cursor.execute(index.create_sql("candidate"))
    cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
    plan = cursor.fetchone()[0]
    cursor.execute("ROLLBACK TO SAVEPOINT candidate")
    return set(names((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))


def names(node: dict[str, Any]) -> Iterator[str]:
    if "Index Name" in node:
        yield node["Index Name"]
    for child in node.get("Plans", ()):
        yield from names(child)


def test_sqlite_takes_a_candidate_for_every_query():
    found = schema("sqlite")
    tables = {n: replace(t, rows=20_000, size_bytes=4_000_000) for n, t in found.tables.items()}
    found = replace(found, tables=tables)
    idle = []
    with closing(sqlite3.connect(":memory:")) as connection:
        for name, columns in TABLES.items():
            names_only = ", ".join(column.split()[0] for column in columns.split(", "))
            connection.execute(f"CREATE TABLE {name} ({names_only})")
        for name, sql, _ in blocks("sqlite"):
            if name in NOT_RUN_ON_SQLITE:
                continue
            read = read_statement(sql, found)
            proposed = candidates([Weighted(read, 1.0, "q")], found).candidates
            for number, each in enumerate(proposed):
                connection.execute(each.definition.create_sql(f"candidate_{number}"))
            plan = str(connection.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall())
            if proposed and "candidate_" not in plan:
                idle.append(f"{name}: {plan}")
            for number in range(len(proposed)):
                connection.execute(f"DROP INDEX candidate_{number}")
    assert idle == []
