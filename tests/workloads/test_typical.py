"""Values that are chosen by a real server's types and statistics, for real statements."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.db import connection

from queryscope.core.runs import query_of
from queryscope.core.workload import Sample, Workload
from queryscope.databases import database_of
from queryscope.workloads.typical import filled

postgresql = pytest.mark.skipif(
    os.environ.get("QUERYSCOPE_TEST_VENDOR") != "postgresql", reason="PostgreSQL's statistics"
)

_TABLE = """\
CREATE TABLE parcel (
    id bigint PRIMARY KEY, status varchar(20), weight numeric(8, 2), express boolean,
    sent timestamptz, due date, data jsonb, tags varchar[], code uuid, note text, shelf smallint
)"""
_ROWS = """\
INSERT INTO parcel
SELECT g, CASE WHEN g % 100 = 0 THEN 'lost' WHEN g % 10 = 0 THEN 'open' ELSE 'done' END,
    g * 1.5, g % 3 = 0, timestamptz '2026-01-01' + g * interval '1 hour',
    date '2026-01-01' + g % 90,
    jsonb_build_object('plan', CASE WHEN g % 4 = 0 THEN 'pro' ELSE 'free' END, 'seats', g % 20),
    ARRAY['t' || g % 5], md5(g::text)::uuid, 'Parcel for customer ' || g % 40, g % 7
