"""What comments and ``ALLOW`` take away, what is left, and what is said of them."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from queryscope.core.comments import Comment
from queryscope.core.detection import Detection, Options, detections_of, merged
from queryscope.core.detectors import NAMES
from queryscope.core.findings import Finding, Suppression
from queryscope.core.sightings import Location, TemplateLine
from queryscope.core.suppression import Allowance, entry_problems, fits_endpoint, suppress

from .reporters import reports
from .traces import COMMENTS, FORWARD, OWNER, line, loop, source, trace

TODAY = datetime.date(2026, 11, 20)
REASON = {"reason": "few rows"}


def allowance(**entry: str) -> Allowance:
    assert entry_problems({**REASON, **entry}) == []
    return Allowance.of(0, {**REASON, **entry})


@pytest.mark.parametrize(
    ("entry", "problems"),
    [
        ({"detector": "n-plus-one"}, []),
        ({"app": "orders", "until": "2000-01-01"}, []),
        ({"model": "orders.Order", "endpoint": "GET /a/*"}, []),
        ({"relation": "orders.Order.lines"}, []),
        ("n-plus-one", [" must be a dict, not 'n-plus-one'"]),
        (
            {"detectr": "n-plus-one", "app": "a"},
            [" has no key 'detectr'; did you mean 'detector'?"],
        ),
        ({1: "x", "app": "a"}, [" has no key 1"]),
        (
            {"detector": "n-plus-on"},
            ["['detector']: no such detector 'n-plus-on'; did you mean 'n-plus-one'?"],
        ),
        ({"detector": "zz"}, [f"['detector']: no such detector 'zz' ({', '.join(NAMES)})"]),
        ({"app": ""}, ["['app'] must be a string that is not empty, not ''"]),
        ({"app": None}, ["['app'] must be a string that is not empty, not None"]),
        ({"app": "a.b"}, ["['app'] must be written like 'projects', not 'a.b'"]),
        ({"model": "Order"}, ["['model'] must be written like 'projects.Task', not 'Order'"]),
        (
            {"relation": "Order.lines"},
            ["['relation'] must be written like 'projects.Task.project', not 'Order.lines'"],
        ),
        (
            {"app": "a", "until": "2027-02-30"},
            ["['until'] must be a date such as '2027-01-31', not '2027-02-30'"],
        ),
        (
            {"app": "a", "until": datetime.date(2027, 1, 31)},
            ["['until'] must be a date such as '2027-01-31', not datetime.date(2027, 1, 31)"],
        ),
        (
            {"until": "2027-01-31"},
            [
                " says nothing to allow: give it one of 'detector', 'app', 'model', 'relation', "
                "'endpoint'"
            ],
        ),
        (
            {"app": "a", "reason": " "},
            ["['reason'] must be a string that is not empty, not ' '"],
        ),
    ],
)
def test_entries(entry: Any, problems: list[str]) -> None:
    assert entry_problems({**REASON, **entry} if isinstance(entry, dict) else entry) == problems


def test_an_entry_gives_its_reason() -> None:
    missing = " has no 'reason': say why, for whoever reads it next"
    assert entry_problems({"app": "orders"}) == [missing]


@pytest.mark.parametrize(
    ("entry", "fits"),
    [
        ({"detector": "n-plus-one"}, True),
        ({"detector": "query-in-loop"}, False),
        ({"app": "orders"}, True),
        ({"app": "order"}, False),
        ({"model": "orders.Order"}, True),
        ({"model": "orders.order"}, False),
        ({"relation": "orders.Order.customer"}, True),
        ({"relation": "orders.Order.customers"}, False),
        ({"endpoint": "GET /orders/"}, True),
        ({"endpoint": "/orders/"}, True),
        ({"endpoint": "/ord*"}, True),
        ({"endpoint": "POST /orders/"}, False),
        ({"endpoint": "/orders"}, False),
        ({"detector": "n-plus-one", "app": "orders", "endpoint": "GET *"}, True),
        ({"detector": "n-plus-one", "app": "orders", "endpoint": "/x"}, False),
        ({"detector": "query-in-loop", "app": "orders", "endpoint": "GET *"}, False),
    ],
)
def test_every_criterion_must_fit(entry: dict[str, str], fits: bool) -> None:
    assert allowance(**entry).fits(reports.finding()) is fits


@pytest.mark.parametrize("criterion", [{"app": "a"}, {"model": "a.B"}, {"relation": "a.B.c"}])
def test_a_finding_without_a_model_fits_no_model(criterion: dict[str, str]) -> None:
    assert not allowance(**criterion).fits(reports.finding(model=None, relation=None))


@pytest.mark.parametrize(
    ("pattern", "endpoint", "fits"),
    [
        ("GET /a/[b]/", "GET /a/[b]/", True),
        ("/a/{pk}/", "GET /a/{pk}/", True),
        ("*", "close-month", True),
        ("close-*", "close-month", True),
        ("get /a/", "GET /a/", False),
    ],
)
def test_endpoints(pattern: str, endpoint: str, fits: bool) -> None:
    assert fits_endpoint(pattern, endpoint) is fits


def comment(number: int, file: str = "/app/views.py", **values: Any) -> Comment:
    return Comment(file, number, number, number, **{"detectors": ("n-plus-one",), **values})


def judged(
    *said: Comment | Allowance, findings: tuple[Finding, ...]
) -> tuple[tuple[Finding, ...], tuple[Suppression, ...]]:
    return applied(*said, detections=[Detection(f, frozenset()) for f in findings])


def applied(
    *said: Comment | Allowance, detections: list[Detection]
) -> tuple[tuple[Finding, ...], tuple[Suppression, ...]]:
    left, told = suppress(
        detections,
        [rule for rule in said if isinstance(rule, Allowance)],
        lambda file: tuple(c for c in said if isinstance(c, Comment) and c.file == file),
        TODAY,
    )
    return merged(left), told


HERE = reports.finding(
    location=Location("/app/a.py", 3, "f"),
    origin=Location("/app/b.py", 5, "g"),
    template=TemplateLine("/app/c.html", 7),
    fix=None,
)


@pytest.mark.parametrize(
    ("said", "statuses"),
    [
        ([comment(3, "/app/a.py")], ["used"]),
        ([comment(5, "/app/b.py")], ["used"]),
        ([comment(7, "/app/c.html")], ["used"]),
        ([comment(4, "/app/a.py")], None),
        ([comment(3, "/app/b.py")], None),
        ([comment(3, "/app/a.py", detectors=("query-in-loop",))], None),
        ([comment(3, "/app/a.py", detectors=("query-in-loop", "n-plus-one"))], ["used"]),
        ([comment(3, "/app/a.py", until=TODAY)], ["used"]),
        ([comment(3, "/app/a.py", until=datetime.date(2026, 11, 19))], ["expired"]),
        ([comment(3, "/app/a.py", mistake="is wrong")], ["misspelt"]),
        ([comment(3, "/app/a.py", mistake="is wrong", detectors=())], ["misspelt"]),
        ([comment(4, "/app/a.py", mistake="is wrong")], None),
        ([allowance(app="orders")], ["used"]),
        ([allowance(app="orders", until="2026-11-20")], ["used"]),
        ([allowance(app="orders", until="2026-11-19")], ["expired"]),
        ([allowance(app="people")], None),
        ([allowance(app="orders"), comment(3, "/app/a.py")], ["used", "used"]),
        (
            [allowance(app="orders", until="2026-11-19"), comment(5, "/app/b.py")],
            ["expired", "used"],
        ),
    ],
)
def test_what_is_allowed(said: list[Any], statuses: list[str] | None) -> None:
    left, told = judged(*said, findings=(HERE,))
    assert [suppression.status for suppression in told] == (statuses or [])
    assert left == (() if "used" in (statuses or []) else (HERE,))
    assert all(s.findings == ((HERE,) if s.status == "used" else ()) for s in told)


def test_what_is_said_of_them() -> None:
    told = judged(
        comment(3, "/app/a.py", reason="few", until=TODAY),
        comment(5, "/app/b.py", until=datetime.date(2026, 1, 31)),
        comment(7, "/app/c.html", detectors=("n-plus-on",), mistake="no such detector"),
        allowance(detector="n-plus-one", relation="orders.Order.customer"),
        findings=(HERE,),
    )[1]
    entry = 'QUERYSCOPE["ALLOW"][0] n-plus-one, orders.Order.customer'
    expired = "expired after 2026-01-31: make the change, or give a later date and the reason"
    assert [(s.name, s.file, s.line, s.reason, s.until, s.message) for s in told] == [
        (entry, None, None, "few rows", None, ""),
        ("ignore[n-plus-one]", "/app/a.py", 3, "few", "2026-11-20", ""),
        ("ignore[n-plus-one]", "/app/b.py", 5, "", "2026-01-31", expired),
        ("ignore[n-plus-on]", "/app/c.html", 7, "", None, "no such detector"),
    ]


def test_a_finding_that_two_allow_is_one_finding() -> None:
    said = [comment(3, "/app/a.py"), comment(5, "/app/b.py")]
    told = judged(*said, findings=(HERE,))[1]
    assert [len(s.findings) for s in told] == [1, 1]
    assert len(reports.report(suppressions=told).suppressed) == 1


@pytest.mark.parametrize(
    ("said", "lookups"),
    [
        ([], ("project__owner", "comment_set")),
        ([comment(3)], ("project__owner",)),
        ([comment(2)], ("project__owner", "comment_set")),
        ([comment(2), comment(4)], ("comment_set",)),
        ([allowance(relation="app.Project.owner")], ("project", "comment_set")),
        ([comment(3, until=datetime.date(2026, 1, 1))], ("project__owner", "comment_set")),
        ([comment(1)], None),
    ],
)
def test_the_fix_that_is_left_names_nothing_that_was_allowed(
    said: list[Any], lookups: tuple[str, ...] | None
) -> None:
    below = source(1, "app.Project", parent=0, relation=FORWARD, single=True, loaded_by="lazy")
    seen = trace(
        loop(FORWARD, location=line(2)),
        loop(COMMENTS, location=line(3)),
        loop(OWNER, source=1, location=line(4)),
        sources=(source(), below),
    )
    left, _ = applied(*said, detections=detections_of([seen], Options()))
    if lookups is None:
        assert left == ()
    else:
        assert {finding.fix.lookups for finding in left if finding.fix} == {lookups}


def test_what_was_allowed_at_one_endpoint_is_fixed_for_the_other() -> None:
    seen = [
        trace(loop(relation, location=line(number)), sources=(source(),), name=name)
        for number, (relation, name) in enumerate(((FORWARD, "GET /a/"), (COMMENTS, "GET /b/")), 2)
    ]
    rule = allowance(endpoint="/b/")
    left, (told,) = applied(rule, detections=detections_of(seen, Options()))
    assert [(f.endpoint, f.fix and f.fix.lookups) for f in left] == [("GET /a/", ("project",))]
    assert [(f.endpoint, f.relation) for f in told.findings] == [
        ("GET /b/", "app.Task.comment_set")
    ]


@pytest.mark.parametrize(
    ("findings", "statuses", "failing"),
    [
        ((), (), False),
        (("info",), (), False),
        (("info", "warning"), (), True),
        ((), ("used", "unused"), False),
        ((), ("expired",), True),
        ((), ("misspelt",), True),
    ],
)
def test_what_fails_an_audit(
    findings: tuple[Any, ...], statuses: tuple[Any, ...], failing: bool
) -> None:
    report = reports.report(
        *(reports.finding(severity=severity) for severity in findings),
        suppressions=tuple(
            Suppression("ignore[n-plus-one]", "/x.py", 1, ("n-plus-one",), "", None, status)
            for status in statuses
        ),
    )
    assert report.failing is failing
