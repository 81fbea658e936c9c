"""``manage.py queryscope baseline``: accept what is there today."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from ... import baseline_file
from ...conf import get_settings
from ...core.baseline import Baseline, Scope, accept
from ...core.findings import Report
from ...core.gate import Accepted
from ...core.reporters.layout import plural
from ...inspection import options_of
from ..auditing import detectors_of
from ..gating import add_run, path_of, report_for

HELP = "accept the findings that are there today: check fails on new ones only"
DESCRIPTION = """\
Write the findings of an audit, or of a stored report, to the baseline: a file to commit, in which
each of them is a block. What this run could not have found again stays in it: findings of tests,
of other detectors, of endpoints that it did not request.

The blocks hold no line numbers. Those of slow queries and indexes depend on the machine and are
left out unless --select names them.

Exit status: 0, or 2 when it could not run.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run(parser)


def run(options: dict[str, Any], stdout: Any, stderr: Any) -> int:
    scope = Scope(detectors_of(options))
    path = path_of(options)
    before = baseline_file.read(path) or Baseline()
    report = report_for(options, scope, stderr)
    after = replace(accept(report, before, scope), recorded=_recorded(report, before))
    written = baseline_file.write(path, after)
    stdout.write(_told(path, before.accepted, after.accepted, written=written))
    return 0


def _recorded(report: Report, before: Baseline) -> dict[str, float]:
    """The database's time of the endpoints whose budget is a ratio."""
    budget_for = options_of(get_settings()).budget_for
    recorded = dict(before.recorded)
    for endpoint in report.endpoints:
        budget = budget_for(endpoint.name)
        if not endpoint.problem and budget.database_ratio is not None:
            recorded[endpoint.name] = endpoint.database_ms
    return recorded


def _told(
    path: str, before: tuple[Accepted, ...], after: tuple[Accepted, ...], *, written: bool
) -> str:
    accepted = f"{plural(len(after), 'known finding')} in {path}"
    if not written:
        return f"{accepted}, as before"
    old, new = ({(a.key, a.run): a.count for a in blocks} for blocks in (before, after))
    changes = [
        f"{number} {word}"
        for number, word in (
            (len(new.keys() - old.keys()), "new"),
            (len(old.keys() - new.keys()), "gone"),
            (sum(new[key] != old[key] for key in new.keys() & old.keys()), "with another count"),
        )
        if number
    ]
    told = f"{accepted}: {', '.join(changes)}" if changes and before else accepted
    return f"{told}\nCommit it. What is new from now on fails: python manage.py queryscope check"
