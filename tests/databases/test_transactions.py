"""The scope that leaves nothing, in every state that a connection can be in."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError as DjangoDatabaseError
from django.db import connection, transaction

from queryscope.databases.base import DatabaseError
from queryscope.databases.transactions import one_line, rolled_back

only_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has no such settings"
)


@pytest.fixture(scope="module", autouse=True)
def table(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A table of our own: the tests here look after transactions themselves."""
    with django_db_blocker.unblock():
        ask("CREATE TABLE scoped (name varchar(20))")
        yield
        ask("DROP TABLE scoped")
        connection.close()


@pytest.fixture(autouse=True)
def one_row(table: None) -> Iterator[None]:
    ask("INSERT INTO scoped VALUES ('before')")
    yield
    ask("DELETE FROM scoped")


def ask(sql: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def add(name: str) -> None:
    ask(f"INSERT INTO scoped VALUES ('{name}')")


@pytest.fixture(params=["autocommit", "atomic", "savepoint", "manual"])
def state(request: Any) -> Iterator[str]:
    if request.param == "autocommit":
        yield request.param
    elif request.param == "manual":
        connection.set_autocommit(False)
        yield request.param
        connection.rollback()
        connection.set_autocommit(True)
    else:
        with transaction.atomic():
            if request.param == "savepoint":
                add("uncommitted")
            yield request.param


def names() -> list[str]:
    return sorted(name for (name,) in ask("SELECT name FROM scoped"))


def write(cursor: Any) -> None:
    cursor.execute("UPDATE scoped SET name = 'changed'")


def test_writes_are_undone(state: str) -> None:
    before = names()
    with rolled_back(connection) as cursor:
        write(cursor)
        cursor.execute("CREATE TABLE made (id integer)")
        cursor.execute("SELECT DISTINCT name FROM scoped")
        assert cursor.fetchall() == [("changed",)]
    assert names() == before
    assert "made" not in connection.introspection.table_names()


@pytest.mark.parametrize("fails", [KeyError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_writes_are_undone_when_the_block_fails(state: str, fails: type[BaseException]) -> None:
    before = names()

    def fail() -> None:
        with rolled_back(connection) as cursor:
            write(cursor)
            raise fails

    with pytest.raises(fails):
        fail()
    assert names() == before


def test_a_statement_that_fails_is_told_in_one_line(state: str) -> None:
    before = names()

    def fail() -> None:
        with rolled_back(connection) as cursor:
            write(cursor)
            cursor.execute("SELECT missing FROM scoped")

    with pytest.raises(DatabaseError) as failed:
        fail()
    assert "missing" in str(failed.value)
    assert "\n" not in str(failed.value)
    assert names() == before
    add("after")
    assert "after" in names()


def test_within_one_another(state: str) -> None:
    before = names()
    with rolled_back(connection) as outer:
        write(outer)
        with rolled_back(connection) as inner:
            inner.execute("DELETE FROM scoped")
        outer.execute("SELECT DISTINCT name FROM scoped")
        assert outer.fetchall() == [("changed",)]
    assert names() == before


def test_the_applications_savepoint_of_the_same_name(state: str) -> None:
    if state == "autocommit":
        pytest.skip("there are no savepoints outside of transactions")
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT queryscope")
        add("theirs")
        with rolled_back(connection) as inner:
            write(inner)
        assert "theirs" in names()
        cursor.execute("ROLLBACK TO SAVEPOINT queryscope")
        assert "theirs" not in names()


def test_what_comes_afterwards_is_committed() -> None:
    with rolled_back(connection) as cursor:
        write(cursor)
    with transaction.atomic():
        add("kept")
        with rolled_back(connection) as cursor:
            write(cursor)
    assert names() == ["before", "kept"]


@only_postgresql
def test_settings_are_those_of_the_scope(state: str) -> None:
    def setting(cursor: Any, name: str) -> str:
        cursor.execute(f"SHOW {name}")
        [[value]] = cursor.fetchall()
        return str(value)

    with connection.cursor() as own:
        before = setting(own, "statement_timeout")
        settings = {"statement_timeout": 12_345, "work_mem": "1MB"}
        with rolled_back(connection, read_only=True, settings=settings) as cursor:
            assert setting(cursor, "statement_timeout") == "12345ms"
            assert setting(cursor, "work_mem") == "1MB"
            assert setting(cursor, "transaction_read_only") == "on"
        assert setting(own, "statement_timeout") == before
        assert setting(own, "transaction_read_only") == "off"


@only_postgresql
@pytest.mark.parametrize(
    "statement",
    [
        "SET transaction_read_only = off",
        "SELECT set_config('transaction_read_only', 'off', true)",
        "SET TRANSACTION READ WRITE",
    ],
)
def test_read_only_cannot_be_taken_back(state: str, statement: str) -> None:
    before = names()

    def take_back() -> None:
        with rolled_back(connection, read_only=True) as cursor:
            cursor.execute("SELECT 1")
            cursor.execute(statement)

    with pytest.raises(DatabaseError, match="read-write mode"):
        take_back()
    assert names() == before


@only_postgresql
def test_a_signal_in_the_midst_of_a_statement_leaves_no_transaction() -> None:
    """Whatever a handler raises, which the driver does not take for Ctrl-C: the connection is then
    of no use to anybody, and with it goes what it did."""

    class Rung(Exception):
        pass

    def ring(*_: object) -> None:
        raise Rung

    def sleep() -> None:
        with rolled_back(connection) as cursor:
            write(cursor)
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            cursor.execute("SELECT pg_sleep(30)")

    pid = connection.connection.info.backend_pid
    handler = signal.signal(signal.SIGALRM, ring)
    try:
        with pytest.raises(Rung):
            sleep()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    with rolled_back(connection) as cursor:
        cursor.execute("SELECT name FROM scoped")
        assert cursor.fetchall() == [("before",)]
        # It sleeps on, and holds what it locked: whoever empties the tables would wait for it.
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    assert connection.connection.info.backend_pid != pid


@only_postgresql
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"HOST": "127.0.0.1", "PORT": "1"}, "refused|failed"),
        ({"NAME": "queryscope_no_such_database"}, "does not exist"),
        ({"HOST": "nowhere.invalid"}, "nowhere.invalid|resolve"),
    ],
)
def test_a_server_out_of_reach(changes: dict[str, str], reason: str) -> None:
    copy = connection.copy()
    copy.settings_dict = {**copy.settings_dict, **changes}
    with pytest.raises(DatabaseError, match=reason) as refused, rolled_back(copy):
        pass
    assert "\n" not in str(refused.value)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite opens files")
def test_a_file_that_cannot_be_opened(tmp_path: Any) -> None:
    copy = connection.copy()
    copy.settings_dict = {**copy.settings_dict, "NAME": str(tmp_path / "no" / "such.sqlite3")}
    with pytest.raises(DatabaseError, match="unable to open database file"), rolled_back(copy):
        pass


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "DjangoDatabaseError".removeprefix("Django")),
        ("boom\nLINE 1: SELECT boom\n               ^", "boom"),
        ('invalid input syntax for type integer: "a secret"', "type integer: "),
        ("duplicate key\nDETAIL:  Key (email)=(a@b.c) already exists.", "duplicate key"),
    ],
)
def test_one_line(text: str, line: str) -> None:
    found = one_line(DjangoDatabaseError(text))
    assert line in found
    assert "\n" not in found
    assert "secret" not in found
