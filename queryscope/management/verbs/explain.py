"""``manage.py queryscope explain``: one statement's plan, with what to change about it."""

from __future__ import annotations

import argparse
import math
import sys
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from ...audit.output import Output
from ...audit.preflight import CannotRun
from ...audit.progress import Progress
from ...audit.run import Options
from ...conf import get_settings
from ...core.explained import tables_of
from ...core.names import nearest
from ...core.plan_tips import Context, tips_for
from ...core.reporters.plan import ASCII, render
from ...core.reporters.plan_json import render as render_json
from ...core.schema import Schema
from ...databases import database_of
from ...databases.base import Database, DatabaseError
from ...workloads import WorkloadError, from_audit
from ..arguments import refuse_empty, require, seconds

HELP = "show how the database answers one statement, and what to change about it"
DESCRIPTION = """\
Show the plan of one statement as a tree, with tips below the steps they are about.

On PostgreSQL a SELECT that only reads is run, in a read-only transaction that is rolled back; what
writes, locks rows or calls a function that may change something is planned only, and the report
says why. Literals are masked, unless --verbatim asks for them.

Exit status: 0, or 2 when there is no plan.
"""
FORMATS = ("table", "json")
_TEXTS = ("database", "format", "digest", "user")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "statement",
        nargs="*",
        metavar="SQL",
        help="the statement, with its values in it; - reads it from standard input. With --digest: "
        "URLs to request instead of the whole URLconf",
    )
    parser.add_argument(
        "--digest",
        metavar="DIGEST",
        help="explain the query of a finding, by its digest: the pages are requested as in an "
        "audit, and the slowest run that they show is explained",
    )
    parser.add_argument("--user", metavar="NAME", help="with --digest: the user to log in")
    analyze = parser.add_mutually_exclusive_group()
    analyze.add_argument(
        "--analyze",
        action="store_true",
        help="fail where the statement must not be run, rather than show the plan alone",
    )
    analyze.add_argument("--no-analyze", action="store_true", help="do not run it")
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=5.0,
        metavar="SECONDS",
        help="how long it may run; 0 for as long as it likes; default: 5",
    )
    parser.add_argument(
        "--format",
        default="table",
        metavar="FORMAT",
        help=f"{' or '.join(FORMATS)}; default: table",
    )
    parser.add_argument("--verbatim", action="store_true", help="show literals as they are")
    parser.add_argument(
        "--database",
        default=DEFAULT_DB_ALIAS,
        metavar="ALIAS",
        help="the alias to ask; default: default",
    )


def run(options: dict[str, Any], stdout: Any, stderr: Any) -> int:
    """Print the plan. Raises CannotRun."""
    refuse_empty(options, _TEXTS)
    require("--format", "format", [options["format"]], FORMATS)
    alias = options["database"]
    if alias not in connections:
        known = ", ".join(connections)
        raise CannotRun(
            f"--database {alias!r}: no such alias{nearest(alias, connections)} ({known})"
        )
    try:
        database = database_of(connections[alias])
        statement = _statement(options, database)
        text = _explained(options, database, statement)
    except (DatabaseError, WorkloadError) as error:
        raise CannotRun(str(error)) from error
    Output(None, stdout).write(_drawn(text, getattr(stdout, "encoding", None) or "utf-8"))
    return 0


def _drawn(text: str, encoding: str) -> str:
    """The text with guides of a tree that can be shown."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(ASCII)
    return text


def _statement(options: dict[str, Any], database: Database) -> str:
    """The statement to explain, with its values in it."""
    given: list[str] = options["statement"]
    if options["digest"]:
        return _sampled(options, database)
    if options["user"]:
        raise CannotRun("--user is for --digest: a statement is explained as the database's user")
    if len(given) != 1:
        raise CannotRun(
            "give one statement in quotes, - to read it from standard input, or --digest"
        )
    text = sys.stdin.read() if given == ["-"] else given[0]
    if not text.strip():
        raise CannotRun("the statement is empty")
    return text.strip()


def _sampled(options: dict[str, Any], database: Database) -> str:
    chosen = Options(
        settings=get_settings(),
        urls=tuple(options["statement"]),
        user=options["user"],
        database=options["database"],
    )
    workload, _ = from_audit.read(chosen, Progress(sys.stderr))
    digests = {query.digest: query for query in workload.queries}
    query = digests.get(options["digest"])
    if query is None:
        raise CannotRun(
            f"--digest {options['digest']!r}: none of the {len(digests):,} queries of these pages"
            " has it; the JSON report of an audit names those of its findings"
        )
    sample = query.samples[0]
    return database.literal(sample.sql, sample.params)


def _explained(options: dict[str, Any], database: Database, statement: str) -> str:
    timeout_ms = math.ceil(options["timeout"] * 1000)
    analyze = not options["no_analyze"]
    plan = database.explain(statement, analyze=analyze, timeout_ms=timeout_ms)
    if options["analyze"] and plan.refusal:
        raise CannotRun(f"--analyze: {plan.refusal}")
    tables = tables_of([plan])
    schema = database.schema(tables) if tables else Schema(database.vendor)
    tips = tips_for(Context(plan, statement, schema))
    shown = render_json if options["format"] == "json" else render
    return shown(plan, tips, verbatim=options["verbatim"])
