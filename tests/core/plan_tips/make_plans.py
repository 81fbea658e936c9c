"""Makes the plans that the tests read, on a real server.

    python -m tests.core.plan_tips.make_plans [URL [NAME ...]]

``URL`` is a PostgreSQL database of its own, which is filled and left; without one, SQLite's plans
are made. For each case the plan that shows a tip is kept, and the plan after its hint was followed
to the letter: SQL in it is executed, an index in Django's words is made by Django.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict, replace
from typing import Any

import django
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import connection, models
from django.db.models.functions import ExtractMonth, Lower, Upper

from queryscope.core.plan_tips import Context, tips_for
from queryscope.core.schema import Column, Schema, Table
from queryscope.databases.postgresql import PostgreSQL
from queryscope.databases.sqlite import SQLite
from sample_project import database_url

from .case import AFTER, Case
from .cases import CASES, NEWEST, SQLITE_CASES
from .stored import PLANS, read
from .tables import POSTGRESQL_TABLES, SQLITE_TABLES

_EXPLAIN = "EXPLAIN (ANALYZE, BUFFERS, SETTINGS, FORMAT JSON) "
_SQL = re.compile(r"(?:CREATE|ANALYZE|VACUUM|ALTER|SET LOCAL)\b[^;]*;")
_DJANGO = re.compile(r"(?:models\.|Gin)Index\(.*\)(?=[,.])")
_WORDS = {
    "models": models,
    "GinIndex": GinIndex,
    "OpClass": OpClass,
    "Upper": Upper,
    "Lower": Lower,
    "ExtractMonth": ExtractMonth,
}


def main(url: str) -> None:
    settings.configure(
        DATABASES={"default": database_url.parse(url)},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.postgres"],
        USE_TZ=True,
        TIME_ZONE="UTC",
    )
    django.setup()
    on_sqlite = connection.vendor == "sqlite"
    for statement in SQLITE_TABLES if on_sqlite else POSTGRESQL_TABLES:
        execute(statement)
    for case in SQLITE_CASES if on_sqlite else CASES:
        if not (names := sys.argv[2:]) or case.name in names:
            _make_here(case)


def _make_here(case: Case) -> None:
    """Each case on PostgreSQL 15, a few on 18 too."""
    newest = connection.vendor == "postgresql" and connection.pg_version >= 180000
    if not newest:
        make(case)
    elif case.name in NEWEST:
        make(replace(case, name=f"{case.name}-18"))


def make(case: Case) -> None:
    for statement in case.before:
        execute(statement)
    keep(case.name, case)
    undo: list[str] = []
    if case.tip:
        context = Context(*read(case.name)[:3])
        hints = [tip.hint for tip in tips_for(context) if tip.name == case.tip]
        report(f"{case.name}: {hints or 'NOT SHOWN'}")
        follow, undo = advised(hints[0] if hints else "", case)
        after = replace(case, settings=(*case.settings, *follow), sql=case.sql_after or case.sql)
        keep(f"{case.name}{AFTER}", after)
        said = [tip.name for tip in tips_for(Context(*read(f"{case.name}{AFTER}")[:3]))]
        report(f"    afterwards: {said}{'  STILL THERE' if case.tip in said else ''}")
    for statement in (*undo, *case.undo):
        execute(statement)


def advised(hint: str, case: Case) -> tuple[list[str], list[str]]:
    """Do what a hint says; settings for the transaction, and statements that undo it."""
    follow, undo = [], []
    for statement in _SQL.findall(hint):
        if statement.startswith("SET LOCAL"):
            follow.append(statement)
            continue
        execute(statement)
        if made := re.match(r"CREATE (INDEX|STATISTICS) (?:CONCURRENTLY )?(\S+)", statement):
            undo.append(f"DROP {made[1]} {made[2]}")
    if "TrigramExtension()" in hint:
        execute("CREATE EXTENSION pg_trgm")
        undo.append("DROP EXTENSION pg_trgm CASCADE")
    for source in _DJANGO.findall(hint):
        index = eval(source, _WORDS)  # the hint's own words are what is tried here
        with connection.schema_editor() as editor:
            editor.add_index(model(case.table), index)
        undo.insert(0, f'DROP INDEX "{index.name}"')
        execute("ANALYZE")
    return follow, undo


def model(table: str) -> type[models.Model]:
    """A model of a table, as inspectdb would make it."""
    kinds: dict[str, models.Field[Any, Any]] = {}
    with connection.cursor() as cursor:
        for field in connection.introspection.get_table_description(cursor, table):
            kind = connection.introspection.get_field_type(field.type_code, field)
            name = kind[0] if isinstance(kind, tuple) else kind
            options = {"max_length": 200} if name == "CharField" else {}
            options |= {"primary_key": True} if field.name == "id" else {}
            kinds[field.name] = getattr(models, name)(**options)
    meta = type("Meta", (), {"db_table": table, "app_label": "contenttypes"})
    body = {"__module__": __name__, "Meta": meta, **kinds}
    return type(f"Model{len(_made())}", (models.Model,), body)


def _made() -> list[type[models.Model]]:
    from django.apps import apps

    return apps.get_models()


def keep(name: str, case: Case) -> None:
    if connection.vendor == "sqlite":
        document, server = _sqlite_plan(case), "sqlite"
        schema = SQLite(connection).schema()
    else:
        document, server = _postgresql_plan(case), f"{connection.pg_version // 10000}"
        schema = PostgreSQL(connection).schema()
    named = {table for table in schema.tables if re.search(rf"\b{table}\b", case.sql)}
    schema = replace(
        schema,
        tables={
            name: _slim(schema.tables[name], "" if name in case.tables else case.sql)
            for name in sorted(named | set(case.tables))
        },
        available=frozenset({"pg_trgm"} & schema.available),
        statistics_days=None,
    )
    stored = {"sql": case.sql, "server": server, "schema": _as_json(schema), "plan": document}
    path = PLANS / f"{name}.json"
    lines = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in stored.items())
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def _postgresql_plan(case: Case) -> Any:
    with connection.cursor() as cursor:
        for _ in range(case.runs):
            cursor.execute("BEGIN")
            for setting in case.settings:
                cursor.execute(setting)
            cursor.execute((_EXPLAIN if case.run else "EXPLAIN (FORMAT JSON) ") + case.sql)
            [[document]] = cursor.fetchall()
            cursor.execute("ROLLBACK")
    return document


def _sqlite_plan(case: Case) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + case.sql)
        return cursor.fetchall()


def _slim(table: Table, sql: str) -> Table:
    """Without what no tip reads, and what changes from day to day."""
    asked = {name: column for name, column in table.columns.items() if name in sql or not sql}
    columns = {name: _slim_column(column) for name, column in asked.items()}
    return replace(table, columns=columns, analyzed_days=None, dead_rows=None)


def _slim_column(column: Column) -> Column:
    found = column.statistics
    common = found.common[:8] if found else ()
    return replace(column, statistics=found and replace(found, bounds=(), common=common))


def _as_json(schema: Schema) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            items = [plain(item) for item in value]
            return sorted(items) if isinstance(value, (set, frozenset)) else items
        return value

    return plain(asdict(schema))


def report(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "sqlite://")
