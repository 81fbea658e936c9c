"""EXPLAIN beside other sessions, which lock, cancel and end: nothing is left, one line says why."""

from __future__ import annotations

import _thread
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.db import Error, connection, transaction

from queryscope.databases.base import DatabaseError
from queryscope.databases.postgresql import PostgreSQL
from tests.waiting import wait_until

from .harmless import (
    STATES,
    ask,
    in_state,
    needs_postgresql,
    nothing_changes,
)

pytestmark = needs_postgresql

SLOW = "SELECT count(*) FROM item a, item b, item c, item d, item e, item f"


@contextmanager
def meanwhile(other: Callable[..., Any], action: str) -> Iterator[None]:
    """Another session does something to ours as soon as it runs EXPLAIN ANALYZE."""
    pid = connection.connection.info.backend_pid
    over = threading.Event()

    def act() -> None:
        while not over.is_set():
            running = other(
                f"SELECT {action}(pid) FROM pg_stat_activity"
                " WHERE pid = %s AND state = 'active' AND query LIKE 'EXPLAIN (ANALYZE%%'",
                pid,
            )
            if running:
                return

    thread = threading.Thread(target=act)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("state", STATES)
def test_cancelled_by_somebody(database: PostgreSQL, other: Callable[..., Any], state: str) -> None:
    with in_state(state), nothing_changes(other):
        with meanwhile(other, "pg_cancel_backend"):
            plan = database.explain(SLOW, analyze=True, timeout_ms=20_000)
        assert plan.refusal == "canceling statement due to user request"


@pytest.mark.parametrize("state", STATES)
def test_the_server_goes_away(database: PostgreSQL, other: Callable[..., Any], state: str) -> None:
    pid = connection.connection.info.backend_pid
    # What the application's own block makes of the loss is not ours to say.
    with suppress(Error), in_state(state):
        with meanwhile(other, "pg_terminate_backend"), pytest.raises(DatabaseError) as lost:
            database.explain(SLOW, analyze=True, timeout_ms=20_000)
        assert re.search("terminating connection|closed the connection", str(lost.value))
        assert "\n" not in str(lost.value)
        if state == "autocommit":
            assert database.explain("SELECT 1", analyze=True).analyzed
        else:
            with pytest.raises(DatabaseError, match="the connection to the database is lost"):
                database.explain("SELECT 1")
    wait_until(lambda: not other("SELECT pid FROM pg_stat_activity WHERE pid = %s", pid))
    assert other("SELECT count(*) FROM harmless.item") == [(100,)]


def test_a_transaction_that_has_failed(database: PostgreSQL) -> None:
    with transaction.atomic():
        with pytest.raises(Error, match="division"):
            ask("SELECT 1 / 0")
        with pytest.raises(DatabaseError, match="failed already: roll it back first"):
            database.explain("SELECT 1")
        transaction.set_rollback(True)
    assert database.explain("SELECT 1", analyze=True).analyzed


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A shell that starts the tests in the background has them ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_leaves_nothing(database: PostgreSQL, other: Callable[..., Any]) -> None:
    """Ctrl-C while it runs, as psycopg sees it: the statement is cancelled, the scope undone."""
    with in_state("atomic"), nothing_changes(other):
        timer = threading.Timer(0.3, _thread.interrupt_main)
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            database.explain(SLOW, analyze=True, timeout_ms=20_000)
        timer.join()


def test_foreign_tables_are_not_read(database: PostgreSQL) -> None:
    available = ask("SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'")
    if available == [(0,)]:
        pytest.skip("the server has no postgres_fdw")
    with transaction.atomic():
        ask("CREATE EXTENSION IF NOT EXISTS postgres_fdw")
        ask("CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'nowhere.invalid')")
        ask("CREATE FOREIGN TABLE remote (id int) SERVER far")
        plan = database.explain("SELECT * FROM remote", analyze=True)
        assert plan.refusal == "it reads a foreign table: another server would run a part of it"
        transaction.set_rollback(True)


@pytest.mark.parametrize("state", STATES)
def test_a_table_that_is_locked(
    database: PostgreSQL, other: Callable[..., Any], state: str
) -> None:
    with in_state(state), nothing_changes(other):
        other("BEGIN")
        other("LOCK TABLE harmless.item IN ACCESS EXCLUSIVE MODE")
        try:
            with pytest.raises(DatabaseError, match="another session holds a lock"):
                database.explain("SELECT * FROM item", timeout_ms=50)
        finally:
            other("ROLLBACK")


def test_a_lock_that_comes_between(database: PostgreSQL, other: Callable[..., Any]) -> None:
    """Planning a statement locks its tables as reading does, to the end of the scope."""
    other("BEGIN")
    other("LOCK TABLE harmless.item IN SHARE ROW EXCLUSIVE MODE")
    assert database.explain("SELECT * FROM item", analyze=True).analyzed
    other("ROLLBACK")
