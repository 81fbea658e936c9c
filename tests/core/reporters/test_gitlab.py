"""GitLab's Code Quality report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from queryscope.core.findings import Report
from queryscope.core.reporters import REPORTERS

from . import checks, reports

HERE = Path(__file__).parent


def entries(report: Report) -> list[dict[str, Any]]:
    return json.loads(REPORTERS["gitlab"](report, root=reports.ROOT))


def test_snapshot() -> None:
    expected = (HERE / "gitlab.json").read_text(encoding="utf-8")
    assert REPORTERS["gitlab"](checks.CHECKED, root=reports.ROOT) == expected


@pytest.mark.parametrize(
    ("report", "severities"),
    [
        (reports.EMPTY, []),
        (reports.FULL, ["major", "major", "minor"]),
        (reports.report(reports.finding(severity="info")), ["info"]),
        (reports.report(reports.BUDGET), []),
        (checks.CLEAN, []),
        (checks.CHECKED, ["major", "major"]),
    ],
)
def test_severities(report: Report, severities: list[str]) -> None:
    found = entries(report)
    assert [entry["severity"] for entry in found] == severities
    for entry in found:
        assert entry.keys() == {
            *("check_name", "description", "fingerprint", "location", "severity"),
        }
        assert entry["location"].keys() == {"path", "lines"}
        assert not entry["location"]["path"].startswith(("/", "./"))


def test_fingerprints_are_unique() -> None:
    places = [replace(reports.ROWS, line=line) for line in range(1, 6)]
    found = entries(reports.report(*(reports.finding(location=place) for place in places)))
    assert len({entry["fingerprint"] for entry in found}) == 5


def test_it_is_on_a_changed_line() -> None:
    report = replace(reports.FULL, changed={"shop/orders/views.py": ((12, 12),)})
    assert entries(report)[0]["location"] == {
        "path": "shop/orders/views.py",
        "lines": {"begin": 12},
    }
