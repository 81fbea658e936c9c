"""SARIF: valid against the schema, and what GitHub asks for beyond it."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from queryscope.core.detectors import DETECTORS, NAMES
from queryscope.core.findings import Report
from queryscope.core.reporters import REPORTERS
from queryscope.core.sightings import Location

from . import checks, reports

HERE = Path(__file__).parent
ALL = {
    "empty": reports.EMPTY,
    "full": reports.FULL,
    "several-steps": reports.SEVERAL_STEPS,
    "slow": reports.SLOW,
    "suppressed": reports.SUPPRESSED,
    "proven": reports.PROVEN,
    "worth-knowing": reports.WORTH_KNOWING,
    "checked": checks.CHECKED,
    "clean": checks.CLEAN,
    "first": checks.FIRST,
    "strict": checks.STRICT,
}
DIFF = """\
--- shop/orders/models.py
+++ shop/orders/models.py
@@ -1,3 +1,4 @@
 from django.db import models
+from django.db.models import Q

 class Order:
@@ -9,2 +10,3 @@
     class Meta:
-        pass
+        ordering = ["day"]
+        indexes = []
"""


@cache
def schema() -> Any:
    file = HERE / "schemas" / "sarif-2.1.0-rtm.5.json"
    return jsonschema.Draft4Validator(json.loads(file.read_text(encoding="utf-8")))


def run_of(report: Report, root: str = reports.ROOT) -> dict[str, Any]:
    log = json.loads(REPORTERS["sarif"](report, root=root))
    schema().validate(log)
    (run,) = log["runs"]
    return run


def results(report: Report) -> list[dict[str, Any]]:
    return run_of(report)["results"]


def test_snapshot() -> None:
    run = run_of(checks.CHECKED)
    # What detectors say of themselves, and how many there are, is theirs.
    del run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert NAMES[result.pop("ruleIndex")] == result["ruleId"]
    for told in run["invocations"][0]["toolExecutionNotifications"]:
        rule = told.get("associatedRule", {})
        assert NAMES[rule.pop("index", 0)] == rule.get("id", NAMES[0])
    expected = (HERE / "sarif.json").read_text(encoding="utf-8")
    assert json.dumps(run, indent=2, ensure_ascii=False) + "\n" == expected


@pytest.mark.parametrize("report", ALL.values(), ids=list(ALL))
def test_what_code_scanning_needs(report: Report) -> None:
    run = run_of(report)
    fingerprints = []
    for result in run["results"]:
        (location,) = result["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert not uri.startswith(("/", "file:", ".."))
        assert location["physicalLocation"]["region"]["startLine"] >= 1
        assert result["message"]["text"]
        assert result["level"] in {"error", "warning", "note"}
        # The upload action warns of each primaryLocationLineHash that is not its own.
        assert list(result["partialFingerprints"]) == ["queryscope/v1"]
        fingerprints += result["partialFingerprints"].values()
    assert len(set(fingerprints)) == len(fingerprints)
    for rule in run["tool"]["driver"]["rules"]:
        assert len(rule["name"]) <= 255
        for part in ("shortDescription", "fullDescription"):
            assert 10 < len(rule[part]["text"]) <= 1024
        assert rule["help"]["text"]


def test_a_rule_for_each_detector() -> None:
    rules = run_of(reports.EMPTY)["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(NAMES) == [one.NAME for one in DETECTORS]
    assert rules[0]["name"] == "NPlusOne"
    assert rules[0]["shortDescription"]["text"].startswith("One query for a list, and one more")
    assert rules[0]["fullDescription"]["text"].startswith("Why it hurts: ")
    assert "\nInstead of:\n\n    Task.objects.all()\n\nuse:\n" in rules[0]["help"]["markdown"]


@pytest.mark.parametrize(
    ("report", "states"),
    [
        (reports.FULL, [None, None, None]),
        (checks.CHECKED, ["new", "new", "unchanged", "unchanged"]),
        (checks.CLEAN, ["unchanged", "unchanged"]),
    ],
)
def test_baseline_states(report: Report, states: list[str | None]) -> None:
    assert [result.get("baselineState") for result in results(report)] == states


def test_suppressions() -> None:
    found = results(reports.SUPPRESSED)
    assert [[s["kind"] for s in result.get("suppressions", [])] for result in found] == [
        [],
        ["external", "inSource"],
        ["inSource"],
    ]
    assert found[1]["suppressions"][0]["justification"] == "few customers"
    assert found[2]["suppressions"][0]["justification"].endswith("a whole day, until 2027-01-31")
    (invocation,) = run_of(reports.SUPPRESSED)["invocations"]
    (expired, _) = invocation["toolConfigurationNotifications"]
    assert expired["message"]["text"].startswith("ignore[n-plus-one]: expired after 2026-01-31")


def test_allowed_at_one_endpoint_only() -> None:
    report = reports.report(
        reports.finding(),
        suppressions=(reports.suppression("used", findings=(reports.ELSEWHERE,)),),
    )
    first, second = (result["partialFingerprints"] for result in results(report))
    assert first != second


def test_without_a_place_it_is_a_notification() -> None:
    run = run_of(reports.report(reports.BUDGET, reports.finding(), notes=("No plan.",)))
    assert [result["ruleId"] for result in run["results"]] == ["n-plus-one"]
    told = run["invocations"][0]["toolExecutionNotifications"]
    assert [(one["level"], one["message"]["text"]) for one in told] == [
        ("error", "103 queries, the budget is 10 (GET /orders/)"),
        ("note", "No plan."),
    ]
    assert told[0]["associatedRule"] == {
        "id": "query-budget",
        "index": NAMES.index("query-budget"),
    }


@pytest.mark.parametrize(("report", "code"), [(reports.EMPTY, 0), (checks.CHECKED, 1)])
def test_exit_code(report: Report, code: int) -> None:
    (invocation,) = run_of(report)["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (True, code)


def test_audits_and_tests_do_not_replace_one_another() -> None:
    ids = [run_of(reports.report(run=run))["automationDetails"]["id"] for run in ("audit", "tests")]
    assert ids == ["queryscope/audit/", "queryscope/tests/"]


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("a b.py", "a%20b.py"),
        ("a:b.py", "a%3Ab.py"),
        ("é%?#.py", "%C3%A9%25%3F%23.py"),
        ("[x]/y.py", "%5Bx%5D/y.py"),
        ("\udce9.py", "%5Cudce9.py"),
    ],
)
def test_uris(file: str, uri: str) -> None:
    place = Location(f"{reports.ROOT}/{file}", 1, "")
    (result,) = results(reports.report(reports.finding(location=place, origin=None)))
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {
        "uri": uri,
        "uriBaseId": "%SRCROOT%",
    }


def test_other_places() -> None:
    (result,) = results(reports.report(reports.LINES))
    assert [one["message"]["text"] for one in result["relatedLocations"]] == [
        "The rows come from here",
        "The template reads it here",
    ]
    assert [one["id"] for one in result["relatedLocations"]] == [1, 2]


def test_a_message_has_no_links() -> None:
    found = reports.finding(message="[here](https://example.com)", hint="![x](y)")
    (result,) = results(reports.report(found))
    assert "](" not in result["message"]["text"]


def test_the_diff_of_a_fix() -> None:
    fix = replace(reports.MERGED, diff=DIFF)
    (result,) = results(reports.report(reports.finding(fix=fix)))
    ((change,),) = [one["artifactChanges"] for one in result["fixes"]]
    assert change["artifactLocation"]["uri"] == "shop/orders/models.py"
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 1},
            "insertedContent": {"text": "from django.db.models import Q\n"},
        },
        {
            "deletedRegion": {"startLine": 10, "startColumn": 1, "endLine": 11, "endColumn": 1},
            "insertedContent": {
                "text": '        ordering = ["day"]\n        indexes = []\n',
            },
        },
    ]
    assert "fixes" not in results(reports.report(reports.finding()))[0]
