"""What-if with real indexes: exact while it lasts, and gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection, transaction

from queryscope.core.indexes import IndexDefinition, IndexKey
from queryscope.core.runs import query_of
from queryscope.core.schema import Schema
from queryscope.core.workload import Sample, Workload
from queryscope.databases.base import DatabaseError, WhatIf
from queryscope.databases.what_if import what_if
from queryscope.workloads.typical import filled

EMPTY = Schema(vendor="", tables={})
BY_PROJECT = "SELECT id FROM whatif_task WHERE project_id = 7 AND status = 'done'"
BY_TITLE = "SELECT id FROM whatif_task WHERE UPPER(title) = 'TITLE 77'"
WIDE = IndexDefinition("whatif_task", (IndexKey("project_id"), IndexKey("status")))
NARROW = IndexDefinition("whatif_task", (IndexKey("project_id"),))
UPPER = IndexDefinition(
    "whatif_task", (IndexKey("UPPER(title)", expression=True, columns=("title",)),)
)
NONE: frozenset[IndexDefinition] = frozenset()

postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="only PostgreSQL has costs"
)


@pytest.fixture(params=["autocommit", "transaction", "savepoint"])
def tasks(request: Any, transactional_db: None) -> Iterator[None]:
    """20,000 rows, in each state that a connection can be in."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS whatif_task")
        cursor.execute(
            "CREATE TABLE whatif_task (id integer PRIMARY KEY, project_id integer,"
            " status varchar(20), title varchar(200))"
        )
        cursor.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
            " INSERT INTO whatif_task SELECT i, i % 500,"
            " CASE WHEN i % 3 = 0 THEN 'done' ELSE 'todo' END, 'Title ' || i FROM n"
        )
        cursor.execute("ANALYZE whatif_task")
    if request.param == "autocommit":
        yield
    elif request.param == "transaction":
        with transaction.atomic():
            yield
    else:
        with transaction.atomic(), transaction.atomic():
            yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE whatif_task")


def indexes_there() -> list[str]:
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, "whatif_task")
    return [n for n, c in constraints.items() if c["index"] and not c["primary_key"]]


@pytest.mark.usefixtures("tasks")
def test_a_plan_takes_an_index_that_is_there_and_no_hidden_one() -> None:
    with what_if(connection, "real", EMPTY) as world:
        assert world is not None
        assert world.measures
        before = world.estimate(BY_PROJECT, NONE)
        built = world.build(WIDE)
        world.build(NARROW)
        assert built.size_bytes > 0
        assert world.estimate(BY_PROJECT, frozenset({WIDE})).used == {WIDE}
        assert world.estimate(BY_PROJECT, frozenset({NARROW})).used == {NARROW}
        assert world.estimate(BY_PROJECT, NONE).used == NONE
        assert world.estimate(BY_PROJECT, frozenset({WIDE, NARROW})).cost < before.cost
        assert world.calls == 5
    assert indexes_there() == []


@pytest.mark.usefixtures("tasks")
def test_a_run_is_timed_with_what_is_there() -> None:
    with what_if(connection, "auto", EMPTY) as world:
        assert world is not None
        world.build(WIDE)
        slow = world.measure(BY_PROJECT, NONE, 5_000)
        fast = world.measure(BY_PROJECT, frozenset({WIDE}), 5_000)
    assert slow is not None
    assert fast is not None
    assert 0 < fast < slow


@pytest.mark.usefixtures("tasks")
@pytest.mark.parametrize(
    "bad",
    [
        # On SQLite a quoted name of no column is a text.
        pytest.param(IndexDefinition("whatif_task", (IndexKey("nothing"),)), marks=postgresql),
        IndexDefinition("nowhere", (IndexKey("id"),)),
        IndexDefinition("whatif_task", (IndexKey("random()", expression=True),)),
    ],
    ids=["column", "table", "volatile"],
)
def test_what_cannot_be_built_is_told_and_harms_nothing(bad: IndexDefinition) -> None:
    with what_if(connection, "real", EMPTY) as world:
        assert world is not None
        with pytest.raises(DatabaseError) as refused:
            world.build(bad)
        assert "\n" not in str(refused.value)
        world.build(NARROW)
        assert world.estimate(BY_PROJECT, frozenset({NARROW})).used == {NARROW}


