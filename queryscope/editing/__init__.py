"""Fixes as edits of the project's source: what ``fix`` writes, and the diffs in a report.

It needs libcst, which is not installed with queryscope: ``pip install "queryscope[fix]"``. Nothing
is imported from it before it is needed.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable
from dataclasses import replace

from ..core.findings import Finding, Report
from .results import Edits

__all__ = ["NEEDS", "Edits", "edits_for", "is_installed", "is_proven", "with_diffs"]

NEEDS = 'libcst is not installed; run: pip install "queryscope[fix]"'


def is_installed() -> bool:
    """Whether fixes can be made into edits here."""
    return importlib.util.find_spec("libcst") is not None


def is_proven(finding: Finding) -> bool:
    """Whether the request was run again with the fix in place, and was better for it."""
    return finding.fix is not None and finding.proof is not None and finding.proof.method == "rerun"


def edits_for(
    chosen: Iterable[Finding], known: Iterable[Finding], root: str, since: float | None = None
) -> Edits:
    """One edit with the fixes of the findings ``chosen`` of all that are ``known``.

    File names in the diff are given from ``root``; ``since`` is the time at which the code was
    loaded. What cannot be edited with certainty is refused, the rest goes on.
    """
    from .planning import edits_together
    from .sessions import Session

    return edits_together(chosen, known, Session(root, since))


def with_diffs(report: Report) -> Report:
    """The report with ``fix.diff`` for what is proven and can be edited with certainty.

    Findings of one queryset share a diff. As it is where libcst is not installed.
    """
    proven = [finding for finding in report.findings if is_proven(finding)]
    if not proven or not is_installed():
        return report
    from .planning import edits_together, querysets_of
    from .sessions import Session

    diffs: dict[int, str] = {}
    session = Session(os.getcwd(), None)
    for findings in querysets_of(proven):
        edits = edits_together(findings, report.findings, session.anew())
        diffs.update((id(finding), edits.edit.diff) for finding in edits.done)
    return replace(
        report,
        findings=tuple(_with(finding, diffs.get(id(finding))) for finding in report.findings),
    )


def _with(finding: Finding, diff: str | None) -> Finding:
    if not diff or finding.fix is None:
        return finding
    return replace(finding, fix=replace(finding.fix, diff=diff))
