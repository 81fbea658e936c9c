"""What must hold before an audit can run; each problem is one line that says what to do."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connections
from django.db.migrations.exceptions import MigrationSchemaMissing, NodeNotFoundError
from django.db.migrations.executor import MigrationExecutor

from ..core.names import nearest
from ..core.reporters.layout import plural


class CannotRun(Exception):
    """The audit could not run; the text is one line for the person who started it."""


def usable_aliases(alias: str) -> tuple[str, ...]:
    """Aliases to wrap in transactions: all that can be reached.

    Raises CannotRun when ``alias`` or the default one is unknown, out of reach or not migrated.
    """
    if alias not in connections:
        known = ", ".join(connections)
        raise CannotRun(
            f"--database {alias!r}: no such alias{nearest(alias, connections)} ({known})"
        )
    found = []
    for name in connections:
        problem = _unreachable(name)
        if problem is None:
            found.append(name)
        elif name in {alias, "default"}:
            raise CannotRun(problem)
    for name in dict.fromkeys(["default", alias]):
        _require_migrations(name)
    return tuple(found)


def _unreachable(alias: str) -> str | None:
    connection = connections[alias]
    try:
        connection.ensure_connection()
    except (Error, ImproperlyConfigured) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        where = connection.settings_dict.get("HOST") or connection.settings_dict.get("NAME") or "-"
        return f"cannot reach database {alias!r} ({where}); is it running? {lines[0]}"
    return None


def _require_migrations(alias: str) -> None:
    """As ``migrate --check`` does. A database that Django does not migrate has no plan."""
    try:
        executor = MigrationExecutor(connections[alias])
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (Error, MigrationSchemaMissing, NodeNotFoundError) as error:
        raise CannotRun(f"cannot read the migrations of database {alias!r}: {error}") from error
    pending = [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
    # A second database is often not ours to migrate; one that never was is left alone.
    if pending and (alias == "default" or executor.loader.applied_migrations):
        more = ", ..." if len(pending) > 1 else ""
        option = "" if alias == "default" else f" --database {alias}"
        count = plural(len(pending), "unapplied migration")
        raise CannotRun(
            f"database {alias!r} has {count} ({pending[0]}{more}): run manage.py migrate{option}"
        )
