"""Which what-if a database offers, from the most exact to none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Literal

from ..core.schema import Schema
from .base import DatabaseError, WhatIf
from .what_if_postgresql import hypothetical_indexes, real_indexes
from .what_if_sqlite import sqlite_indexes

Mode = Literal["auto", "real", "hypopg", "none"]
MODES: tuple[Mode, ...] = ("auto", "real", "hypopg", "none")


@contextmanager
def what_if(connection: Any, mode: Mode, schema: Schema) -> Iterator[WhatIf | None]:
    """The what-if for ``mode``; "auto" takes real indexes, or hypothetical ones on a replica.

    None for "none", and where "auto" finds nothing it may use. Raises DatabaseError where what was
    asked for is not there.
    """
    if mode == "hypopg":
        _require_hypopg(connection, schema)
    if mode == "none":
        yield None
        return
    with ExitStack() as stack:
        if connection.vendor == "sqlite":
            yield stack.enter_context(sqlite_indexes(connection))
        elif mode == "hypopg" or (mode == "auto" and schema.replica):
            usable = "hypopg" in schema.extensions
            yield stack.enter_context(hypothetical_indexes(connection)) if usable else None
        else:
            yield stack.enter_context(real_indexes(connection))


@contextmanager
def filtering(connection: Any, schema: Schema) -> Iterator[WhatIf | None]:
    """Hypothetical indexes, to see cheaply what need not be built; None without the extension."""
    if connection.vendor == "postgresql" and "hypopg" in schema.extensions:
        with hypothetical_indexes(connection) as found:
            yield found
    else:
        yield None


def _require_hypopg(connection: Any, schema: Schema) -> None:
    if connection.vendor != "postgresql":
        raise DatabaseError(f"HypoPG is an extension of PostgreSQL, not of {connection.vendor}")
    if "hypopg" not in schema.extensions:
        can = "hypopg" in schema.available
        how = "run CREATE EXTENSION hypopg" if can else "install its package on the server first"
        raise DatabaseError(f"HypoPG is not in this database: {how}, or pass --what-if real")
