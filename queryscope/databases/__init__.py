"""What differs by database: plans, schema, what-if. Nothing in here goes through Django's cursors,
so that neither a recording nor the application's own query log sees it."""

from __future__ import annotations

from typing import Any

from .base import Database, DatabaseError


def database_of(connection: Any) -> Database:
    """The database of one of Django's connections.

    Raises DatabaseError for a vendor whose plans are not read.
    """
    # Only when asked for: a parser of SQL takes its time to load.
    if connection.vendor == "postgresql":
        from .postgresql import PostgreSQL

        return PostgreSQL(connection)
    if connection.vendor == "sqlite":
        from .sqlite import SQLite

        return SQLite(connection)
    name = getattr(connection, "display_name", connection.vendor)
    raise DatabaseError(f"plans of {name} are not read; PostgreSQL's and SQLite's are")
