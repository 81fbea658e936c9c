"""``manage.py queryscope advise``: the indexes that a whole workload wants."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from typing import Any, get_args

from django.db import DEFAULT_DB_ALIAS, connections

from ... import __version__
from ...advising import AdviseOptions, advise
from ...audit.indexes import LEAST_SAVED_MS
from ...audit.output import Output
from ...audit.preflight import CannotRun
from ...audit.progress import Progress
from ...audit.run import Options
from ...conf import get_settings
from ...core.advice import Advice
from ...core.indexes import IndexDefinition
from ...core.names import nearest
from ...core.paths import relative
from ...core.reporters.advice_formats import ADVICE_REPORTERS
from ...core.reporters.advised import DjangoIndex, Surroundings
from ...core.schema import Schema
from ...core.workload import Workload
from ...databases import database_of
from ...databases.base import Database, DatabaseError
from ...databases.what_if import Mode
from ...index_code import index_code
from ...migration_writing import AppMigration, migrations_for, write_migrations
from ...model_edits import meta_of
from ...workloads import WorkloadError, from_audit, from_file, from_statements
from ...workloads.typical import filled
from ..arguments import names, positive, refuse_empty, require, seconds, size
from ..auditing import add_output, add_visits

DESCRIPTION = """\
Say which indexes the database lacks, for a whole workload at once: its reads pay for an index with
what they save, its writes with what they cost. Without --from the workload is what the project's
own pages ask, each requested once as in an audit.

On PostgreSQL and SQLite an index is tried for real, in a transaction that is rolled back: on
PostgreSQL others cannot write to its table while it is there. Use a development or staging machine,
or --what-if hypopg.

