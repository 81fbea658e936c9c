"""What the panel shows, from traces and reports made by hand."""

from __future__ import annotations

import json
import re

import pytest

from queryscope.core.events import QueryGroup, Relation, TimelineEntry, Trace
from queryscope.core.explained import Explained
from queryscope.core.findings import Report, Suppression
from queryscope.core.plan_tips.tip import Tip
from queryscope.core.plans import Plan, PlanNode
from queryscope.core.sightings import Location, TemplateLine
from queryscope.core.workload import WorkloadQuery
from queryscope.panel_data import AXIS, COLORS, MAX_CHANGES, MAX_LANES, MAX_SLOW, page, statements
from queryscope.panel_plan import MAX_DEPTH, explanation
from tests.core.reporters.reports import DUPLICATE, LINES, MODELS, ROOT, WAITING, finding

MS = 1_000_000


def group(**changes) -> QueryGroup:
    values = {
        "fingerprint": 'SELECT * FROM "orders_customer" WHERE "id" = ?',
        "digest": "0" * 12,
        "kind": "select",
        "database": "default",
        "vendor": "postgresql",
        "tables": ("orders_customer",),
        "operation": "queryset",
        "count": 1,
        "duration_ms": 1.0,
        "slowest_ms": 1.0,
        "location": Location(MODELS, 31, "Order.label", 'return f"{self.customer.name}"'),
        "template": None,
        "application": True,
    }
    return QueryGroup(**{**values, **changes})


def trace(groups=(), timeline=(), *, queries=None, duration_ms=100.0) -> Trace:
    asked = sum(group.count for group in groups) if queries is None else queries
    return Trace(
        name="GET /orders/",
        request="/orders/",
        status=200,
        duration_ms=duration_ms,
        queries=asked,
        distinct=len({group.fingerprint for group in groups}),
        database_ms=sum(group.duration_ms for group in groups),
        groups=tuple(groups),
        timeline=tuple(TimelineEntry(*entry) for entry in timeline),
    )


def data(seen: Trace, *findings, slow_ms=100.0, **report) -> dict:
    made = page(seen, Report((), tuple(findings), **report), root=ROOT, slow_ms=slow_ms)
    assert made == json.loads(json.dumps(made))
    return made


def bars(lane: dict) -> list[tuple[int, int]]:
    return [(int(x), int(w)) for x, w in re.findall(r"M(\d+) 0h(\d+)v1h-\2z", lane["path"])]


@pytest.mark.parametrize(
    ("findings", "subtitle", "severity"),
    [
        ((), "2 queries", ""),
        ((finding(),), "1 finding, 2 queries", "error"),
        ((WAITING, DUPLICATE), "2 findings, 2 queries", "warning"),
        ((WAITING,), "1 finding, 2 queries", "info"),
    ],
)
def test_the_navigation_has_the_worst(findings, subtitle, severity):
    made = data(trace([group(count=2)]), *findings)
    assert (made["subtitle"], made["severity"]) == (subtitle, severity)


def test_findings_of_one_change_are_told_together_worst_first():
    made = data(trace(), WAITING, DUPLICATE, finding(), LINES)
    assert [len(change["findings"]) for change in made["changes"]] == [2, 1, 1]
    assert [change["severity"] for change in made["changes"]] == ["error", "warning", "info"]
    first = made["changes"][0]
    assert first["savings"].startswith("saves 99 of 100 queries")
    assert first["origin"]["place"] == "shop/orders/views.py:12"
    assert first["origin"]["code"] == "orders = Order.objects.filter(open=True)"
    [code] = first["codes"]
    assert code.startswith("Order.objects.select_related(")
    assert first["hints"] == ["Change the queryset at views.py:12."]


def test_a_finding_names_its_place_its_template_and_what_else_changes():
    [change] = data(trace(), LINES, slow_ms=1)["changes"]
    [told] = change["findings"]
    assert told["template"] == "shop/templates/orders/list.html:14"
    assert told["location"]["place"] == "shop/orders/views.py:9"
    assert told["location"]["function"] == "order_list"
    assert told["fingerprint"] == ""  # the relation says it
    hinted = finding(hint="Change it at views.py:12, then read [x] instead of y")
    [change] = data(trace(), hinted)["changes"]
    assert change["hints"] == ["Change it at views.py:12."]
    assert change["afterwards"] == ["read [x] instead of y."]


