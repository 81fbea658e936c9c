"""What the project allows, and what is wrong with how it says so, in lines for people."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from ..findings import Finding, Report, Suppression
from ..paths import relative
from .layout import WIDTH, clean, plural, shorten, wrap

_MAX_UNUSED = 10
_INDENT = "    "
_DEEPER = "        "


def sections(report: Report, root: str, *, verbose: bool) -> Iterator[list[str]]:
    """Up to three of them: what was allowed, what does not hold, what allowed nothing."""
    used = [s for s in report.suppressions if s.findings]
    wrong = [s for s in report.suppressions if not s.holds]
    unused = [s for s in report.suppressions if s.status == "unused"]
    if used:
        yield list(_allowed(report.suppressed, used, root, verbose=verbose))
    if wrong:
        does, count = ("does", "counts") if len(wrong) == 1 else ("do", "count")
        yield [
            f"{plural(len(wrong), 'suppression')} {does} not hold and {count} as found:",
            *_told(wrong, root),
        ]
    if unused:
        shown = unused if verbose else unused[:_MAX_UNUSED]
        yield [
            f"{plural(len(unused), 'suppression')} allowed nothing in this audit; take away what "
            "is not needed:",
            *_told(shown, root),
            *_more(len(unused) - len(shown)),
        ]


def _allowed(
    findings: Sequence[Finding], used: Sequence[Suppression], root: str, *, verbose: bool
) -> Iterator[str]:
    by = f"{plural(len(findings), 'finding')} allowed by {plural(len(used), 'suppression')}"
    if not verbose:
        yield f"{by} (-v 2 lists them)"
        return
    yield f"{by}:"
    for suppression in used:
        yield from _titled(suppression, root)
        if suppression.reason:
            yield from wrap(f"Reason: {suppression.reason}", _DEEPER)
        if suppression.until:
            yield f"{_DEEPER}Until: {suppression.until}"
        for finding in suppression.findings:
            yield from wrap(
                f"{finding.detector}: {finding.message} ({finding.endpoint})",
                _DEEPER,
                _DEEPER + "  ",
            )


def _told(suppressions: Sequence[Suppression], root: str) -> Iterator[str]:
    for suppression in suppressions:
        yield from _titled(suppression, root)
        yield from wrap(suppression.message, _DEEPER)


def _titled(suppression: Suppression, root: str) -> Iterator[str]:
    yield from wrap(f"{place(suppression, root)}  {suppression.name}".strip(), _INDENT, _DEEPER)


def _more(left: int) -> Iterator[str]:
    if left > 0:
        yield f"{_INDENT}and {left:,} more (-v 2 lists them)"


def place(suppression: Suppression, root: str) -> str:
    """ "projects/views.py:12" of a comment, "" for an entry of the settings."""
    if suppression.file is None:
        return ""
    file = relative(clean(suppression.file), root).replace(os.sep, "/")
    return shorten(f"{file}:{suppression.line}", WIDTH - len(_INDENT))
