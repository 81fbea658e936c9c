"""Writes tables into a database: COPY where there is one, bulk_create elsewhere."""

import json
from collections.abc import Iterator
from itertools import islice

from django.core.management.color import no_style
from django.db import connections
from django.db.models import JSONField, Model

from .tables import Table

BATCH = 2_000
# Any constant: it names this lock among the advisory locks of one database.
LOCK = 0x5EED


def lock(using: str) -> None:
    """Makes a second seed of the same database wait until this transaction has ended."""
    connection = connections[using]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def trust_references(using: str) -> None:
    """Leaves out the check of every foreign key, half of the time, where the role may do so.

    Until the transaction ends; the rows refer only to rows that the same run has made.
    """
    connection = connections[using]
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone() == (True,):
            cursor.execute("SET LOCAL session_replication_role = replica")


def load(table: Table, using: str) -> None:
    if connections[using].vendor == "postgresql":
        copy(table, using)
    else:
        insert(table, using)


def copy(table: Table, using: str) -> None:
    connection = connections[using]
    meta = table.model._meta
    quote = connection.ops.quote_name
    fields = [meta.get_field(name) for name in table.columns]
    columns = ", ".join(quote(field.column) for field in fields)
    rows = encoded(table.rows, [i for i, f in enumerate(fields) if isinstance(f, JSONField)])
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {quote(meta.db_table)} ({columns}) FROM STDIN") as stream,
    ):
        for row in rows:
            stream.write_row(row)


def encoded(rows: Iterator[tuple], json_columns: list[int]) -> Iterator[tuple]:
    if not json_columns:
        return rows
    return (
        tuple(json.dumps(value) if i in json_columns else value for i, value in enumerate(row))
        for row in rows
    )


def insert(table: Table, using: str) -> None:
    manager = table.model._base_manager.using(using)
    while batch := list(islice(table.rows, BATCH)):
        manager.bulk_create(
            [table.model(**dict(zip(table.columns, row, strict=True))) for row in batch]
        )


def empty(models: list[type[Model]], using: str) -> None:
    """Empties the tables of `models`, and those that refer to them, in this transaction."""
    connection = connections[using]
    names = [model._meta.db_table for model in models]
    statements = connection.ops.sql_flush(
        no_style(), names, reset_sequences=True, allow_cascade=True
    )
    connection.ops.execute_sql_flush(statements)


def finish(models: list[type[Model]], using: str) -> None:
    """Lets the next row get the next id, and the planner know what is there now."""
    connection = connections[using]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
        for model in models:
            if connection.vendor in {"postgresql", "sqlite"}:
                cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")