FROM generate_series(1, 4000) g"""


@pytest.fixture
def parcels(db: None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(_TABLE)
        cursor.execute(_ROWS)
        cursor.execute("ANALYZE parcel")
    return connection


def chosen(sql: str, rows: float | None = None) -> list[Sample]:
    query = query_of([Sample(sql, generic=True)])
    assert query is not None
    given = {query.digest: rows} if rows is not None else {}
    schema = database_of(connection).schema()
    [found] = filled(Workload((query,)), connection, schema, given).queries
    return list(found.samples)


@postgresql
@pytest.mark.parametrize(
    ("condition", "parts"),
    [
        ("id = $1", ["id = "]),
        ("status = $1", ["status = 'done'", "status = 'open'"]),
        ("status IN ($1, $2)", ["IN ('done', 'open')"]),
        ("status = ANY($1)", ["::text[])"]),
        ("weight > $1", ["weight > 3", "weight > 5"]),
        ("express = $1", ["express = false", "express = true"]),
        ("sent > $1", ["sent > '2026-"]),
        ("sent BETWEEN $1::timestamptz AND $2::timestamptz", ["BETWEEN '2026-"]),
        ("due = $1::date", ["due = '2026-"]),
        ("(sent AT TIME ZONE $1)::date = $2::date", ["AT TIME ZONE 'UTC')::date = '2026-"]),
        ("sent > now() - INTERVAL $1", ["INTERVAL '1 day'"]),
        ("sent >= DATE $1", ["DATE '2026-"]),
        ("EXTRACT($1 FROM sent) = $2", ["EXTRACT('month' FROM sent) = 1"]),
        ("UPPER(note::text) LIKE UPPER($1)", ["LIKE UPPER('%cus%')"]),
        ("note LIKE $1", ["note LIKE 'Par%'"]),
        ("note ~ $1", ["note ~ '^cus'"]),
        ("UPPER(note::text) = UPPER($1)", ["UPPER('Parcel for customer "]),
        ("data -> $1 = $2::jsonb", ["data -> 'plan' = '\"free\"'::jsonb"]),
        ("data ->> $1 = $2 AND (data ->> $3)::int > $4", ["data ->> 'plan' = 'free'", "'seats'"]),
        ("data #>> $1 = $2", ["data #>> '{\"plan\"}'"]),
        ("data @> $1", ["data @> '{\""]),
        ("data ? $1", ["data ? 'plan'"]),
        ("tags @> $1::varchar[]", ["tags @> '{t"]),
        ("tags @> ARRAY[$1]::varchar[]", ["ARRAY['t"]),
        ("$1 = ANY(tags)", ["'t"]),
        ("code = $1", ["code = '", "'::uuid"]),
        ("code = $1::uuid", ["code = '", "'::uuid"]),
        ("shelf > $1 AND (id, shelf) > ($2, $3)", ["shelf > "]),
        ("id > $1 ORDER BY id LIMIT $2 OFFSET $3", ["LIMIT 25 OFFSET 0"]),
        ("length(note) > $1 AND coalesce(note, $2) <> $3", ["length(note) > 1"]),
        ("CASE WHEN express THEN $1 ELSE $2 END = $3", ["THEN 'a' ELSE 'a' END = 'a'"]),
    ],
)
def test_each_choice_is_planned_by_the_server(
    parcels: Any, condition: str, parts: list[str]
) -> None:
    samples = chosen(f"SELECT id FROM parcel WHERE {condition}")
    assert all(sample.chosen and not sample.generic for sample in samples)
    for sample in samples:
        with parcels.cursor() as cursor:
            cursor.execute(f"EXPLAIN {sample.sql.replace('%', '%%')}", [])
    texts = " | ".join(sample.sql for sample in samples)
    assert [part for part in parts if part not in texts] == []


@postgresql
@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO parcel (id, status, data, tags, sent) VALUES ($1, $2, $3, $4, $5)",
        "UPDATE parcel SET status = $1, weight = weight + $2, data = $3 WHERE id = $4",
        "DELETE FROM parcel WHERE id IN ($1, $2)",
        "SELECT $1 AS a FROM parcel WHERE status = $2 LIMIT $3",
        "SELECT date_trunc($1, sent), count(*) FROM parcel GROUP BY 1 HAVING count(*) > $2",
        "SELECT date_trunc($1, sent), count(*) FROM parcel GROUP BY date_trunc($2, sent)",
        "WITH w AS (SELECT * FROM parcel WHERE status = $1) SELECT * FROM w WHERE shelf = $2",
        "SELECT * FROM parcel p, LATERAL (SELECT $1 + p.id AS n) x WHERE x.n > $2",
        "SELECT * FROM parcel WHERE id = $3",
    ],
)
def test_all_kinds_of_statements(parcels: Any, sql: str) -> None:
    samples = chosen(sql)
    assert samples
    assert all(sample.chosen for sample in samples)


@postgresql
@pytest.mark.parametrize(("rows", "status"), [(3560, "done"), (400, "open"), (40, "lost")])
def test_the_value_that_brings_as_many_rows_as_the_real_ones(
    parcels: Any, rows: float, status: str
) -> None:
    [sample] = chosen("SELECT id FROM parcel WHERE status = $1", rows)
    assert sample.sql == f"SELECT id FROM parcel WHERE status = '{status}'"


@postgresql
def test_a_limit_is_at_least_what_came_back(parcels: Any) -> None:
    assert chosen("SELECT id FROM parcel LIMIT $1", 99.5)[0].sql.endswith("LIMIT 100")
    assert chosen("SELECT $1 AS a FROM parcel LIMIT $2", 1)[0].sql.endswith("LIMIT 1")


@postgresql
def test_what_cannot_be_planned_stays_generic(parcels: Any) -> None:
    sql = "SELECT id FROM no_such_table WHERE a = $1"
    assert chosen(sql) == [Sample(sql, generic=True)]


@postgresql
def test_nothing_is_left(parcels: Any) -> None:
    chosen("DELETE FROM parcel WHERE status = $1")
    with parcels.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'queryscope%%'")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT count(*) FROM parcel")
        assert cursor.fetchone() == (4000,)


@pytest.mark.django_db
def test_sqlite_and_others_get_values_of_the_types_that_are_known() -> None:
    [sample] = chosen("SELECT id FROM testapp_book WHERE title = $1 AND id > $2")
    assert sample.chosen
    assert "$" not in sample.sql