@pytest.mark.usefixtures("tasks")
def test_a_statement_that_fails_harms_nothing() -> None:
    with what_if(connection, "real", EMPTY) as world:
        assert world is not None
        with pytest.raises(DatabaseError, match="nothing"):
            world.estimate("SELECT nothing FROM whatif_task", NONE)
        assert world.estimate(BY_PROJECT, NONE).cost > 0


@pytest.mark.usefixtures("tasks")
def test_what_is_discarded_is_gone() -> None:
    with what_if(connection, "real", EMPTY) as world:
        assert world is not None
        world.build(NARROW)
        world.estimate(BY_PROJECT, NONE)
        world.discard(NARROW)
        assert world.estimate(BY_PROJECT, frozenset({NARROW})).used == NONE


@pytest.mark.usefixtures("tasks")
@pytest.mark.parametrize("name", ["WHATIF_task", '"whatif_task"'])
def test_a_table_is_known_however_it_is_written(name: str) -> None:
    statement = BY_PROJECT.replace("whatif_task", name)
    with what_if(connection, "real", EMPTY) as world:
        assert world is not None
        world.build(NARROW)
        assert world.estimate(statement, NONE).used == NONE
        assert world.estimate(statement, frozenset({NARROW})).used == {NARROW}


ODD = IndexDefinition('odd "table', (IndexKey("project_id"),))


@pytest.mark.usefixtures("tasks")
def test_a_table_may_have_a_quote_in_its_name() -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute('CREATE TABLE "odd ""table" AS SELECT * FROM whatif_task')
        statement = 'SELECT id FROM "odd ""table" WHERE project_id = 7'
        with what_if(connection, "real", EMPTY) as world:
            assert world is not None
            world.build(ODD)
            assert world.estimate(statement, NONE).used == NONE
            assert world.estimate(statement, frozenset({ODD})).used == {ODD}
        transaction.set_rollback(True)


@postgresql
@pytest.mark.usefixtures("tasks")
def test_an_index_over_partitions_is_seen_in_their_plans() -> None:
    index = IndexDefinition("parted", (IndexKey("project_id"),))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE parted (id int, project_id int) PARTITION BY HASH (id)")
            for part in range(2):
                cursor.execute(
                    f"CREATE TABLE parted_{part} PARTITION OF parted"
                    f" FOR VALUES WITH (MODULUS 2, REMAINDER {part})"
                )
            cursor.execute("INSERT INTO parted SELECT id, project_id FROM whatif_task")
        statement = "SELECT id FROM parted WHERE project_id = 7"
        with what_if(connection, "real", EMPTY) as world:
            assert world is not None
            built = world.build(index)
            assert (built.size_bytes > 100_000, built.rows) == (True, 20_000)
            assert world.estimate(statement, frozenset({index})).used == {index}
            assert world.estimate(statement, NONE).used == NONE
        transaction.set_rollback(True)


HOSTILE = [
    "SELECT id FROM whatif_task WHERE title = '\\'' ; COMMIT; DELETE FROM whatif_task; --'",
    "SELECT id FROM whatif_task WHERE id = $1 -- \r; COMMIT; DELETE FROM whatif_task; --",
    "SELECT $1, E'a'\n'\\'' ; COMMIT; DELETE FROM whatif_task; --'",
    "SELECT $1, '\\'' ; COMMIT; DELETE FROM whatif_task; --'",
    "SELECT id FROM whatif_task; COMMIT; DELETE FROM whatif_task",
    "SELECT whatif_counts(1) FROM whatif_task",
    "DELETE FROM whatif_task",
]


