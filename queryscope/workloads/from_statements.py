"""A workload from PostgreSQL's own record of what it ran: the view pg_stat_statements."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..core.fingerprint import tables
from ..core.reporters.layout import plural
from ..core.runs import merged, query_of
from ..core.schema import Schema
from ..core.statements import placeholders
from ..core.workload import Sample, Workload, WorkloadQuery
from ..databases.base import DatabaseError
from ..databases.transactions import rolled_back
from . import WorkloadError
from .typical import filled

SOURCE = "pg_stat_statements"
TOP = 200
_HIDDEN = "<insufficient privilege>"
_EXTENSION = """\
SELECT n.nspname FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'"""
#: Users, and statements inside functions, have rows of their own.
_STATEMENTS = """\
SELECT query, sum(calls)::float8, sum(total_exec_time)::float8, sum(rows)::float8
FROM {view}
WHERE dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
GROUP BY query ORDER BY 3 DESC"""
#: The server's own checks of foreign keys, where functions are tracked as well.
_CHECKS = "OPERATOR(pg_catalog."
#: A list that PostgreSQL 18 has shortened.
_SHORTENED = re.compile(r"\$([0-9]+) /\*, \.\.\. \*/")
_LIST = 5


@dataclass(frozen=True, slots=True)
class _Ran:
    query: WorkloadQuery
    rows: float


def read(connection: Any, schema: Schema, top: int = TOP) -> Workload:
    """The ``top`` statements of this database by their total time, with typical values in them.

    Raises WorkloadError, with what to do, where the extension is not there or shows nothing.
    """
    if connection.vendor != "postgresql":
        raise WorkloadError(
            f"--from {SOURCE}: it is PostgreSQL's, this database is {connection.vendor}"
        )
    skipped: list[str] = []
    ran = list(_ran(_rows(connection), skipped))
    if not ran:
        more = f"; {skipped[0]}" if skipped else ", or its statistics were just reset"
        raise WorkloadError(f"--from {SOURCE}: it has no statement on a table of yours{more}")
    queries = merged(each.query for each in ran)
    dearest = sorted(queries, key=lambda query: -(query.total_ms or 0.0))[:top]
    rows = {query.digest: 0.0 for query in dearest}
    for each in ran:
        if each.query.digest in rows:
            rows[each.query.digest] += each.rows
    average = {query.digest: rows[query.digest] / query.calls for query in dearest}
    return filled(Workload(tuple(dearest), tuple(skipped)), connection, schema, average)


def _rows(connection: Any) -> list[tuple[str | None, float, float, float]]:
    try:
        with rolled_back(connection, read_only=True) as cursor:
            cursor.execute(_EXTENSION)
            found = cursor.fetchone()
            if found is None:
                raise WorkloadError(
                    f"--from {SOURCE}: the extension is not in this database; set "
                    f"shared_preload_libraries = '{SOURCE}', restart the server, and run "
                    f"CREATE EXTENSION {SOURCE}"
                )
            view = '"' + found[0].replace('"', '""') + f'".{SOURCE}'
            cursor.execute(_STATEMENTS.format(view=view))
            return list(cursor.fetchall())
    except DatabaseError as error:
        raise WorkloadError(f"--from {SOURCE}: {error}") from error


def _ran(
    rows: Iterable[tuple[str | None, float, float, float]], skipped: list[str]
) -> Iterator[_Ran]:
    hidden = 0.0
    for text, calls, total_ms, count in rows:
        if text is None or not calls:
            continue
        if text == _HIDDEN:
            hidden += calls
            continue
        query = query_of([sample(text)], calls, total_ms)
        if query is not None and _is_own(query.fingerprint):
            yield _Ran(query, count)
    if hidden:
        skipped.append(
            f"{plural(round(hidden), 'run')} by other users: their statements are hidden from this "
            "one; GRANT pg_read_all_stats TO it"
        )


def sample(text: str) -> Sample:
    sql = _spread(text.rstrip("; \n"))
    return Sample(sql, generic=any(name[0] == "$" for name in placeholders(sql)))


def _spread(sql: str) -> str:
    """A list that the server has shortened, with some placeholders more."""
    last = max((int(name[1:]) for name in placeholders(sql) if name[0] == "$"), default=0)
    numbers = iter(range(last + 1, last + 1_000_000))
    return _SHORTENED.sub(
        lambda found: ", ".join([f"${found[1]}", *(f"${next(numbers)}" for _ in range(_LIST - 1))]),
        sql,
    )


def _is_own(fingerprint: str) -> bool:
    """Whether it is about tables of the application, not the catalogue's."""
    if _CHECKS in fingerprint:
        return False
    names = [name.lower() for name in tables(fingerprint)]
    return bool(names) and not any(
        name.startswith(("pg_", "information_schema.", "hypopg")) or name == "hypopg"
        for name in names
    )
