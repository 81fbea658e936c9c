"""A scope in the database that leaves nothing: what happens in it is rolled back.

It speaks to the driver's own connection. Inside a transaction of the application it is a savepoint,
so that rows that are not committed are seen; the transaction goes on as if nothing had been.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from ..core.masking import masked_message
from .base import DatabaseError

_SAVEPOINT = "queryscope"
#: libpq's words for what a connection is doing.
_IDLE, _ACTIVE, _IN_TRANSACTION, _FAILED = 0, 1, 2, 3


@contextmanager
def rolled_back(
    connection: Any, *, read_only: bool = False, settings: Mapping[str, str | int] | None = None
) -> Iterator[Any]:
    """A cursor of the driver in a scope that is rolled back, whatever happens in it.

    ``connection`` is Django's. ``read_only`` and ``settings`` ("statement_timeout") are for
    PostgreSQL, for the scope. Raises DatabaseError in one line when the database cannot be reached,
    when the application's transaction has failed already, or when a statement fails.
    """
    errors = connection.Database.Error
    raw = _connected(connection)
    postgresql = connection.vendor == "postgresql"
    begin, end = _control(raw) if postgresql else _sqlite_control()
    cursor = raw.cursor()
    try:
        cursor.execute(begin)
        if postgresql:
            _configure(cursor, read_only, settings or {})
        yield cursor
    except errors as error:
        raise DatabaseError(one_line(error)) from error
    finally:
        _undo(raw, cursor, end, errors)


def _connected(connection: Any) -> Any:
    try:
        lost = connection.vendor == "postgresql" and getattr(connection.connection, "closed", False)
        # The loss of a transaction is for the application to learn.
        if lost and connection.autocommit and not connection.in_atomic_block:
            connection.close()
        connection.ensure_connection()
    except Exception as error:  # Django's own OperationalError, or a wrong setting
        raise DatabaseError(one_line(error)) from error
    return connection.connection


def _configure(cursor: Any, read_only: bool, settings: Mapping[str, str | int]) -> None:
    # Where a backslash escapes, a string ends elsewhere than it was read to, and the rest runs.
    cursor.execute("SET LOCAL standard_conforming_strings = on")
    if read_only:
        cursor.execute("SET LOCAL transaction_read_only = on")
    for name, value in settings.items():
        cursor.execute(f"SET LOCAL {name} = '{value}'")


def _control(raw: Any) -> tuple[str, tuple[str, ...]]:
    status = int(raw.info.transaction_status)
    if status == _FAILED:
        raise DatabaseError("the transaction has failed already: roll it back first")
    if status == _ACTIVE:
        raise DatabaseError("the connection is busy with another statement")
    if status not in (_IDLE, _IN_TRANSACTION):
        raise DatabaseError("the connection to the database is lost")
    if status == _IDLE and raw.autocommit:
        return "BEGIN", ("ROLLBACK",)
    undo = (f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}", f"RELEASE SAVEPOINT {_SAVEPOINT}")
    # Without autocommit the driver begins a transaction of its own for the savepoint.
    return f"SAVEPOINT {_SAVEPOINT}", ("ROLLBACK",) if status == _IDLE else undo


def _sqlite_control() -> tuple[str, tuple[str, ...]]:
    undo = (f"ROLLBACK TO {_SAVEPOINT}", f"RELEASE {_SAVEPOINT}")
    return f"SAVEPOINT {_SAVEPOINT}", undo


def _undo(raw: Any, cursor: Any, statements: tuple[str, ...], errors: type[Exception]) -> None:
    try:
        for statement in statements:
            cursor.execute(statement)
    except BaseException as error:
        # The server rolls back what a connection leaves. Rather none than one that is read-only
        # from now on, or in a transaction that nobody ends.
        with suppress(errors):
            raw.close()
        if not isinstance(error, errors):
            raise
    finally:
        with suppress(errors):
            cursor.close()


def one_line(error: BaseException) -> str:
    """What a driver said, without the statement it repeats and the values it quotes."""
    text = masked_message(str(error).strip())
    return text.splitlines()[0].strip() if text else type(error).__name__
