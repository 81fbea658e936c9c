"""``with assert_no_n_plus_one():`` fails a test whose block asks once more for each row."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from ..conf import get_settings
from ..core.baseline import Scope
from ..core.findings import Finding
from ..core.reporters.blocks import blocks, render
from ..inspection import inspect
from ..recording import Recording
from .allowing import allowances
from .checked import Checked

_SCOPE = Scope(frozenset({"n-plus-one"}))


def assert_no_n_plus_one(*, allow: Sequence[str] = ()) -> Checked:
    """No N+1 in a block, one that waits for a second row included.

    ``allow`` names what may be: a relation ("projects.Task.project"), a model whose rows are read
    ("projects.Task") or an app; comments and ``QUERYSCOPE["ALLOW"]`` hold as well. Also for
    ``async with``, and as a decorator of tests. Raises AssertionError when the block ends and one
    is found, ValueError for a name that the project does not have.
    """
    allowed = allowances(allow)

    def judge(recording: Recording) -> str:
        settings = get_settings()
        settings = replace(settings, allow=(*settings.allow, *allowed))
        # No plans: the block may be asynchronous, and an N+1 is seen without.
        report = inspect(recording, settings=settings, plans={})
        found = [finding for finding in report.findings if _SCOPE.gates(finding)]
        return _message(found, report.round_trip_ms) if found else ""

    return Checked(judge)


def _message(findings: Sequence[Finding], round_trip_ms: float) -> str:
    """Each as the report for people tells it."""
    root = os.getcwd()
    told = [
        "\n".join(line.rstrip() for line in render(block, number, root))
        for number, block in enumerate(blocks(findings, round_trip_ms), 1)
    ]
    relations = dict.fromkeys(finding.relation for finding in findings if finding.relation)
    names = ", ".join(f'"{relation}"' for relation in relations)
    ways = [f"allow=[{names}]"] if names else []
    ways.append("on its line  # queryscope: ignore[n-plus-one] why")
    count = "an N+1" if len(findings) == 1 else f"{len(findings)} N+1s, the worst"
    return "\n\n".join(
        [f"{count}: {findings[0].message}", *told, "If it is meant to be: " + ", or ".join(ways)]
    )
