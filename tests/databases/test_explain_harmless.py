"""EXPLAIN must leave nothing, whatever it is asked: each statement here tries to make it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from queryscope.databases.base import DatabaseError
from queryscope.databases.postgresql import PostgreSQL

from .harmless import (
    STATES,
    ask,
    in_state,
    needs_postgresql,
    nothing_changes,
)

pytestmark = needs_postgresql

NOT_RUN = [
    ("INSERT INTO item VALUES (0, 'x')", "INSERT is not a SELECT"),
    ("UPDATE item SET name = 'x'", "UPDATE is not a SELECT"),
    ("DELETE FROM item", "DELETE is not a SELECT"),
    ("WITH x AS (DELETE FROM item RETURNING *) SELECT * FROM x", "it has DELETE in it"),
    ("SELECT * FROM item FOR UPDATE", "it locks rows (FOR UPDATE or FOR SHARE)"),
    ("SELECT * FROM item FOR KEY SHARE", "it locks rows (FOR UPDATE or FOR SHARE)"),
    ("SELECT * INTO copied FROM item", "it makes a table (SELECT INTO)"),
    ("SELECT nextval('numbers')", "it calls nextval()"),
    ("SELECT NextVal('numbers')", "it calls nextval()"),
    ("SELECT \"nextval\"('numbers')", "it calls nextval()"),
    ("SELECT pg_catalog . nextval /* x */ ('numbers')", "it calls nextval()"),
    ("SELECT 1 -- \r, nextval('numbers')", "it calls nextval()"),
    ("SELECT pg_sleep(10)", "it calls pg_sleep()"),
    ("SELECT pg_advisory_lock(4711)", "it calls pg_advisory_lock()"),
    ("SELECT set_config('work_mem', '1MB', false)", "it calls set_config()"),
    ("SELECT pg_notify('a', 'b')", "it calls pg_notify()"),
    ("SELECT lo_create(0)", "it calls lo_create()"),
    ("SELECT query_to_xml('DELETE FROM harmless.item', true, true, '')", "query_to_xml()"),
    ("SELECT pg_terminate_backend(0)", "it calls pg_terminate_backend()"),
    ("SELECT writes()", "it calls writes()"),
    ("SELECT * FROM item WHERE EXISTS (SELECT writes())", "it calls writes()"),
    ("SELECT * FROM ROWS FROM (writes(), generate_series(1, 2))", "it calls writes()"),
    ("SELECT item.of_row FROM item", "it calls nextval()"),
    ("SELECT 'a' <-> 'b'", "it calls the operator <->"),
    ("SELECT name <-> 'b' FROM item", "it calls the operator <->"),
    ("SELECT total(id) FROM item", "it calls total()"),
    ("SELECT id::mood FROM item", "it calls the cast to mood"),
    ("SELECT CAST(id AS harmless.mood) FROM item", "it calls the cast to mood"),
    ("SELECT * FROM hides", "it calls nextval()"),
    ("SELECT id FROM hides_deeper", "it calls nextval()"),
    ("TABLE hides_in_values", "it calls pg_try_advisory_lock()"),
    ("SELECT * FROM hides_in_limit", "it calls nextval()"),
    ('SELECT * FROM "odd ""view""  " v', "it calls pg_try_advisory_lock()"),
    ("SELECT * FROM watched", "it calls nextval()"),
    ('WITH "it\'s" AS MATERIALIZED (SELECT 1) SELECT item.of_row FROM item, "it\'s"', "nextval()"),
    ("SELECT * FROM item LIMIT nextval('numbers')", "it calls nextval()"),
    # They are what they say for all that the catalogue knows; the server stops them.
    ("SELECT lies_stable() FROM item", "cannot execute nextval() in a read-only transaction"),
    ("SELECT fails() FROM item", "no such luck"),
]
NOT_EXPLAINED = [
    ("SELECT 1; DELETE FROM item", "more than one statement"),
    ("SELECT 1; SELECT nextval('numbers')", "more than one statement"),
    ("SELECT 1 /* /* */ ; */ ; DELETE FROM item", "more than one statement"),
    ("SELECT $a$ ' $a$; DELETE FROM item -- '", "more than one statement"),
    ("ANALYZE DELETE FROM item", "ANALYZE has no plan"),
    ("(ANALYZE) DELETE FROM item", "ANALYZE has no plan"),
    ("EXPLAIN ANALYZE DELETE FROM item", "EXPLAIN has no plan"),
    ("DO $$ BEGIN DELETE FROM harmless.item; END $$", "DO has no plan"),
    ("COPY item TO PROGRAM 'true'", "COPY has no plan"),
    ("EXECUTE x(nextval('numbers'))", "EXECUTE has no plan"),
    ("COMMIT", "COMMIT has no plan"),
    ("SELECT * FROM missing", 'relation "missing" does not exist'),
    ("SELECT FROM WHERE", 'syntax error at or near "WHERE"'),
    ("SELECT 'never ends", "unterminated quoted string"),
    ("SELECT 1 /* never ends", "unterminated /* comment"),
    # Folded while it is planned, where it says that it may be.
    ("SELECT lies_immutable() FROM item", "cannot execute nextval() in a read-only transaction"),
    ("SELECT 1 / 0", "division by zero"),
    ("SELECT '\0'", ""),
]


@pytest.mark.parametrize(("sql", "refusal"), NOT_RUN)
@pytest.mark.parametrize("state", ["autocommit", "atomic"])
def test_is_planned_and_not_run(
    database: PostgreSQL, other: Callable[..., Any], state: str, sql: str, refusal: str
) -> None:
    with in_state(state), nothing_changes(other):
        plan = database.explain(sql, analyze=True)
        assert refusal in (plan.refusal or "")
        assert "\n" not in (plan.refusal or "")
        assert not plan.analyzed
        assert plan.cost is not None


@pytest.mark.parametrize(("sql", "error"), NOT_EXPLAINED)
@pytest.mark.parametrize("state", ["autocommit", "atomic"])
@pytest.mark.parametrize("analyze", [True, False])
def test_is_not_planned(
    database: PostgreSQL,
    other: Callable[..., Any],
    state: str,
    analyze: bool,
    sql: str,
    error: str,
) -> None:
    with in_state(state), nothing_changes(other):
        with pytest.raises(DatabaseError) as refused:
            database.explain(sql, analyze=analyze)
        assert error in str(refused.value)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("state", STATES)
def test_runs_in_every_state_and_leaves_it(
    database: PostgreSQL, other: Callable[..., Any], state: str
) -> None:
    with in_state(state), nothing_changes(other):
        plan = database.explain("SELECT count(*) FROM item WHERE id < 50", analyze=True)
        assert plan.refusal is None
        assert plan.analyzed


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("sql", ["SELECT count(*) FROM item", "SELECT fails()", "SELECT nope"])
def test_the_applications_transaction_goes_on(database: PostgreSQL, state: str, sql: str) -> None:
    """It sees what it wrote, can write, and ends as it likes."""
    with in_state(state):
        ask("SET LOCAL work_mem = '1234kB'")
        if state != "autocommit":
            ask("INSERT INTO harmless.item VALUES (1000, 'mine')")
        try:
            database.explain(sql, analyze=True)
        except DatabaseError:
            assert "nope" in sql
        if state != "autocommit":
            assert ask("SHOW work_mem") == [("1234kB",)]
            assert ask("SELECT name FROM harmless.item WHERE id = 1000") == [("mine",)]
        ask("INSERT INTO harmless.item VALUES (1001, 'after')")
        assert ask("SHOW transaction_read_only") == [("off",)]


def test_rows_that_are_not_committed_are_seen(database: PostgreSQL) -> None:
    with transaction.atomic():
        ask("INSERT INTO item SELECT n, 'x' FROM generate_series(1000, 1009) n")
        plan = database.explain("SELECT * FROM item WHERE id >= 1000", analyze=True)
        assert plan.root.rows == 10
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT random(), clock_timestamp(), gen_random_uuid(), now(), current_date",
        "SELECT COALESCE(upper(name), 'x'), EXTRACT(year FROM now()), CAST(id AS text) FROM item",
        "SELECT count(*) FILTER (WHERE id > 3), max(name) FROM item GROUP BY id % 3",
        "SELECT name FROM item WHERE name ILIKE '%1%' AND id = ANY(ARRAY[1, 2]) ORDER BY name",
        "SELECT row_number() OVER (PARTITION BY id % 5 ORDER BY id) FROM item",
        "SELECT * FROM item WHERE name = 'SELECT 1; nextval(''numbers'') FOR UPDATE'",
        "VALUES (1), (2)",
        "TABLE item",
    ],
)
def test_what_only_reads_is_run(database: PostgreSQL, sql: str) -> None:
    plan = database.explain(sql, analyze=True)
    assert (plan.refusal, plan.analyzed) == (None, True)


def test_a_function_of_ones_own_is_not_harmless_by_its_name(database: PostgreSQL) -> None:
    with transaction.atomic():
        ask("CREATE FUNCTION random(int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1'")
        plan = database.explain("SELECT random(1)", analyze=True)
        transaction.set_rollback(True)
    assert "random()" in (plan.refusal or "")


def test_what_runs_too_long_is_stopped(database: PostgreSQL, other: Callable[..., Any]) -> None:
    sql = "SELECT count(*) FROM item a, item b, item c, item d, item e"
    with in_state("atomic"), nothing_changes(other):
        plan = database.explain(sql, analyze=True, timeout_ms=1_500)
        assert plan.refusal == "it did not end within 1.5 s"
        assert plan.cost is not None


def test_a_cast_that_no_text_shows(database: PostgreSQL) -> None:
    with transaction.atomic():
        ask("CREATE TYPE rank AS ENUM ('a')")
        ask(
            "CREATE FUNCTION as_rank(mood) RETURNS rank LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_advisory_lock(4711); RETURN 'a'; END $$"
        )
        ask("CREATE CAST (mood AS rank) WITH FUNCTION as_rank(mood) AS IMPLICIT")
        ask("CREATE TABLE ladder (step rank)")
        ask("CREATE TABLE feelings (felt mood)")
        sql = "SELECT step FROM ladder UNION ALL SELECT felt FROM feelings"
        plan = database.explain(sql, analyze=True)
        transaction.set_rollback(True)
    assert plan.refusal == "it calls the cast to rank, which is volatile and may change something"


def test_backslashes_are_no_escapes_whatever_the_session_says(
    database: PostgreSQL, other: Callable[..., Any]
) -> None:
    """Where they are, a string ends earlier than the statement was read to, and the rest runs."""
    if connection.pg_version >= 190000:
        pytest.skip("they never are any more")
    ask("SET standard_conforming_strings = off")
    ask("SET escape_string_warning = off")
    with nothing_changes(other):
        assert database.explain("SELECT '\\'' ; DELETE FROM item; --'", analyze=True).analyzed
