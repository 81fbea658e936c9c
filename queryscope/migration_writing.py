"""Migrations that make the advised indexes, for the apps whose tables they are on."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.apps import apps
from django.db.migrations import AddIndex
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import MigrationWriter

from .core.indexes import IndexDefinition
from .core.schema import Schema
from .index_code import IndexCode, index_code, merged, rendered
from .roles import is_application

_CONCURRENTLY = """\
    # CREATE INDEX CONCURRENTLY keeps nobody from writing, but cannot run in a transaction. When it
    # fails on the way it leaves an invalid index: drop that one, then migrate again.
    atomic = False

"""
_OPERATIONS = "django.contrib.postgres.operations"
_EXTENSIONS = {
    "pg_trgm": "TrigramExtension",
    "btree_gin": "BtreeGinExtension",
    "btree_gist": "BtreeGistExtension",
}
#: Types that B-trees are for: GIN and GiST take them by an extension.
_SCALARS = (
    *("smallint", "integer", "bigint", "numeric", "real", "double", "boolean", "uuid", "inet"),
    *("character", "text", "date", "time", "interval", "bytea"),
)


@dataclass(frozen=True, slots=True)
class AppMigration:
    """What one app needs. ``text`` is the module, ``path`` where it belongs (or was written).

    ``refusal`` says why there is no migration; ``sql`` does the same by hand, in any case.
    """

    app: str
    indexes: tuple[IndexCode, ...]
    sql: tuple[str, ...]
    name: str = ""
    path: str = ""
    text: str = ""
    refusal: str = ""


def migrations_for(
    definitions: Iterable[IndexDefinition], connection: Any, schema: Schema
) -> tuple[AppMigration, ...]:
    """A migration for each app whose tables want an index, by the name of the app.

    Tables that are of no app come last, with the refusal that says so. Writes nothing.
    """
    by_app: dict[str, list[IndexCode]] = {}
    for definition in definitions:
        by_app.setdefault(_app_of(definition), []).append(index_code(definition, connection))
    project = _Project()
    return tuple(
        _migration(app, by_app[app], project, schema)
        for app in sorted(by_app, key=lambda app: (not app, app))
    )


def write_migrations(migrations: Iterable[AppMigration]) -> tuple[AppMigration, ...]:
    """Write those that are not refused into their apps; never over a file that is there.

    The models' Meta has to be edited as well, or `makemigrations` takes the indexes away again.
    """
    return tuple(map(_written, migrations))


def _written(migration: AppMigration) -> AppMigration:
    if migration.refusal:
        return migration
    try:
        with open(migration.path, "x", encoding="utf-8") as module:
            module.write(migration.text)
    except OSError as error:
        refusal = f"{migration.path} cannot be written: {error.strerror}"
        return replace(migration, refusal=refusal)
    return migration


def _app_of(definition: IndexDefinition) -> str:
    """The app whose migrations make the table, "" where none do."""
    for model in apps.get_models(include_auto_created=True):
        options = model._meta
        if options.db_table.strip('"') == definition.table and not options.proxy:
            return options.app_label if options.managed and not definition.schema else ""
    return ""


class _Project:
    """The project's migrations as they are."""

    def __init__(self) -> None:
        self.loader = MigrationLoader(None, ignore_no_migrations=True)
        self._conflicts = self.loader.detect_conflicts()
        self._changes: Collection[str] = ()
        if not self._conflicts:
            detector = MigrationAutodetector(
                self.loader.project_state(),
                ProjectState.from_apps(apps),
                MigrationQuestioner(),  # asks nobody, and does not exit
            )
            self._changes = detector.changes(graph=self.loader.graph)

    def refusal(self, app: str) -> str:
        """Why no migration can be added to an app, "" if one can."""
        if not app:
            return "no app's migrations make the table: run the SQL by hand"
        path = apps.get_app_config(app).path
        if not is_application(os.path.join(path, "__init__.py")):
            return f"{app} is an installed package, whose migrations are not yours: run the SQL"
        if app not in self.loader.migrated_apps:
            return f"{app} has no migrations: run the SQL by hand"
        if self._conflicts:
            return f"migrations of {', '.join(self._conflicts)} conflict: makemigrations --merge"
        if app in self._changes:
            return f"models of {app} have changed: run makemigrations {app} first"
        return ""

    def leaf(self, app: str) -> tuple[str, str]:
        [(label, name)] = self.loader.graph.leaf_nodes(app)
        return label, name

    def creates(self, extension: str) -> bool:
        """Whether a migration does that already: taken back, this one would drop it for all."""
        return any(
            getattr(operation, "name", None) == extension
            and type(operation).__module__ == _OPERATIONS
            for migration in self.loader.graph.nodes.values()
            for operation in getattr(migration, "operations", ())
        )


