"""Two runs of one project, before and after a change, with some of everything in between."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from queryscope.core.advice import AdvisedIndex, Served
from queryscope.core.findings import Finding, Report, Skipped, rank
from queryscope.core.indexes import IndexDefinition, IndexKey
from queryscope.core.sightings import Location

from .reports import (
    DUPLICATE,
    LINES,
    MODELS,
    ROOT,
    SLOW_QUERY,
    VIEWS,
    endpoint,
    finding,
    report,
    suppression,
)


def index(*columns: str, where: str = "GET /orders/") -> AdvisedIndex:
    keys = tuple(IndexKey(column) for column in columns)
    served = Served("0" * 12, "SELECT ?", 10.0, 100.0, 1.0, 9.0, 0.5, "", (where,))
    return AdvisedIndex(IndexDefinition("orders_order", keys), (served,), 8192, (), "measured")


NOTES = finding(
    relation="orders.Order.notes",
    message="Order.notes is loaded for each Order row: 50 queries",
    location=Location(VIEWS, 16, "order_list", "[order.notes.all() for order in orders]"),
    fix=None,
    hint="Change the queryset at views.py:12.",
)
RENAMED = replace(DUPLICATE, location=Location(f"{ROOT}/shop/banners.py", 8, "banner"))
TWICE = finding(relation="orders.Order.owner", message="Order.owner is loaded twice", fix=None)
STAFF = finding(
    endpoint="GET /staff/",
    relation="staff.Member.team",
    location=Location(MODELS, 80, "Member.label"),
    message="Member.team is loaded for each Member row: 9 queries",
    count=9,
    fix=None,
)
LOGS = replace(STAFF, endpoint="GET /logs/", relation="logs.Log.user", message="Log.user is loaded")
HOOK = replace(STAFF, endpoint="GET /hooks/{pk}/", relation="hooks.Hook.user", message="Hook.user")
TAGS = finding(relation="orders.Order.tags", message="Order.tags is loaded for each Order row")


def elsewhere(found: Finding, line: int) -> Finding:
    """The same on another line of the same function."""
    place = found.location
    assert place is not None
    return replace(found, location=replace(place, line=line))


def run(*findings: Finding, **changes: Any) -> Report:
    return report(**{"findings": rank(findings, 1.0), "whole": True, **changes})


BEFORE = run(
    *(finding(), elsewhere(finding(), 35)),
    *(DUPLICATE, TWICE, STAFF, LOGS, TAGS, LINES, HOOK),
    endpoints=(
        endpoint("GET /", 4),
        endpoint("GET /orders/", 103),
        endpoint("GET /slow/", 8, database_ms=40.0),
        endpoint("GET /fast/", 8, database_ms=90.0),
        endpoint("GET /shape/", 8),
        endpoint("GET /less/", 31),
        endpoint("GET /staff/", 12),
        endpoint("GET /logs/", 9),
        endpoint("GET /old/", 3),
        endpoint("GET /hooks/{pk}/", 7),
        endpoint("GET /broken/", 0, status=500, problem="500 Internal Server Error"),
        endpoint("GET /reports/{year}/", 3),
    ),
    indexes=(index("customer_id"), index("created_at", where="GET /hooks/{pk}/")),
)
AFTER = run(
    *(finding(), NOTES, RENAMED, TWICE, elsewhere(TWICE, 35), SLOW_QUERY),
    endpoints=(
        endpoint("GET /", 4, database_ms=5.0),
        endpoint("GET /orders/", 153, distinct=5),
        endpoint("GET /slow/", 8, database_ms=60.0),
        endpoint("GET /fast/", 8, database_ms=45.0),
        endpoint("GET /shape/", 8, distinct=5),
        endpoint("GET /less/", 2),
        endpoint("GET /staff/", 3),
        endpoint("GET /new/|page/", 7),
        endpoint("GET /broken/", 5),
        endpoint(
            "GET /reports/{year}/",
            3,
            status=500,
            request="/reports/2024/",
            problem="500 Internal Server Error: ValueError: the year must be one of those that "
            "were closed (reports.py:18)",
        ),
    ),
    skipped=(Skipped("/hooks/{pk}/", "no Hook rows to fill {pk} from"),),
    suppressions=(suppression("used", reason="tags are few", findings=(TAGS,)),),
    indexes=(index("customer_id", "status"),),
    tool={"name": "queryscope", "version": "1.2.4"},
)
#: What a review wants to see first, and no more.
REGRESSION = (
    run(LINES, endpoints=(endpoint("GET /", 1), endpoint("GET /orders/", 53))),
    run(LINES, finding(), endpoints=(endpoint("GET /", 1), endpoint("GET /orders/", 103))),
)
SAME = (run(LINES), run(LINES))
