"""``manage.py queryscope audit``: what the project's endpoints make the database do."""

from __future__ import annotations

import argparse
from typing import Any

from ...audit.output import Output
from ...conf import get_settings
from ...core.reporters import REPORTERS
from ...databases.what_if import MODES
from ...editing import with_diffs
from ..arguments import require
from ..auditing import (
    add_choice,
    add_output,
    add_requests,
    add_ways,
    audited,
    detectors_of,
    filtered,
    told,
)

HELP = "request the project's endpoints and report what they make the database do"
DESCRIPTION = """\
Request every GET endpoint of the project once, record its queries, and say what to change.

Each request runs in this process, through the whole middleware stack, in a transaction that is
rolled back on every database (PostgreSQL's sequences advance all the same); mail is not sent.
What a GET does elsewhere (caches, files, other services, threads) happens as it would for a
visitor: use a development or staging machine.

Exit status: 0 no finding, or only such of severity info (code of installed packages, N+1s that
wait for a second row); 1 findings of severity error or warning; 2 the audit could not run.
Findings that a comment or QUERYSCOPE["ALLOW"] allows do not count; one that has expired or is
misspelt does.
"""
FOUND = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_requests(parser)
    add_output(parser, [*REPORTERS])
    add_choice(parser)
    add_ways(parser)
    parser.add_argument(
        "--no-proof",
        dest="proof",
        action="store_false",
        help="do not send requests again with the fixes in place",
    )
    # For `fix`, which compares what other code answers.
    parser.add_argument("--responses", metavar="FILE", help=argparse.SUPPRESS)


def run(options: dict[str, Any], stdout: Any, stderr: Any) -> int:
    """Run the audit and print it; FOUND when a finding is more than worth knowing."""
    detectors = detectors_of(options)
    require("--format", "format", [options["format"]], REPORTERS)
    require("--what-if", "way", [options["what_if"] or "auto"], MODES)
    output = Output(options["output"], stdout)
    way: Any = options["what_if"] or get_settings().what_if
    report = audited(
        options,
        stderr,
        explain=options["explain"],
        what_if=way if options["indexes"] else None,
        proof=options["proof"],
    )
    report = filtered(report, detectors)
    if options["format"] != "table" or options["verbosity"] > 1:
        report = with_diffs(report)
    output.write(told(report, options, output))
    return FOUND if report.failing else 0
