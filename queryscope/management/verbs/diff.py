"""``manage.py queryscope diff``: what changed from one run to another."""

from __future__ import annotations

import argparse
from typing import Any

from ... import report_file
from ...audit.output import Output
from ...audit.preflight import CannotRun
from ...core.comparison import compare
from ...core.reporters.comparison_formats import COMPARISON_REPORTERS
from ..arguments import require

HELP = "compare two stored reports: which endpoints and findings changed"
DESCRIPTION = """\
Compare two reports that were stored as JSON (audit --format json, check --format json, pytest
--queryscope-output): endpoints whose queries changed, findings that are new, fixed or in more
places, other index advice. Neither the pages nor the database are asked.

Queries are counted; times waver, so an endpoint is named for its time only when that differs by
half of what it was and by 10 ms. Files may come from another folder or machine. What the second run
left out counts as not run, never as fixed.

Exit status: 0, whatever changed: diff tells, check judges; 2 a report cannot be read.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", metavar="BEFORE.json", help="the report of how it was")
    parser.add_argument("after", metavar="AFTER.json", help="the report of how it is")
    parser.add_argument(
        "--format",
        default="table",
        metavar="FORMAT",
        help=f"{', '.join(COMPARISON_REPORTERS)}; default: table. markdown is for a comment on a "
        "pull request",
    )
    parser.add_argument("--output", metavar="FILE", help="write it there, not to stdout")


def run(options: dict[str, Any], stdout: Any, stderr: Any) -> int:
    """Print the comparison. Raises CannotRun, and StoredError when a report cannot be read."""
    for name in ("before", "after", "format", "output"):
        if options[name] is not None and not options[name].strip():
            raise CannotRun(f"{name} has an empty value: diff BEFORE.json AFTER.json")
    require("--format", "format", [options["format"]], COMPARISON_REPORTERS)
    output = Output(options["output"], stdout)
    before, after = report_file.read(options["before"]), report_file.read(options["after"])
    reporter = COMPARISON_REPORTERS[options["format"]]
    verbose = options["verbosity"] > 1
    output.write(reporter(compare(before, after), root=output.root, verbose=verbose))
    return 0
