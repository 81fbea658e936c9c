"""A report as data: through JSON and back, from other machines, and what is refused."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queryscope.core.findings import Report, Suppression, Withdrawn, rank
from queryscope.core.gate import Gate
from queryscope.core.reporters import REPORTERS
from queryscope.core.sightings import Location, TemplateLine
from queryscope.core.stored import StoredError, report_of

from .any_report import any_report, texts
from .reporters import reports


@settings(max_examples=50, deadline=None)
@given(any_report)
def test_a_report_comes_back_from_json_as_it_was(report: Report) -> None:
    assert report_of(json.dumps(report.as_dict()), "audit.json") == report


EXAMPLES = [
    reports.FULL,
    reports.WORTH_KNOWING,
    reports.SEVERAL_STEPS,
    reports.SLOW,
    reports.EMPTY,
    reports.REPEATED,
    reports.SUPPRESSED,
    reports.PROVEN,
]


@pytest.mark.parametrize("report", EXAMPLES)
def test_every_format_says_the_same_of_a_stored_report(report: Report) -> None:
    again = report_of(REPORTERS["json"](report), "audit.json")
    assert again == report
    for name in REPORTERS.keys() - {"json"}:  # that one writes 1 as 1.0
        shown = REPORTERS[name](report, root=reports.ROOT)
        assert REPORTERS[name](again, root=reports.ROOT) == shown


def test_a_file_name_that_is_no_utf_8_comes_back() -> None:
    report = reports.report(reports.finding(message="naïve 项目 \udcff \x00"))
    assert report_of(REPORTERS["json"](report), "audit.json") == report


def test_what_is_derived_is_not_read() -> None:
    data = stored_as(reports.FULL)
    data["findings"][0] |= {"key": "x", "cost_ms": "x", "later": [1]}
    data |= {"summary": None, "changed": 7, "later": {}}
    assert report_of(json.dumps(data), "audit.json") == reports.FULL


@pytest.mark.parametrize("key", ["run", "whole", "gate", "root", "notes", "indexes", "withdrawn"])
def test_what_an_older_version_did_not_write_has_its_default(key: str) -> None:
    data = stored_as(reports.FULL)
    del data[key]
    assert report_of(json.dumps(data), "audit.json") == reports.FULL


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        ("findings", "proof"),
        ("findings", "unproven"),
        ("endpoints", "proof"),
        ("endpoints", "touched"),
    ],
)
def test_what_an_older_version_did_not_prove_is_unknown(rows: str, key: str) -> None:
    data = stored_as(reports.FULL)
    for row in data[rows]:
        del row[key]
    assert report_of(json.dumps(data), "audit.json") == reports.FULL


def test_a_fix_of_an_older_version_has_no_parts() -> None:
    data = stored_as(reports.FULL)
    for part in ("methods", "deferral", "drops", "rewrite", "partial"):
        for one in data["findings"]:
            if one["fix"] is not None:
                del one["fix"][part]
    assert report_of(json.dumps(data), "audit.json") == reports.FULL


def test_a_check_is_read_as_the_run_that_it_judged() -> None:
    checked = replace(
        reports.report(reports.DUPLICATE),
        gate=Gate("queryscope-baseline.json", known=(reports.finding(), reports.LINES)),
    )
    again = report_of(REPORTERS["json"](checked), "check.json")
    assert again.gate is None
    assert again.findings == rank((reports.DUPLICATE, reports.finding(), reports.LINES), 1.0)


# From another machine.


def made_at(root: str, report: Report) -> str:
    """What the report would have been stored as, had this project been at ``root``."""
    separator = "\\" if "\\" in root else "/"

    def there(data: Any) -> Any:
        if isinstance(data, dict):
            return {key: there(value) for key, value in data.items()}
        if isinstance(data, list):
            return [there(value) for value in data]
        if not isinstance(data, str) or not data.startswith(here("")):
            return data
        return separator.join([root.rstrip(separator), *data[len(here("")) :].split(os.sep)])

    return json.dumps({**there(stored_as(report)), "root": root})


def here(*below: str) -> str:
    return os.path.join(os.getcwd(), *below)


AT_HOME = reports.finding(
    location=Location(here("shop", "orders", "models.py"), 31, "Order.label"),
    origin=Location(here("shop", "views.py"), 12, "order_list"),
)
IN_TEMPLATE = replace(AT_HOME, template=TemplateLine(here("shop", "list.html"), 3))


@pytest.mark.parametrize("root", ["/builds/acme/shop", "/builds/acme/shop/", "/", "C:\\work\\shop"])
def test_keys_are_those_of_the_project_wherever_it_was(root: str) -> None:
    report = reports.report(AT_HOME)
    text = made_at(root, report)
    assert here("shop") not in text
    again = report_of(text, "audit.json")
    assert again == report
    assert again.findings[0].key == (
        "n-plus-one::shop/orders/models.py::Order.label::orders.Order.customer"
    )


def test_templates_suppressions_and_what_was_withdrawn_move_as_well() -> None:
    allowed = Suppression("x", here("a.py"), 1, (), "", None, "used", findings=(IN_TEMPLATE,))
    refuted = Withdrawn(IN_TEMPLATE, "It does not grow.")
    report = reports.report(IN_TEMPLATE, suppressions=(allowed,), withdrawn=(refuted,))
    assert report_of(made_at("/builds/acme/shop", report), "audit.json") == report


@pytest.mark.parametrize("file", ["/builds/acme/shopping/a.py", "/usr/lib/a.py", "<string>"])
def test_what_is_not_of_the_project_stays(file: str) -> None:
    report = reports.report(reports.finding(location=Location(file, 1, "f"), origin=None))
    data = {**stored_as(report), "root": "/builds/acme/shop"}
    assert report_of(json.dumps(data), "audit.json") == report


# What is refused, each in one line that names the file.

FULL = REPORTERS["json"](reports.FULL)


def stored_as(report: Report) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(REPORTERS["json"](report))
    return data


def changed(**values: Any) -> str:
    return json.dumps({**stored_as(reports.FULL), **values})


def spoilt(rows: str, **values: Any) -> str:
    """The report with other values in the first of its ``rows``."""
    data = stored_as(reports.FULL)
    data[rows][0] |= values
    return json.dumps(data)


REFUSED = [
    ("", "a.json: is empty; write one with: audit --format json --output FILE"),
    ("queryscope 0.1.0, sqlite", "a.json:1: not JSON (Expecting value); "),
    ('{\n "version": 1,\n x', "a.json:3: not JSON (Expecting property name"),
    ('{\n "version": 1,', "a.json:2: not JSON (it ends too early); "),
    (FULL[: len(FULL) // 2], "not JSON (it ends too early); "),
    ("[" * 100_000, "a.json: not the JSON of a report; "),
    ("[" * 100_000 + "]" * 100_000, "a.json: not the JSON of a report; "),
    ("9" * 5_000, "a.json: not the JSON of a report; "),
    ("[]", "a.json: not a queryscope report; "),
    ("null", "a.json: not a queryscope report; "),
    ("{}", "a.json: not a queryscope report; "),
    (
        '{"version": 1, "migrations": [], "rejected": [], "droppable": []}',
        "a.json: the JSON of advise, not of audit; ",
    ),
    ('{"version": 1, "findings": [], "recorded": {}}', "a.json: a baseline, not a report; "),
    ('{"version": 1, "plan": {}, "tips": []}', "a.json: the JSON of explain, not of audit; "),
    ('{"$schema": "", "runs": []}', "a.json: SARIF, not the report's own JSON; "),
    (changed(version=2), "a.json: a report of version 2; this queryscope reads 1: "),
    (changed(version=True), "a.json: not a queryscope report (no version); "),
    (changed(version=[]), "a.json: not a queryscope report (no version); "),
    (changed(findings=None), "(findings: None is not a list); "),
    (changed(findings={}), "(findings: an object is not a list); "),
    (changed(findings=[1]), "(findings[0]: 1 is not an object); "),
    (changed(findings=[{}]), "(findings[0]: without confidence, count, detector, "),
    (spoilt("findings", count="50"), "(findings[0].count: '50' is not a whole number); "),
    (spoilt("findings", count=True), "(findings[0].count: True is not a whole number); "),
    (spoilt("findings", count=10**200), "(findings[0].count: a number that is out of bounds); "),
    (spoilt("findings", duration_ms=float("nan")), "duration_ms: a number that is out of bounds"),
    (spoilt("findings", duration_ms=float("inf")), "duration_ms: a number that is out of bounds"),
    (spoilt("findings", severity="fatal"), "'fatal' is none of error, warning, info); "),
    (spoilt("findings", severity=[]), "a list is none of error, warning, info); "),
    (spoilt("findings", message=None), "(findings[0].message: None is not text); "),
    (spoilt("findings", message={"a": 1}), "(findings[0].message: an object is not text); "),
    (spoilt("findings", location=[]), "(findings[0].location: a list is not an object); "),
    (spoilt("findings", location={"file": 1, "line": 1, "function": ""}), "location.file: 1 is"),
    (spoilt("findings", tables="abc"), "(findings[0].tables: 'abc' is not a list); "),
    (spoilt("findings", fix={"kind": "only"}), "(findings[0].fix: without code, lookups); "),
    (spoilt("endpoints", name=None), "(endpoints[0].name: None is not text); "),
    (spoilt("endpoints", queries=1.5), "(endpoints[0].queries: 1.5 is not a whole number); "),
    (spoilt("findings", count="x" * 10_000), "count: '" + "x" * 36 + "... is not a whole number"),
    (changed(indexes=[{"definition": {}}]), "(indexes[0]: without method, served, "),
    (changed(tool={"name": 1}), "(tool.name: 1 is not text); "),
    (changed(database={"a": float("inf")}), "(database.a: a number that is out of bounds); "),
    (changed(whole="yes"), "(whole: 'yes' is not true or false); "),
    (changed(run="deploy"), "(run: 'deploy' is none of audit, tests); "),
    (changed(root=7), "(7 is not text); "),
    (changed(gate=[]), "(gate.known: a list is not an object); "),
    (changed(gate={"known": 5}), "(gate.known: 5 is not a list); "),
    (changed(gate={"known": [{}]}), "(gate.known[0]: without confidence, "),
]


@pytest.mark.parametrize(("text", "why"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_report_is_refused(text: str, why: str) -> None:
    with pytest.raises(StoredError) as refused:
        report_of(text, "a.json")
    assert why in str(refused.value)
    assert str(refused.value).startswith("a.json:")
    assert len(str(refused.value)) < 400
    assert "\n" not in str(refused.value)


def test_what_is_nested_too_deeply_to_be_written_is_refused() -> None:
    deep: Any = "x"
    for _ in range(300):
        deep = [deep]
    with pytest.raises(StoredError, match="nested too deeply"):
        report_of(changed(database={"a": deep}), "a.json")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_spoilt_report_is_refused_or_can_be_shown(data: st.DataObject) -> None:
    """Whatever stands in one place of it, no error but the one that is meant for it."""
    whole = stored_as(reports.SUPPRESSED)
    inner: Any = whole
    while True:
        key = data.draw(
            st.sampled_from(sorted(inner) if isinstance(inner, dict) else range(len(inner)))
        )
        if not inner[key] or not isinstance(inner[key], (dict, list)) or data.draw(st.booleans()):
            break
        inner = inner[key]
    inner[key] = data.draw(json_values)
    try:
        report = report_of(json.dumps(whole), "a.json")
    except StoredError:
        return
    for render in REPORTERS.values():
        render(report, verbose=True)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, len(FULL) - 1))
def test_a_report_that_is_cut_off_is_refused(end: int) -> None:
    with pytest.raises(StoredError, match=r"^a\.json"):
        report_of(FULL[:end], "a.json")