@postgresql
@pytest.mark.usefixtures("tasks")
@pytest.mark.parametrize("sql", HOSTILE)
def test_a_statement_is_planned_and_nothing_more(sql: str) -> None:
    """Whatever the session makes of backslashes, and whatever calls itself immutable."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE SEQUENCE whatif_numbers")
        cursor.execute(
            "CREATE FUNCTION whatif_counts(int) RETURNS bigint LANGUAGE plpgsql IMMUTABLE"
            " AS $$ BEGIN RETURN nextval('whatif_numbers'); END $$"
        )
        if connection.pg_version < 190000:
            cursor.execute("SET escape_string_warning = off; SET standard_conforming_strings = off")
    query = query_of([Sample(sql, generic="$1" in sql)])
    assert query is not None
    with suppress(DatabaseError), what_if(connection, "real", EMPTY) as world:
        assert world is not None
        filled(Workload((query,)), connection, EMPTY)
        world.build(NARROW)
        world.estimate(sql, NONE)
    with connection.cursor() as cursor:
        cursor.execute("RESET standard_conforming_strings; SELECT count(*) FROM whatif_task")
        cursor.nextset()
        assert cursor.fetchone() == (20_000,)
        cursor.execute("SELECT is_called FROM whatif_numbers")
        assert cursor.fetchone() == (False,)
        cursor.execute("DROP FUNCTION whatif_counts; DROP SEQUENCE whatif_numbers")
    assert indexes_there() == []


@postgresql
@pytest.mark.parametrize("tasks", ["autocommit"], indirect=True)
def test_a_reader_who_does_not_end_is_named(tasks: None) -> None:
    reader = connection.copy()
    reader.set_autocommit(False)
    with reader.cursor() as cursor:
        cursor.execute("SELECT 1 FROM whatif_task")
    try:
        with what_if(connection, "real", EMPTY) as world:
            assert world is not None
            world.build(NARROW)
            with pytest.raises(DatabaseError, match=r"a lock on whatif_task.*--what-if hypopg"):
                world.estimate(BY_PROJECT, NONE)
    finally:
        reader.close()
    assert indexes_there() == []


@pytest.mark.usefixtures("tasks")
def test_an_error_inside_leaves_nothing() -> None:
    def interrupted() -> None:
        with what_if(connection, "real", EMPTY) as world:
            assert world is not None
            world.build(NARROW)
            world.estimate(BY_PROJECT, NONE)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert indexes_there() == []


@postgresql
@pytest.mark.usefixtures("tasks")
def test_an_expression_has_statistics_of_its_own() -> None:
    with what_if(connection, "real", EMPTY) as world:
        assert world is not None
        world.build(UPPER)
        found = world.estimate(BY_TITLE, frozenset({UPPER}))
    # Without them 100 of the 20,000 rows would be expected, and a bitmap scan of them.
    assert found.used == {UPPER}
    assert found.cost < 10


def test_none_is_no_what_if(db: None) -> None:
    with what_if(connection, "none", EMPTY) as world:
        assert world is None


def test_hypopg_that_is_not_there_is_told(db: None) -> None:
    with pytest.raises(DatabaseError, match="HypoPG"), what_if(connection, "hypopg", EMPTY):
        pass


def test_hypothetical_indexes_are_seen_and_gone(debian_postgresql: Any) -> None:
    server: Any = debian_postgresql
    with server.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS hypopg")
        cursor.execute("CREATE TABLE whatif_task (id int PRIMARY KEY, project_id int, status text)")
        cursor.execute("INSERT INTO whatif_task SELECT i, i % 500 FROM generate_series(1, 9999) i")
        cursor.execute("ANALYZE whatif_task")
    there = Schema(vendor="postgresql", extensions=frozenset({"hypopg"}))
    statement = "SELECT id FROM whatif_task WHERE project_id = 7"
    with what_if(server, "hypopg", there) as world:
        assert_hypothetical(world, statement)
    with server.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM hypopg_list_indexes")
        assert cursor.fetchone() == (0,)


def assert_hypothetical(world: WhatIf | None, statement: str) -> None:
    assert world is not None
    assert not world.measures
    assert world.build(NARROW).size_bytes > 0
    assert world.estimate(statement, frozenset({NARROW})).used == {NARROW}
    assert world.estimate(statement, NONE).used == NONE
    assert world.measure(statement, NONE, 1_000) is None
    trigrams = IndexDefinition("whatif_task", (IndexKey("status"),), method="gin")
    with pytest.raises(DatabaseError):
        world.build(trigrams)
    assert world.estimate(statement, frozenset({NARROW})).used == {NARROW}
