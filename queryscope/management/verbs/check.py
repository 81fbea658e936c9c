"""``manage.py queryscope check``: fail on what is new."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from typing import Any

from ... import baseline_file
from ...audit.output import Output
from ...conf import get_settings
from ...core.baseline import Baseline, Scope
from ...core.budgets import DETECTOR as BUDGET
from ...core.budgets import unrecorded, verdicts
from ...core.findings import Report
from ...core.gate import Gate, Verdict
from ...core.ratchet import pruned, renamed, some, split
from ...core.reporters import REPORTERS
from ...core.reporters.remarks import verdict
from ...inspection import options_of, with_budgets
from ..arguments import require
from ..auditing import add_output, detectors_of, filtered, told
from ..changes import changes_since
from ..gating import add_run, path_of, report_for

HELP = "fail on findings that the baseline does not know"
DESCRIPTION = """\
Compare an audit, or a stored report, with the baseline: what is new fails, what is known is counted
in one line, what was fixed is named.

A finding is the same as long as its file, its function and its relation are, or without one the
model that it asks for; in which line it stands does not matter, nor how many rows there are. One
more relation, line or queryset is new. N+1s count also while one row hides them; findings in
installed packages do not. What depends on the machine (slow queries, indexes) is left out unless
--select names it.

Exit status: 0 nothing new; 1 new findings, or with --strict what was fixed and is still in the
baseline, endpoints that failed or were not requested, nothing captured; 2 it could not run.
"""
NEW = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    add_output(parser, [*REPORTERS])
    parser.add_argument(
        "--strict",
        action="store_true",
        help="fail as well on known findings that were fixed and not taken out, and on what could "
        "not be exercised",
    )
    parser.add_argument(
        "--prune", action="store_true", help="take what was fixed out of the baseline"
    )
    parser.add_argument(
        "--accept-moved",
        action="store_true",
        help="rename in the baseline what seems to have moved to another file or function",
    )
    parser.add_argument(
        "--changed-since",
        metavar="REVISION",
        help="put annotations on lines that changed since this git revision, where a finding has "
        "one; default: the base of the pull or merge request, in GitHub's and GitLab's jobs",
    )


def run(options: dict[str, Any], stdout: Any, stderr: Any) -> int:
    """Judge the run, print it, and mend the baseline where that was asked for."""
    scope = Scope(detectors_of(options))
    require("--format", "format", [options["format"]], REPORTERS)
    output = Output(options["output"], stdout)
    path = path_of(options)
    found = baseline_file.read(path)
    changed = changes_since(options["changed_since"], os.environ)
    report = filtered(report_for(options, scope, stderr), scope.detectors)
    judged = _judged(report, found, path, scope, strict=options["strict"])
    if found is not None and judged.gate is not None:
        mended = renamed(found, judged.gate) if options["accept_moved"] else found
        mended = pruned(mended, judged.gate) if options["prune"] else mended
        if mended != found and baseline_file.write(path, mended):
            judged = _judged(report, mended, path, scope, strict=options["strict"])
    output.write(told(replace(judged, changed=changed), options, output))
    if options["output"]:
        stderr.write(f"{verdict(judged)}: see {options['output']}")
    return NEW if judged.failing else 0


def _judged(
    report: Report, found: Baseline | None, path: str, scope: Scope, *, strict: bool
) -> Report:
    baseline = found or Baseline()
    budgets: tuple[Verdict, ...] = ()
    problems: list[str] = []
    if scope.holds(BUDGET):
        budget_for = options_of(get_settings()).budget_for
        budgets = verdicts(report.endpoints, budget_for, baseline.recorded, report.findings)
        report = with_budgets(report, budgets)
        if missing := unrecorded(report.endpoints, budget_for, baseline.recorded):
            problems = [f"{some('ratio budget', missing)} without a recorded time"]
    file = path if found is not None else None
    gate = Gate(file, verdicts=budgets, problems=tuple(problems), strict=strict)
    return split(report, baseline, gate, scope)