def test_a_finding_where_the_rows_come_from_names_the_place_once():
    place = Location(MODELS, 3, "f", "x")
    [change] = data(trace(), finding(location=place, origin=place))["changes"]
    assert change["findings"][0]["location"] is None
    assert change["origin"]["place"] == "shop/orders/models.py:3"


def test_the_statement_is_told_where_no_relation_says_it():
    [change] = data(trace(), DUPLICATE)["changes"]
    assert change["findings"][0]["fingerprint"] == DUPLICATE.fingerprint
    assert change["codes"] == []


def test_findings_have_the_numbers_of_their_lanes():
    shown = finding()
    seen = trace(
        [
            group(digest="1" * 12, count=3),
            group(digest=shown.digest, location=shown.location, count=50, duration_ms=9.0),
            group(digest=shown.digest, location=Location(MODELS, 99, "f"), count=2),
        ]
    )
    made = data(seen, shown)
    assert made["changes"][0]["findings"][0]["badges"] == [{"number": 1, "color": 1}]
    assert made["lanes"][0]["count"] == "50 queries"


def test_lanes_are_what_repeats_then_what_takes_the_time_and_one_for_the_rest():
    groups = [group(digest=f"{n:012}", duration_ms=float(n)) for n in range(MAX_LANES + 3)]
    groups.append(group(digest="f" * 12, count=2, duration_ms=0.1))
    lanes = data(trace(groups))["lanes"]
    assert [lane["number"] for lane in lanes] == [*range(1, MAX_LANES + 1), 0]
    assert [lane["time"] for lane in lanes[:2]] == ["0.1 ms", "14 ms"]
    assert (lanes[-1]["label"], lanes[-1]["count"]) == ("4 other places", "4 queries")
    assert [lane["color"] for lane in lanes[COLORS - 1 : COLORS + 1]] == [COLORS, 1]


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({}, "SELECT orders_customer"),
        ({"tables": ("a", "b", "c"), "kind": "delete"}, "DELETE a, b, …"),
        ({"tables": (), "kind": "other"}, "OTHER"),
        ({"relation": "customer"}, "Order.customer"),
        ({"relation": "lines", "operation": "count"}, "Order.lines.count()"),
    ],
)
def test_a_lane_says_what_is_asked(changes, label):
    if name := changes.get("relation"):
        changes["relation"] = Relation("orders.Order", name, name, "forward", "orders.Customer")
    [lane] = data(trace([group(**changes)]))["lanes"]
    assert lane["label"] == label


@pytest.mark.parametrize(
    ("timeline", "expected"),
    [
        ([], []),
        ([(0, 0, 100 * MS)], [(0, AXIS)]),
        ([(0, 50 * MS, 10 * MS)], [(500, 100)]),
        ([(0, 100 * MS - 1, 1)], [(AXIS - 3, 3)]),  # the least that can be seen, inside the axis
        ([(0, 10 * MS, MS), (0, 11 * MS, MS)], [(100, 20)]),  # side by side
        ([(0, 10 * MS, MS), (0, 50 * MS, MS)], [(100, 10), (500, 10)]),
        ([(0, 50 * MS, MS), (0, 10 * MS, 60 * MS)], [(100, 600)]),  # of two threads
    ],
)
def test_bars_are_where_the_queries_ran(timeline, expected):
    [lane] = data(trace([group(count=len(timeline))], timeline))["lanes"]
    assert bars(lane) == expected


def test_thousands_of_queries_take_no_more_room_than_the_axis_has():
    timeline = [(0, n * 10_000, 5_000) for n in range(10_000)]
    [lane] = data(trace([group(count=10_000)], timeline))["lanes"]
    assert len(bars(lane)) <= AXIS / 3


def test_the_words_say_what_the_bars_show():
    timeline = [(0, 3 * MS, MS), (1, 5 * MS, MS), (0, 40 * MS, 2 * MS)]
    lanes = data(trace([group(count=2), group(digest="1", count=9)], timeline))["lanes"]
    words = {lane["count"]: lane["words"] for lane in lanes}
    assert words["2 queries"] == "2 queries from 3.0 ms to 42 ms"
    assert data(trace([group()]))["lanes"][0]["words"] == "not on the timeline"


def test_the_axis_is_the_request_or_the_part_of_it_that_was_noted():
    whole = data(trace([group()], [(0, 0, MS)]))["axis"]
    assert (whole["ticks"], whole["cut"]) == (["0 ms", "50 ms", "100 ms"], False)
    part = data(trace([group(count=1_300)], [(0, 0, MS), (0, 9 * MS, MS)]))["axis"]
    assert (part["ticks"], part["cut"]) == (["0 ms", "5.0 ms", "10 ms"], True)
    assert (part["shown"], part["queries"]) == ("2", "1,300")


