"""What the tests of EXPLAIN share that try to make it do harm: traps, other sessions, states."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from queryscope.databases.postgresql import PostgreSQL

needs_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite runs nothing to explain"
)

SCHEMA = """
DROP SCHEMA IF EXISTS harmless CASCADE;
CREATE SCHEMA harmless;
SET search_path = harmless, public;
CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO item SELECT n, 'name ' || n FROM generate_series(1, 100) n;
CREATE SEQUENCE numbers;
CREATE FUNCTION writes() RETURNS int LANGUAGE plpgsql AS
    $$ BEGIN DELETE FROM harmless.item; RETURN 1; END $$;
CREATE FUNCTION lies_stable() RETURNS int LANGUAGE sql STABLE SECURITY DEFINER AS
    $$ SELECT nextval('harmless.numbers')::int $$;
CREATE FUNCTION lies_immutable() RETURNS int LANGUAGE plpgsql IMMUTABLE AS
    $$ BEGIN PERFORM nextval('harmless.numbers'); RETURN 1; END $$;
CREATE FUNCTION fails() RETURNS int LANGUAGE plpgsql STABLE AS
    $$ BEGIN RAISE EXCEPTION 'no such luck'; END $$;
CREATE FUNCTION of_row(item) RETURNS bigint LANGUAGE sql VOLATILE AS
    $$ SELECT nextval('harmless.numbers') $$;
CREATE FUNCTION joins(text, text) RETURNS boolean LANGUAGE plpgsql AS
    $$ BEGIN PERFORM nextval('harmless.numbers'); RETURN true; END $$;
CREATE OPERATOR <-> (LEFTARG = text, RIGHTARG = text, FUNCTION = joins);
CREATE FUNCTION adds(int, int) RETURNS int LANGUAGE plpgsql AS
    $$ BEGIN PERFORM nextval('harmless.numbers'); RETURN 1; END $$;
CREATE AGGREGATE total (int) (SFUNC = adds, STYPE = int, INITCOND = '0');
CREATE VIEW hides AS SELECT id, nextval('harmless.numbers') AS n FROM item;
CREATE VIEW hides_deeper AS SELECT * FROM hides;
CREATE VIEW hides_in_values AS
    SELECT * FROM (VALUES (pg_try_advisory_lock(4711)), (pg_try_advisory_lock(4712))) v(x);
CREATE VIEW hides_in_limit AS SELECT id FROM item LIMIT (nextval('harmless.numbers'));
CREATE VIEW "odd ""view""  " AS SELECT pg_try_advisory_lock(4711);
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE FUNCTION as_mood(int) RETURNS mood LANGUAGE plpgsql AS
    $$ BEGIN PERFORM nextval('harmless.numbers'); RETURN 'good'; END $$;
CREATE CAST (int AS mood) WITH FUNCTION as_mood(int);
CREATE TABLE watched (id int);
INSERT INTO watched VALUES (1);
ALTER TABLE watched ENABLE ROW LEVEL SECURITY;
CREATE POLICY counting ON watched USING (nextval('harmless.numbers') > 0);
"""
STATES = ("autocommit", "atomic", "savepoint", "manual", "manual in a transaction")


@contextmanager
def in_state(state: str) -> Iterator[None]:
    """The connection as applications have it: outside and inside of transactions."""
    if state == "autocommit":
        yield
    elif state == "atomic":
        with transaction.atomic():
            yield
    elif state == "savepoint":
        with transaction.atomic(), transaction.atomic():
            yield
    else:
        connection.set_autocommit(False)
        try:
            if state != "manual":
                ask("SELECT 1")
            yield
        finally:
            connection.rollback()
            connection.set_autocommit(True)


def ask(sql: str, *params: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, params or None)
        return cursor.fetchall() if cursor.description else None


@pytest.fixture(scope="module")
def other(django_db_setup: None, django_db_blocker: Any) -> Iterator[Callable[..., Any]]:
    """A session of somebody else. The tests here look after transactions themselves."""
    session = connection.copy()
    session.inc_thread_sharing()

    def run(sql: str, *params: Any) -> Any:
        with session.cursor() as cursor:
            cursor.execute(sql, params or None)
            return cursor.fetchall() if cursor.description else None

    with django_db_blocker.unblock():
        run(SCHEMA)
        yield run
        run("DROP SCHEMA harmless CASCADE")
        session.close()


@pytest.fixture
def database(other: Callable[..., Any]) -> Iterator[PostgreSQL]:
    connection.ensure_connection()
    ask("SET search_path = harmless, public")
    yield PostgreSQL(connection)
    connection.close()
    other("DELETE FROM harmless.item WHERE id > 100")


@contextmanager
def nothing_changes(other: Callable[..., Any]) -> Iterator[None]:
    """Seen from another session, and by the connection itself."""
    pid, status, settings = connection.connection.info.backend_pid, *_own()
    outside = _outside(other, pid)
    yield
    assert _outside(other, pid) == outside
    assert _own() == (status, settings)


def _outside(other: Callable[..., Any], pid: int) -> list[Any]:
    return [
        other("SELECT count(*), sum(id) FROM harmless.item"),
        other("SELECT last_value, is_called FROM harmless.numbers"),
        other("SELECT count(*) FROM pg_tables WHERE schemaname = 'harmless'"),
        other(
            "SELECT locktype, mode, relation::regclass::text FROM pg_locks"
            " WHERE pid = %s AND locktype <> 'virtualxid' ORDER BY 1, 2, 3",
            pid,
        ),
        other("SELECT state FROM pg_stat_activity WHERE pid = %s", pid),
    ]


def _own() -> tuple[int, list[Any]]:
    status = int(connection.connection.info.transaction_status)
    settings = [
        ask(f"SHOW {name}")
        for name in (
            "transaction_read_only",
            "statement_timeout",
            "lock_timeout",
            "idle_in_transaction_session_timeout",
            "standard_conforming_strings",
        )
    ]
    if status == 0:
        connection.connection.rollback()  # without autocommit, asking began a transaction
    return status, settings