Exit status: 0 nothing to advise, 1 there is advice, 2 the advisor could not run.
"""
HELP = "say which indexes the whole workload wants, and prove it"
_TEXTS = ("user", "output", "database", "format", "endpoint")
_SOURCES = f"FILE, {from_statements.SOURCE} or {from_audit.SOURCE}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    _add_source(parser)
    _add_limits(parser)
    parser.add_argument(
        "--database",
        default=DEFAULT_DB_ALIAS,
        metavar="ALIAS",
        help="the alias whose queries and tables count; default: default",
    )
    add_output(parser, [*ADVICE_REPORTERS])
    parser.add_argument(
        "--write-migrations",
        action="store_true",
        help="write a migration into each app whose tables want an index",
    )


def _add_source(parser: argparse.ArgumentParser) -> None:
    add_visits(parser)
    parser.add_argument(
        "--from",
        dest="source",
        default=from_audit.SOURCE,
        metavar="SOURCE",
        help=f"{_SOURCES}; FILE is {from_file.FORMS}; default: audit",
    )


def _add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--storage-budget",
        type=size,
        metavar="SIZE",
        help="what all new indexes may take together: 100MB, 1.5 GB; default: any",
    )
    default = AdviseOptions()
    parser.add_argument(
        "--max-width",
        type=positive,
        default=default.max_width,
        metavar="N",
        help=f"columns that an index may have; default: {default.max_width}",
    )
    parser.add_argument(
        "--max-indexes", type=positive, metavar="N", help="indexes to advise at most; default: any"
    )
    parser.add_argument(
        "--what-if",
        default=default.what_if,
        metavar="HOW",
        help="real: build indexes, roll them back; hypopg: let the extension imagine them; none: "
        "claim nothing; auto: the best that is there (default)",
    )
    parser.add_argument(
        "--time-limit",
        type=seconds,
        default=default.time_limit_s,
        metavar="SECONDS",
        help=f"how long the search may take; default: {default.time_limit_s:g}",
    )


def run(options: dict[str, Any], stdout: Any, stderr: Any) -> int:
    """Print the advice; 1 when there is any. Raises CannotRun, UnknownUser or OutputError."""
    refuse_empty(options, _TEXTS)
    if not options["source"].strip():
        raise CannotRun(f"--from has an empty value; give {_SOURCES} or leave it out")
    require("--format", "format", [options["format"]], ADVICE_REPORTERS)
    require("--what-if", "way", [options["what_if"]], get_args(Mode))
    alias = options["database"]
    if alias not in connections:
        known = ", ".join(connections)
        raise CannotRun(
            f"--database {alias!r}: no such alias{nearest(alias, connections)} ({known})"
        )
    output = Output(options["output"], stdout)
    try:
        database = database_of(connections[alias])
        workload = _workload(options, database, stderr)
        advice = advise(workload, database, _limits(options))
    except (WorkloadError, DatabaseError) as error:
        raise CannotRun(str(error)) from error
    around = _surroundings(options, advice, connections[alias], database.schema())
    verbose = options["verbosity"] > 1
    output.write(ADVICE_REPORTERS[options["format"]](advice, around, verbose=verbose))
    return int(bool(advice.indexes or advice.droppable))


def _workload(options: dict[str, Any], database: Database, stderr: Any) -> Workload:
    source, connection = options["source"], connections[options["database"]]
    if source == from_audit.SOURCE:
        return _audited(options, stderr)
    for name in ("urls", "user", "anonymous", "endpoint", "admin"):
        if options[name]:
            given = "a URL" if name == "urls" else f"--{name}"
            raise CannotRun(f"{given} is for an audit: leave it or --from {source} out")
    if source == from_statements.SOURCE:
        return from_statements.read(connection, database.schema())
    workload = from_file.read(source)
    return filled(workload, connection, database.schema())


def _audited(options: dict[str, Any], stderr: Any) -> Workload:
    chosen = Options(
        settings=get_settings(),
        urls=tuple(options["urls"]),
        globs=tuple(names(options["endpoint"])),
        user=options["user"],
        anonymous=options["anonymous"],
        admin=options["admin"],
        database=options["database"],
    )
    workload, user = from_audit.read(chosen, Progress(sys.stderr))
    if not user and not options["anonymous"]:
        stderr.write("no active superuser: requests are anonymous; pass --user NAME")
    return workload


def _limits(options: dict[str, Any]) -> AdviseOptions:
    return AdviseOptions(
        storage_budget_bytes=options["storage_budget"],
        max_width=options["max_width"],
        max_indexes=options["max_indexes"],
        what_if=options["what_if"],
        time_limit_s=options["time_limit"],
        least_saved_ms=LEAST_SAVED_MS if options["source"] == from_audit.SOURCE else 0.0,
    )


def _surroundings(
    options: dict[str, Any], advice: Advice, connection: Any, schema: Schema
) -> Surroundings:
    definitions = [index.definition for index in advice.indexes]
    written: tuple[str, ...] = ()
    if options["write_migrations"]:
        made = write_migrations(migrations_for(definitions, connection, schema))
        written = tuple(map(_told, made)) or ("No migration is needed.",)
        if any(migration.path and not migration.refusal for migration in made):
            written += tuple(_edits(definitions, connection))
    return Surroundings(
        tool=f"queryscope {__version__}",
        vendor=connection.vendor,
        alias=options["database"],
        code={definition: _code(definition, connection) for definition in definitions},
        again=_again(options),
        written=written,
        partitioned=frozenset(
            (table.schema, table.name) for table in schema.tables.values() if table.partitioned
        ),
    )


def _edits(definitions: Sequence[IndexDefinition], connection: Any) -> Iterator[str]:
    """Where the lines belong that the migrations were made for."""
    models = {index_code(definition, connection).model for definition in definitions} - {None}
    places = sorted(
        f"{relative(place.file, os.getcwd())}:{place.line}"
        for model in models
        if model is not None and (place := meta_of(model)) is not None
    )
    if places:
        yield "Now add the lines to the Meta, or makemigrations takes the indexes away again:"
        yield from (f"    {place}" for place in places)


def _code(definition: IndexDefinition, connection: Any) -> DjangoIndex:
    made = index_code(definition, connection)
    if made.code is None or made.model is None:
        return DjangoIndex(reason=made.reason)
    return DjangoIndex(made.model._meta.label, made.code.text, made.code.imports, made.needs)


def _told(migration: AppMigration) -> str:
    if migration.refusal:
        return f"Not written for {migration.app or 'tables of no app'}: {migration.refusal}"
    return f"Written: {relative(migration.path, os.getcwd())}"


def _again(options: dict[str, Any]) -> str:
    """The command that asks the same."""
    parts = ["python manage.py queryscope advise", *map(shlex.quote, options["urls"])]
    if options["source"] != from_audit.SOURCE:
        parts.append(f"--from {shlex.quote(options['source'])}")
    if options["database"] != DEFAULT_DB_ALIAS:
        parts.append(f"--database {shlex.quote(options['database'])}")
    return " ".join(parts)