def test_slow_queries_are_one_a_statement_slowest_first():
    groups = [
        group(digest="a", slowest_ms=200.0, duration_ms=200.0),
        group(digest="b", slowest_ms=500.0, duration_ms=600.0, count=3),
        group(digest="b", slowest_ms=10.0, duration_ms=10.0, location=None),
        group(digest="c", slowest_ms=99.0),
        group(digest="d", slowest_ms=900.0, kind="other"),
    ]
    rows = data(trace(groups))["slow"]
    assert [(row["digest"], row["slow"]) for row in rows] == [
        ("b", True),
        ("a", True),
        ("c", False),  # one of the slowest three
    ]
    assert (rows[0]["slowest"], rows[0]["count"], rows[0]["time"]) == (
        "500 ms",
        "4 queries",
        "610 ms",
    )
    assert len(rows[0]["badges"]) == 2


def test_what_there_may_be_of_everything():
    groups = [group(digest=f"{n}", slowest_ms=200.0) for n in range(40)]
    findings = [
        finding(origin=Location(MODELS, n, "f"), relation=f"o.Order.r{n}") for n in range(40)
    ]
    made = data(trace(groups), *findings)
    assert (len(made["slow"]), len(made["changes"]), made["more_changes"]) == (
        MAX_SLOW,
        MAX_CHANGES,
        40 - MAX_CHANGES,
    )


def test_what_is_allowed_is_counted():
    taken = Suppression("x", None, None, (), "", None, "used", findings=(finding(),))
    assert data(trace(), suppressions=(taken,))["allowed"] == 1


def test_every_statement_is_found_to_be_laid_out():
    made = data(trace([group(count=2)]), DUPLICATE)
    assert [part["fingerprint"] for part in statements(made)] == [
        DUPLICATE.fingerprint,
        group().fingerprint,
        group().fingerprint,
    ]
    assert list(statements({"fault": "x"})) == []


def test_what_people_wrote_is_one_clean_line():
    odd = group(
        location=Location(f"{ROOT}/a\x1b[31m.py", 1, "f", "x = '\u202e'"),
        template=TemplateLine(f"{ROOT}/t\n.html", 1),
    )
    [lane] = data(trace([odd]))["lanes"]
    assert "\x1b" not in lane["location"]["place"]
    assert "\u202e" not in lane["location"]["code"]
    assert "\n" not in lane["template"]


# Plans.

QUERY = WorkloadQuery("d", "SELECT ?", "select", ())


def deep(levels: int) -> PlanNode:
    children = (deep(levels - 1),) if levels else ()
    return PlanNode(
        "Nested Loop", self_ms=1.0, duration_ms=4.0, rows=2.0, loops=1.0, children=children
    )


def test_a_plan_is_its_steps_in_order_with_the_tips_below_theirs():
    tip = Tip("disk-sort", 1, "sorts on disk", "ask for fewer rows", 3.0)
    plan = Plan(deep(2), "postgresql", analyzed=True, execution_ms=4.0)
    made = explanation(Explained(QUERY, plan, (tip,)))
    assert [step["depth"] for step in made["steps"]] == [0, 1, 2]
    assert [len(step["tips"]) for step in made["steps"]] == [0, 1, 0]
    assert made["steps"][1]["tips"][0]["hint"] == "ask for fewer rows"
    assert made["steps"][0]["cells"][0] == {"name": "Time", "value": "1.0 ms"}
    assert made["steps"][0]["share"] == 25
    assert made["summary"] == "PostgreSQL, ran in 4.0 ms"


def test_a_plan_that_was_not_run_says_why():
    root = PlanNode("Insert", total_cost=1.0, rows_estimated=1.0)
    made = explanation(Explained(QUERY, Plan(root, "postgresql", refusal="it writes")))
    assert made["summary"].endswith("Not measured: it writes.")
    assert [cell["name"] for cell in made["steps"][0]["cells"]] == ["Cost", "Est. rows"]
    assert made["steps"][0]["share"] is None


def test_a_deep_plan_is_indented_so_far_only():
    made = explanation(Explained(QUERY, Plan(deep(40), "postgresql")))
    assert made["steps"][-1]["depth"] == MAX_DEPTH


def test_no_plan_has_a_reason():
    made = explanation(Explained(QUERY, problem="the server\nis gone"))
    assert (made["steps"], made["problem"]) == ([], "the server\\nis gone")