def _migration(
    app: str, indexes: Sequence[IndexCode], project: _Project, schema: Schema
) -> AppMigration:
    sql = tuple(_statements(indexes, schema))
    result = AppMigration(app, tuple(indexes), sql, refusal=project.refusal(app))
    if result.refusal:
        return result
    leaf = project.leaf(app)
    number = (MigrationAutodetector.parse_number(leaf[1]) or 0) + 1
    more = "_and_more" if len(indexes) > 1 else ""
    name = f"{number:04d}_{indexes[0].definition.name}{more}"
    path = os.path.join(_folder(app), f"{name}.py")
    extensions = [e for e in _extensions(indexes, schema) if not project.creates(e)]
    return replace(result, name=name, path=path, text=_text(leaf, indexes, extensions, schema))


def _folder(app: str) -> str:
    from django.db.migrations import Migration

    return str(MigrationWriter(Migration("", app)).basedir)


def _text(
    leaf: tuple[str, str],
    indexes: Sequence[IndexCode],
    extensions: Sequence[str],
    schema: Schema,
) -> str:
    operations = [_Operation(f"{_EXTENSIONS[name]}()", {_EXTENSIONS[name]}) for name in extensions]
    operations += [_operation(index, schema) for index in indexes]
    of_postgresql = sorted({name for operation in operations for name in operation.postgresql})
    lines = {line for operation in operations for line in operation.imports}
    if of_postgresql:
        lines.add(f"from {_OPERATIONS} import {', '.join(of_postgresql)}")
    body = "".join(f"        {operation.text},\n" for operation in operations)
    models = ", models" if "models." in body else ""
    lines.add(f"from django.db import migrations{models}")
    atomic = _CONCURRENTLY if "CONCURRENTLY" in body.upper() else ""
    return (
        "\n".join(merged(lines))
        + "\n\n\nclass Migration(migrations.Migration):\n"
        + atomic
        + f'    dependencies = [\n        ("{leaf[0]}", "{leaf[1]}"),\n    ]\n\n'
        + f"    operations = [\n{body}    ]\n"
    )


@dataclass(frozen=True, slots=True)
class _Operation:
    text: str
    postgresql: Collection[str] = ()
    imports: Collection[str] = ()


def _operation(index: IndexCode, schema: Schema) -> _Operation:
    if index.index is None or index.model is None:
        create, drop = (f"{text}" for text in _sql(index.definition, schema))
        return _Operation(
            f"migrations.RunSQL(\n            sql={rendered(create).text},"
            f"\n            reverse_sql={rendered(drop).text},\n        )"
        )
    code = rendered(index.index, 12)
    own = _is_concurrent(index.definition, schema)
    name = "AddIndexConcurrently" if own else f"migrations.{AddIndex.__name__}"
    return _Operation(
        f'{name}(\n            model_name="{index.model._meta.model_name}",'
        f"\n            index={code.text},\n        )",
        {name} if own else (),
        code.imports,
    )


def _is_concurrent(definition: IndexDefinition, schema: Schema) -> bool:
    table = schema.tables.get(definition.table)
    # PostgreSQL refuses CONCURRENTLY for an index over partitions.
    return schema.vendor == "postgresql" and not (table and table.partitioned)


def _sql(definition: IndexDefinition, schema: Schema) -> tuple[str, str]:
    concurrently = _is_concurrent(definition, schema)
    return (
        definition.create_sql(concurrently=concurrently),
        definition.drop_sql(concurrently=concurrently),
    )


def _statements(indexes: Iterable[IndexCode], schema: Schema) -> Iterator[str]:
    indexes = list(indexes)
    for extension in _extensions(indexes, schema):
        yield f"CREATE EXTENSION IF NOT EXISTS {extension}"
    for index in indexes:
        yield _sql(index.definition, schema)[0]


def _extensions(indexes: Iterable[IndexCode], schema: Schema) -> list[str]:
    """What operator classes and methods need, whether this database has it or not: others that the
    migration will run on may not."""
    needed: dict[str, None] = {}
    for index in indexes:
        definition = index.definition
        table = schema.tables.get(".".join(filter(None, (definition.schema, definition.table))))
        types = {column.name: column.type for column in table.columns.values()} if table else {}
        for key in definition.keys:
            if key.opclass.endswith("_trgm_ops"):
                needed["pg_trgm"] = None
            elif definition.method in ("gin", "gist") and _is_scalar(types.get(key.name, "")):
                needed[f"btree_{definition.method}"] = None
    return list(needed)


def _is_scalar(kind: str) -> bool:
    return kind.startswith(_SCALARS) and not kind.endswith("[]")
