"""Advice end to end: real tables, real indexes, nothing left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from queryscope.advising import AdviseOptions, advise
from queryscope.core.advice import Advice
from queryscope.core.fingerprint import digest, fingerprint, statement_kind
from queryscope.core.workload import Sample, Workload, WorkloadQuery
from queryscope.databases import database_of, what_if_postgresql
from queryscope.databases.base import DatabaseError

pytestmark = pytest.mark.usefixtures("tickets")
postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")

OF_PROJECT = 'SELECT "id" FROM "ticket" WHERE "project_id" = %s AND "status" = %s'
NEWEST = 'SELECT * FROM "ticket" WHERE "project_id" = %s ORDER BY "opened" DESC LIMIT 10'
WAITING = 'SELECT * FROM "ticket" WHERE "status" = \'waiting\' ORDER BY "opened" LIMIT 10'
BY_MAIL = 'SELECT * FROM "ticket" WHERE UPPER("email") = UPPER(%s)'
INSERT = 'INSERT INTO "ticket" ("id", "project_id", "status") VALUES (%s, %s, %s)'


@pytest.fixture
def tickets(transactional_db: None) -> Iterator[None]:
    """30,000 rows: 300 projects, five statuses of which one is rare."""
    with connection.cursor() as cursor:
        cursor.execute('DROP TABLE IF EXISTS "ticket"')
        cursor.execute(
            'CREATE TABLE "ticket" ("id" integer PRIMARY KEY, "project_id" integer NOT NULL,'
            ' "status" varchar(20) NOT NULL, "opened" integer, "email" varchar(100),'
            ' "body" varchar(400))'
        )
        cursor.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)"
            " INSERT INTO ticket SELECT i, i % 300, CASE WHEN i % 1000 = 0 THEN 'waiting'"
            " WHEN i % 4 = 0 THEN 'new' WHEN i % 4 = 1 THEN 'open' WHEN i % 4 = 2 THEN 'done'"
            " ELSE 'shut' END, (i * 7919) % 30011, 'user' || i || '@example.com',"
            " 'The text of a ticket that is as long as such texts are, more or less, on average'"
            " FROM n"
        )
        cursor.execute("ANALYZE ticket")
    yield
    with connection.cursor() as cursor:
        assert not [n for n in indexes(cursor) if n.startswith("queryscope")]
        cursor.execute('DROP TABLE "ticket"')


def indexes(cursor: Any) -> list[str]:
    return list(connection.introspection.get_constraints(cursor, "ticket"))


def query(sql: str, *samples: tuple[Any, ...], calls: float = 100.0) -> WorkloadQuery:
    text = fingerprint(sql)
    runs = tuple(Sample(sql, params) for params in samples) or (Sample(sql),)
    return WorkloadQuery(digest(text), text, statement_kind(text), runs, calls, name=sql[:30])


def advice(*queries: WorkloadQuery, **options: Any) -> Advice:
    return advise(Workload(queries), database_of(connection), AdviseOptions(**options))


def advised(found: Advice) -> list[str]:
    return [
        ", ".join(key.sql.replace('"', "") for key in index.definition.keys)
        + f" where {index.definition.condition}" * bool(index.definition.condition)
        for index in found.indexes
    ]


def test_columns_compared_together_get_one_index_that_is_measured() -> None:
    found = advice(query(OF_PROJECT, (7, "done"), (8, "new")))
    assert len(found.indexes) == 1
    [index] = found.indexes
    names = {key.name for key in index.definition.keys}
    # A hundred rows of a project are read as fast in SQLite, which has no network and no latches.
    assert names >= ({"project_id"} if connection.vendor == "sqlite" else {"project_id", "status"})
    assert names <= {"project_id", "status", "id"}
    assert index.method == "measured"
    assert index.size_bytes > 0
    [served] = index.served
    assert served.calls == 100
    assert served.cost_before is not None
    assert served.cost_after is not None
    assert served.cost_after < served.cost_before / 5
    assert served.duration_ms_before is not None
    assert served.duration_ms_after is not None
    assert served.duration_ms_after < served.duration_ms_before
    assert index.why


def test_equality_comes_before_the_order() -> None:
    assert advised(advice(query(NEWEST, (7,)))) == ["project_id, opened"]


def test_one_index_serves_both_where_it_can() -> None:
    other = query('SELECT * FROM "ticket" WHERE "project_id" = %s', (9,))
    found = advice(query(NEWEST, (7,)), other)
    assert advised(found) == ["project_id, opened"]
    assert {served.name for index in found.indexes for served in index.served} >= {NEWEST[:30]}


def test_a_rare_constant_gets_a_partial_index() -> None:
    [name] = advised(advice(query(WAITING)))
    assert name == "opened where \"status\" = 'waiting'"


def test_an_expression_gets_an_index_of_its_own() -> None:
    [name] = advised(advice(query(BY_MAIL, ("User77@example.com",))))
    assert name.startswith("(UPPER(email")


def test_writes_may_cost_more_than_an_index_saves() -> None:
    reads = query(OF_PROJECT, (7, "done"), calls=1)
    assert advised(advice(reads, query(INSERT, (99_999, 1, "new"), calls=10)))
    assert advised(advice(reads, query(INSERT, (99_999, 1, "new"), calls=5_000_000))) == []


def test_a_filter_that_most_rows_pass_gets_none() -> None:
    found = advice(query('SELECT * FROM "ticket" WHERE "id" > %s', (10,)))
    assert advised(found) == []


def test_each_candidate_that_is_not_advised_has_a_reason() -> None:
    found = advice(query(OF_PROJECT, (7, "done")), query(NEWEST, (7,)))
    assert found.rejected
    assert all(rejected.reason for rejected in found.rejected)
    assert not {r.definition for r in found.rejected} & {i.definition for i in found.indexes}


def test_the_budget_is_kept() -> None:
    queries = [query(OF_PROJECT, (7, "done")), query(BY_MAIL, ("User77@example.com",))]
    whole = advice(*queries)
    assert len(whole.indexes) == 2
    smallest = min(index.size_bytes for index in whole.indexes)
    part = advice(*queries, storage_budget_bytes=smallest)
    assert part.size_bytes <= smallest
    assert len(advice(*queries, max_indexes=1).indexes) == 1
    assert advice(*queries, storage_budget_bytes=0).indexes == ()


def test_what_cannot_be_read_is_named_and_the_rest_advised() -> None:
    found = advice(
        query("SELEC nothing"),
        query("SELECT * FROM nowhere WHERE a = 1"),
        query("SELECT missing FROM ticket WHERE id = 1"),
        query(OF_PROJECT, (7, "done")),
    )
    assert [line.partition(":")[0] for line in found.skipped] == [
        "SELEC nothing",
        "SELECT * FROM nowhere WHERE a ",
        "SELECT missing FROM ticket WHE",
    ]
    assert len(found.indexes) == 1


def test_an_empty_workload_wants_nothing() -> None:
    assert advice().indexes == ()


def test_nothing_tried_is_nothing_claimed() -> None:
    found = advice(query(OF_PROJECT, (7, "done")), what_if="none")
    assert found.method == "none"
    assert found.indexes
    assert all(index.served[0].cost_after is None for index in found.indexes)


def test_a_trifle_is_left() -> None:
    one = query(OF_PROJECT, (7, "done"), calls=1)
    assert advice(one, least_saved_ms=0.0).indexes
    assert advice(one, least_saved_ms=10_000.0).indexes == ()


def test_values_never_leave() -> None:
    found = advice(query(BY_MAIL, ("secret-address@example.com",)))
    assert "secret-address" not in str(found.as_dict())


@postgresql
def test_a_lock_held_by_another_is_one_line_and_no_wait() -> None:
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("LOCK TABLE ticket IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(DatabaseError) as refused:
                advice(query(OF_PROJECT, (7, "done")))
            assert "\n" not in str(refused.value)
            cursor.execute("ROLLBACK")
    finally:
        other.close()


@postgresql
def test_a_writer_that_holds_the_table_makes_it_say_why(monkeypatch: Any) -> None:
    monkeypatch.setattr(what_if_postgresql, "_LOCK_TIMEOUT_MS", 200)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("UPDATE ticket SET opened = 0 WHERE id = 1")
            found = advice(query(OF_PROJECT, (7, "done")))
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert found.indexes == ()
    assert any("lock" in rejected.reason for rejected in found.rejected)
