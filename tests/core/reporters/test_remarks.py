"""What is said beside the findings, one line each."""

from __future__ import annotations

import pytest

from queryscope.core.findings import Report
from queryscope.core.reporters.remarks import remarks, verdict

from . import checks, reports


@pytest.mark.parametrize(
    ("report", "text"),
    [
        (reports.SUPPRESSED, "12 suppressions allowed nothing"),
        (reports.SUPPRESSED, "3 findings allowed by suppressions"),
        (reports.PROVEN, "Beside the database, which is rolled back, requests reached"),
        (
            reports.PROVEN,
            "1 finding and 1 fix withdrawn: running the request again refuted them",
        ),
        (checks.CHECKED, "2 known findings fixed, to be taken out by check --prune"),
        (checks.CHECKED, "Moved? check --accept-moved renames them"),
        (checks.CHECKED, "1 budget exceeded"),
        (checks.CHECKED, "1 known finding was not exercised"),
        (checks.STRICT, "Strict: 2 known findings are fixed and still in the baseline"),
        (checks.FIRST, "There is no baseline yet, so everything is new"),
    ],
)
def test_what_is_said(report: Report, text: str) -> None:
    assert text in [remark.text for remark in remarks(report, reports.ROOT)]


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (checks.CHECKED, "3 new findings"),
        (checks.CLEAN, "nothing new"),
        (checks.STRICT, "nothing new, but --strict counts what follows"),
        (reports.EMPTY, "no findings"),
    ],
)
def test_the_verdict(report: Report, words: str) -> None:
    assert verdict(report) == words
