"""What is known, new, fixed, moved: reports against baselines."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryscope.core.baseline import Baseline, Scope, accept, reach, render
from queryscope.core.baseline_parsing import BaselineError, parse
from queryscope.core.detectors import NAMES
from queryscope.core.findings import Endpoint, Finding, Report, Skipped, Withdrawn
from queryscope.core.gate import Accepted, Gate
from queryscope.core.ratchet import pruned, renamed, split
from queryscope.core.sightings import Location, TemplateLine
from tests.core.reporters.reports import ADMIN, DUPLICATE, LINES, MODELS, ROOT, VIEWS, finding

assert LINES.template is not None
LINES_HTML = LINES.template.name
ORDERS, CUSTOMERS = "GET /orders/", "GET /customers/"
BASE = finding(rows_of="orders.Order")
OTHER = finding(rows_of="orders.Order", relation="orders.Order.country", digest="1" * 12)
LOOP = finding(
    detector="query-in-loop",
    relation=None,
    origin=None,
    digest="2" * 12,
)


@pytest.fixture(autouse=True)
def at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getcwd", lambda: ROOT)


def endpoint(name: str, **changes: Any) -> Endpoint:
    rows = {"orders.Order": 50}
    return replace(Endpoint(name, None, 200, 51, 3, 10.0, 20.0, rows=rows), **changes)


def report(*findings: Finding, names: tuple[str, ...] = (ORDERS,), **changes: Any) -> Report:
    endpoints = tuple(endpoint(name) for name in names)
    return replace(Report(endpoints, findings, whole=True), **changes)


def baseline(*findings: Finding, **changes: Any) -> Baseline:
    names = tuple({f.endpoint for f in findings})
    return accept(report(*findings, names=names, **changes), Baseline(), Scope())


def judged(found: Report, known: Baseline, scope: Scope | None = None, **gate: Any) -> Report:
    return split(found, known, Gate("queryscope-baseline.json", **gate), scope or Scope())


def moved_to(found: Finding, line: int) -> Finding:
    assert found.location is not None
    return replace(found, location=replace(found.location, line=line))


@pytest.mark.parametrize(
    ("known", "now", "new"),
    [
        ([], [], 0),
        ([], [BASE], 1),
        ([BASE], [BASE], 0),
        ([BASE], [moved_to(BASE, 99)], 0),
        ([BASE], [replace(BASE, count=5_000, message="5,000 queries")], 0),
        ([BASE], [replace(BASE, endpoint=CUSTOMERS)], 0),
        ([BASE], [replace(BASE, severity="info", waiting=True)], 0),
        ([BASE], [BASE, OTHER], 1),
        ([BASE], [BASE, moved_to(BASE, 32)], 2),
        ([BASE], [BASE, replace(BASE, origin=Location(VIEWS, 80, "archive"))], 2),
        ([BASE], [BASE, replace(BASE, count=7)], 2),
        ([BASE, moved_to(BASE, 32)], [BASE, moved_to(BASE, 40)], 0),
        ([BASE], [replace(BASE, template=TemplateLine("shop/a.html", 3))], 1),
        ([LINES], [LINES, replace(LINES, template=TemplateLine(LINES_HTML, 99))], 2),
        ([LOOP], [LOOP, replace(LOOP, digest="3" * 12), replace(LOOP, digest="4" * 12)], 3),
        ([LINES], [replace(LINES, template=replace(LINES.template, line=99))], 0),
        ([BASE], [replace(BASE, location=Location(VIEWS, 31, "Order.label"))], 1),
        ([LOOP], [replace(LOOP, digest="3" * 12)], 0),
        ([LOOP], [LOOP, replace(LOOP, digest="3" * 12)], 2),
        ([LOOP], [replace(LOOP, model="orders.Line")], 1),
        ([LOOP], [replace(LOOP, model=None)], 1),
        ([DUPLICATE], [replace(DUPLICATE, count=30)], 0),
    ],
)
def test_only_what_is_new_fails(known: list[Finding], now: list[Finding], new: int) -> None:
    found = judged(report(*now, names=(ORDERS, CUSTOMERS)), baseline(*known))
    assert (len(found.findings), found.failing) == (new, new > 0)


@pytest.mark.parametrize(
    ("changes", "gates"),
    [
        ({}, True),
        ({"severity": "warning"}, True),
        ({"severity": "info"}, False),
        ({"severity": "info", "waiting": True}, True),
        ({"severity": "info", "waiting": True, "location": Location(ADMIN, 3, "f")}, False),
        ({"severity": "info", "waiting": True, "location": None}, True),
        ({"detector": "slow-query"}, False),
        ({"detector": "missing-index"}, False),
        ({"detector": "query-budget"}, True),
    ],
)
def test_what_fails_a_check(changes: dict[str, Any], gates: bool) -> None:
    assert Scope().gates(finding(**changes)) is gates


@pytest.mark.parametrize("name", NAMES)
def test_what_is_selected_by_name_is_judged_whatever_it_is(name: str) -> None:
    assert Scope(frozenset({name})).gates(finding(detector=name))
    assert not Scope(frozenset(NAMES) - {name}).gates(finding(detector=name))


def test_a_budget_counts_what_it_limits() -> None:
    budget = finding(
        detector="query-budget",
        location=None,
        origin=None,
        relation=None,
        model=None,
        tables=(),
        digest="queries",
    )
    fewer, more = replace(budget, count=14), replace(budget, count=16)
    known = baseline(replace(budget, count=15))
    assert known.accepted[0].key == "query-budget::GET /orders/::queries"
    assert known.accepted[0].count == 15
    assert judged(report(fewer), known).findings == ()
    assert judged(report(more), known).findings == (more,)


def test_a_grown_one_says_what_was_accepted() -> None:
    found = judged(report(BASE, moved_to(BASE, 32)), baseline(BASE))
    assert found.gate is not None
    assert found.gate.grown == {BASE.key: 1}
    assert found.gate.known == ()


@pytest.mark.parametrize(
    ("known", "found", "fixed", "unseen"),
    [
        ([BASE], report(), 1, 0),
        ([BASE], report(BASE), 0, 0),
        ([BASE], report(replace(BASE, severity="info")), 0, 0),
        ([BASE, OTHER], report(BASE), 1, 0),
        ([BASE], report(names=(CUSTOMERS,)), 1, 0),  # its route is gone
        ([BASE], report(names=(CUSTOMERS,), whole=False), 0, 1),
        ([BASE], report(names=(CUSTOMERS,), skipped=(Skipped("/orders/", "no rows"),)), 0, 1),
        ([BASE], report(names=(CUSTOMERS,), skipped=(Skipped(ORDERS, "no rows"),)), 0, 1),
        ([BASE], report(endpoints=(endpoint(ORDERS, problem="500 Error"),)), 0, 1),
        ([BASE, replace(BASE, endpoint=CUSTOMERS)], report(whole=False), 0, 1),
        ([BASE], report(run="tests"), 0, 0),
        # Refuted is not fixed: the next rows, or a run without proof, may show it again.
        ([BASE], report(withdrawn=(Withdrawn(BASE, "It does not grow."),)), 0, 0),
        ([BASE], report(withdrawn=(Withdrawn(BASE, "Its fix fails.", "x"),)), 1, 0),
    ],
)
def test_fixed_is_only_what_could_have_been_found(
    known: list[Finding], found: Report, fixed: int, unseen: int
) -> None:
    gate = judged(found, baseline(*known)).gate
    assert gate is not None
    assert (len(gate.fixed), len(gate.unseen)) == (fixed, unseen)


@pytest.mark.parametrize(
    ("known", "rows", "fixed"),
    [
        (BASE, {"orders.Order": 1}, True),
        (BASE, {"orders.Order": 0}, False),
        (BASE, {"orders.Line": 50}, False),
        (BASE, {}, False),
        (LOOP, {"orders.Line": 3}, True),
        (LOOP, {"orders.Line": 2}, False),
        (LOOP, {}, False),
        (DUPLICATE, {}, True),
    ],
)
def test_without_rows_nothing_is_fixed(known: Finding, rows: dict[str, int], fixed: bool) -> None:
    found = report(endpoints=(endpoint(known.endpoint, rows=rows),))
    gate = judged(found, baseline(known)).gate
    assert gate is not None
    assert (len(gate.fixed), len(gate.unseen)) == (int(fixed), int(not fixed))


def test_what_a_part_of_the_endpoints_shows_is_not_the_whole() -> None:
    names = [f"GET /{n}/" for n in range(6)]
    six = [
        replace(BASE, endpoint=name, origin=Location(VIEWS, number, "page"))
        for number, name in enumerate(names)
    ]
    known = baseline(*six)
    part = report(*six[:3], names=tuple(names[:3]), whole=False)
    gate = judged(part, known, strict=True).gate
    assert gate is not None
    assert (gate.fixed, gate.shrunk) == ((), ())
    assert accept(part, known, Scope()) == known
    assert judged(report(*six, names=tuple(names)), accept(part, known, Scope())).failing is False


def test_what_was_not_exercised_has_not_moved() -> None:
    known = baseline(BASE)
    elsewhere = replace(BASE, endpoint=CUSTOMERS, location=Location(VIEWS, 9, "nova"))
    for found in (
        report(elsewhere, names=(CUSTOMERS,), whole=False),
        report(elsewhere, endpoints=(endpoint(CUSTOMERS), endpoint(ORDERS, problem="500 Error"))),
    ):
        gate = judged(found, known).gate
        assert gate is not None
        assert gate.moved == ()


def test_what_grew_has_not_moved() -> None:
    """The baseline would have a key twice."""
    first = replace(BASE, location=Location(VIEWS, 1, "first"))
    second = replace(BASE, location=Location(VIEWS, 9, "second"))
    known = baseline(first, second, moved_to(second, 10))
    found = judged(report(first, moved_to(first, 2)), known)
    assert found.gate is not None
    assert (found.gate.moved, list(found.gate.grown)) == ((), [first.key])


def test_one_rename_is_one_rename() -> None:
    two = [replace(BASE, location=Location(VIEWS, 1, name)) for name in ("one", "two")]
    gate = judged(report(*two), baseline(BASE)).gate
    assert gate is not None
    assert len(gate.moved) == 1


def test_tests_that_know_more_let_no_audit_grow() -> None:
    tests = baseline(*(moved_to(BASE, line) for line in range(6)), run="tests")
    both = accept(report(BASE), tests, Scope())
    assert sorted(accepted.count for accepted in both.accepted) == [1, 6]
    assert len(judged(report(BASE, moved_to(BASE, 1)), both).findings) == 2
    more = report(*(moved_to(BASE, line) for line in range(6)), run="tests")
    assert judged(more, both).failing is False
    gate = judged(report(), both).gate
    assert gate is not None
    assert [accepted.run for accepted in pruned(both, gate).accepted] == ["tests"]


def test_fixed_fails_when_strict() -> None:
    assert not judged(report(), baseline(BASE)).failing
    assert judged(report(), baseline(BASE), strict=True).failing
    assert not judged(report(), Baseline(), strict=True).failing


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (report(endpoints=(endpoint(ORDERS, queries=0),)), "no query was captured"),
        (
            report(endpoints=(endpoint(ORDERS), endpoint(CUSTOMERS, problem="500 Error"))),
            "1 endpoint (GET /customers/) failed",
        ),
        (
            report(skipped=(Skipped("/a/", "why"), Skipped("/b/", "why"))),
            "2 routes (/a/ and 1 more) not requested",
        ),
    ],
)
def test_a_strict_check_is_never_green_on_nothing(found: Report, problem: str) -> None:
    strict = judged(found, Baseline(), strict=True)
    assert strict.gate is not None
    assert strict.gate.problems == (problem,)
    assert strict.failing
    assert not judged(found, Baseline()).failing


def test_what_no_audit_requests_is_no_problem() -> None:
    found = report(skipped=(Skipped("/login/", "accepts POST only", expected=True),))
    assert judged(found, Baseline(), strict=True).failing is False


def test_what_was_fixed_in_part_shrinks() -> None:
    known = baseline(BASE, moved_to(BASE, 32), moved_to(BASE, 33))
    found = judged(report(BASE), known, strict=True)
    assert found.gate is not None
    assert [accepted.count for accepted in found.gate.shrunk] == [1]
    assert found.failing
    assert [accepted.count for accepted in pruned(known, found.gate).accepted] == [1]


def test_prune_takes_out_what_was_fixed_and_nothing_else() -> None:
    known = baseline(BASE, OTHER)
    gate = judged(report(BASE), known).gate
    assert gate is not None
    left = pruned(known, gate)
    assert left == baseline(BASE)
    assert judged(report(BASE), left, strict=True).failing is False


RENAMES: dict[str, Callable[[Finding], Finding]] = {
    "file": lambda f: replace(f, location=Location(MODELS.replace("models", "order"), 31, "Order")),
    "function": lambda f: replace(f, location=Location(MODELS, 31, "Order.title")),
}


@pytest.mark.parametrize("rename", RENAMES.values(), ids=RENAMES)
@pytest.mark.parametrize("known", [BASE, LOOP], ids=["relation", "statement"])
def test_a_rename_is_offered_and_not_accepted(
    known: Finding, rename: Callable[[Finding], Finding]
) -> None:
    now, before = rename(known), baseline(known)
    found = judged(report(now), before)
    assert found.gate is not None
    assert [(m.accepted.key, m.now.key) for m in found.gate.moved] == [(known.key, now.key)]
    assert found.findings == (now,)
    assert found.failing
    after = renamed(before, found.gate)
    assert judged(report(now), after).failing is False


@pytest.mark.parametrize(
    "now",
    [
        [BASE, RENAMES["file"](BASE)],  # the known one is still there
        [RENAMES["file"](OTHER)],
        [replace(RENAMES["file"](BASE), digest="9" * 12)],
        [RENAMES["file"](BASE), moved_to(RENAMES["file"](BASE), 99)],  # more than was known
    ],
)
def test_what_is_new_is_no_rename(now: list[Finding]) -> None:
    gate = judged(report(*now), baseline(BASE)).gate
    assert gate is not None
    assert gate.moved == ()


def test_a_baseline_keeps_what_a_run_could_not_find() -> None:
    tests = baseline(OTHER, run="tests")
    slow = accept(report(finding(detector="slow-query")), tests, Scope(frozenset({"slow-query"})))
    both = accept(report(LINES, names=(ORDERS,)), slow, Scope())
    part = replace(BASE, endpoint=CUSTOMERS)
    rest = accept(report(part, names=(CUSTOMERS,), whole=False), both, Scope())
    assert {a.key for a in rest.accepted} == {
        *(f.key for f in (OTHER, LINES, BASE)),
        finding(detector="slow-query").key,
    }
    assert len(rest.accepted) == 4
    assert accept(report(), rest, Scope()).accepted == tuple(
        accepted
        for accepted in rest.accepted
        if accepted.run == "tests" or accepted.detector == "slow-query"
    )


def test_tests_know_what_an_audit_accepted() -> None:
    assert judged(report(BASE, run="tests"), baseline(BASE)).failing is False


def test_places_count_once_however_many_endpoints_pass_them() -> None:
    assert reach([BASE, replace(BASE, endpoint=CUSTOMERS), moved_to(BASE, 1)]) == {BASE.key: 2}


ACCEPTED = st.builds(
    Accepted,
    key=st.builds("{}::{}::{}".format, st.sampled_from(NAMES), st.text(), st.text()),
    run=st.sampled_from(["audit", "tests"]),
    count=st.integers(1, 10_000),
    rows_of=st.none() | st.text(),
    digests=st.lists(st.text("0123456789abcdef", min_size=12, max_size=12)).map(tuple),
    endpoints=st.lists(st.text(), max_size=3).map(tuple),
)
BASELINES = st.builds(
    Baseline,
    st.lists(ACCEPTED, unique_by=lambda accepted: (accepted.key, accepted.run)).map(tuple),
    st.dictionaries(st.text(), st.integers(0, 10_000).map(float)),
)


@given(BASELINES)
def test_what_is_written_can_be_read(known: Baseline) -> None:
    read = parse(render(known), "b.json")
    assert set(read.accepted) == set(known.accepted)
    assert read.recorded == known.recorded
    assert render(read) == render(known)


@given(BASELINES, st.integers(0), st.integers(0), st.text(max_size=3))
def test_a_broken_file_is_refused_with_its_line(
    known: Baseline, at: int, length: int, text: str
) -> None:
    whole = render(known)
    start = at % len(whole)
    broken = whole[:start] + text + whole[start + length % 50 :]
    told = ""
    try:
        parse(broken, "b.json")
    except BaselineError as error:
        told = str(error)
    found = re.match(r"b\.json:(\d+): ", told)
    assert (found is not None) is bool(told)
    assert found is None or int(found[1]) <= broken.count("\n") + 1


def test_the_file_reads_well_in_a_diff() -> None:
    written = render(replace(baseline(BASE, LOOP), recorded={ORDERS: 12.345}))
    assert (
        written
        == """\
{
  "version": 1,
  "findings": [
    {
      "key": "n-plus-one::shop/orders/models.py::Order.label::orders.Order.customer",
      "run": "audit",
      "count": 1,
      "rows_of": "orders.Order",
      "digests": [
        "000000000000"
      ],
      "endpoints": [
        "GET /orders/"
      ]
    },
    {
      "key": "query-in-loop::shop/orders/models.py::Order.label::orders.Order",
      "run": "audit",
      "count": 1,
      "rows_of": null,
      "digests": [
        "222222222222"
      ],
      "endpoints": [
        "GET /orders/"
      ]
    }
  ],
  "recorded": {
    "GET /orders/": 12.3
  }
}
"""
    )


BLOCK = """\
    {
      "key": "n-plus-one::a.py::f::shop.Order.customer",
      "run": "audit",
      "count": 1,
      "rows_of": null,
      "digests": [],
      "endpoints": []
    }"""
HEAD = '{\n  "version": 1,\n  "findings": [\n'
WHOLE = f"{HEAD}{BLOCK}\n  ]\n}}\n"
MEND = "mend it, or delete it and write it anew: manage.py queryscope baseline"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1: not JSON: Expecting value"),
        ("[]", "1: not a baseline: it has no list of findings"),
        (WHOLE.replace("],", "", 1), "10: not JSON: Expecting ',' delimiter"),
        (WHOLE.replace("1,", "9,", 1), "2: a baseline of version 9, this queryscope reads 1"),
        (WHOLE.replace('"version": 1,\n', ""), "1: a baseline of version None, this queryscope"),
        (
            HEAD + "<<<<<<< HEAD\n" + BLOCK + "\n=======\n>>>>>>> theirs\n]}",
            "4: a merge conflict is left: keep the blocks of both sides",
        ),
        (WHOLE.replace('"count": 1', '"count": "1"'), "7: 'count' must be a whole number above 0"),
        (WHOLE.replace('"count": 1', '"count": 0'), "7: 'count' must be a whole number above 0"),
        (WHOLE.replace('"count": 1', '"count": true'), "7: 'count' must be a whole number above 0"),
        (WHOLE.replace('"audit"', '"audits"'), "6: 'run' must be 'audit' or 'tests', not"),
        (WHOLE.replace("[],", "[1],", 1), "9: 'digests' must be a list of strings, not [1]"),
        (WHOLE.replace('"run": "audit",\n', ""), "4: a finding has no 'run'"),
        (
            WHOLE.replace('"run"', '"counts": 1, "run"'),
            "6: unknown 'counts' in a finding; did you mean 'count'?",
        ),
        (
            WHOLE.replace("n-plus-one::", "n-plus-two::"),
            "4: no such detector: 'n-plus-two'; did you mean 'n-plus-one'?",
        ),
        (
            f"{HEAD}{BLOCK},\n{BLOCK.replace('1', '2')}\n]}}",
            "12: the key is on line 4 as well, with another count: keep one",
        ),
        (f"{HEAD}{BLOCK},\n7\n]}}", "12: a finding must be an object, not 7"),
        (WHOLE.replace("  ]\n}", '  ], "recorded": {"a": -1}\n}'), "12: 'recorded' must map"),
        (
            WHOLE.replace("  ]\n}", '  ],\n "finding": []\n}'),
            "13: unknown 'finding'; did you mean 'findings'?",
        ),
        (WHOLE.replace("1,", "1.0,", 1), "2: a baseline of version 1.0, this queryscope reads 1"),
        (WHOLE.replace("1,", "true,", 1), "2: a baseline of version True, this queryscope"),
        (
            WHOLE.replace('"count": 1,', '"count": 1,\n"count": 99,'),
            "8: 'count' is there twice: keep one",
        ),
        (
            WHOLE.replace("  ]\n}", '  ],\n"findings": []\n}'),
            "13: 'findings' is there twice: keep one",
        ),
        (WHOLE.replace('"count": 1', '"count": ' + "1" * 5_000), "1: not a baseline: Exceeds"),
        (
            WHOLE.replace("  ]\n}", '  ], "recorded": {"a": ' + "1" * 400 + "}\n}"),
            "12: 'recorded' must map",
        ),
        (WHOLE.replace('"rows_of": null', '"rows_of": 1'), "8: 'rows_of' must be a model, or null"),
        ("[" * 100_000, "1: not a baseline: too deeply nested"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, told: str) -> None:
    with pytest.raises(BaselineError) as caught:
        parse(text, "b.json")
    assert str(caught.value).startswith(f"b.json:{told}")
    assert str(caught.value).endswith(f"; {MEND}")


def test_both_sides_of_a_merge_may_have_brought_a_block() -> None:
    assert len(parse(f"{HEAD}{BLOCK},\n{BLOCK}\n]}}", "b.json").accepted) == 1
