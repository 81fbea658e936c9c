"""Reports to render: real ones in their shape, small enough to read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from queryscope.core.findings import (
    Endpoint,
    Finding,
    Report,
    Skipped,
    Suppression,
    Withdrawn,
    rank,
)
from queryscope.core.repairs import Fix, Proof
from queryscope.core.sightings import Location, TemplateLine

ROOT = "/home/ann/shop"
VIEWS = f"{ROOT}/shop/orders/views.py"
MODELS = f"{ROOT}/shop/orders/models.py"
ADMIN = "/venv/lib/python3.13/site-packages/django/contrib/admin/options.py"

ROWS = Location(VIEWS, 12, "order_list", "orders = Order.objects.filter(open=True)")
MERGED = Fix(
    "select_related",
    ("customer__country", "lines__product"),
    'Order.objects.select_related("customer__country").prefetch_related("lines__product")',
)


def finding(**changes: Any) -> Finding:
    values: dict[str, Any] = {
        "detector": "n-plus-one",
        "severity": "error",
        "confidence": "certain",
        "endpoint": "GET /orders/",
        "request": "/orders/",
        "message": "Order.customer is loaded for each Order row: 50 queries",
        "hint": "Change the queryset at views.py:12.",
        "location": Location(MODELS, 31, "Order.label", 'return f"{self.customer.name}"'),
        "origin": ROWS,
        "template": None,
        "model": "orders.Order",
        "relation": "orders.Order.customer",
        "tables": ("orders_customer",),
        "fingerprint": 'SELECT * FROM "orders_customer" WHERE "id" = ?',
        "digest": "0" * 12,
        "count": 50,
        "duration_ms": 10.0,
        "saves": 50,
        "fix": MERGED,
    }
    return Finding(**{**values, **changes})


LINES = finding(
    message="Order.lines is loaded for each Order row: 50 queries",
    location=Location(VIEWS, 9, "order_list", "def order_list(request):"),
    template=TemplateLine(f"{ROOT}/shop/templates/orders/list.html", 14),
    relation="orders.Order.lines",
    saves=49,
)
DUPLICATE = finding(
    detector="duplicate-query",
    severity="warning",
    message="Setting.get() is asked 3 times with the same values",
    hint="Ask once and pass the result on.",
    location=Location(VIEWS, 40, "banner", 'Setting.objects.get(name="banner")'),
    origin=None,
    relation=None,
    fingerprint=(
        'SELECT "core_setting"."id", "core_setting"."name", "core_setting"."value", '
        '"core_setting"."changed" FROM "core_setting" WHERE "core_setting"."name" = ? LIMIT ?'
    ),
    count=3,
    duration_ms=0.6,
    saves=2,
    fix=None,
)
WAITING = finding(
    endpoint="GET /orders/{pk}/",
    request="/orders/7/?tab=lines&all=1",
    severity="info",
    message="Line.product is loaded for each Line row; there is one row now, so 1 query",
    hint="Change the queryset at options.py:2504.",
    location=None,
    origin=Location(ADMIN, 2504, "ModelAdmin.delete_view", "def delete_view(self, request):"),
    relation="orders.Line.product",
    count=1,
    duration_ms=0.2,
    saves=0,
    waiting=True,
    fix=Fix("select_related", ("product",), 'Line.objects.select_related("product")'),
)
LIBRARY = finding(
    severity="info",
    location=Location(ADMIN, 1700, "ModelAdmin.get_list", "for row in rows:"),
    origin=Location(ADMIN, 1690, "ModelAdmin.get_list", "rows = list(queryset)"),
    count=30,
    saves=30,
)
BUDGET = finding(
    detector="query-budget",
    message="103 queries, the budget is 10",
    hint="Take away 93 or more; the other findings of this endpoint say which.",
    location=None,
    origin=None,
    relation=None,
    fingerprint="",
    digest="",
    count=103,
    duration_ms=25.0,
    saves=93,
    fix=None,
)
ELSEWHERE = finding(
    endpoint="GET /dashboard/",
    request="/dashboard/",
    message="Order.customer is loaded for each Order row: 20 queries",
    count=20,
    duration_ms=4.0,
    saves=20,
)


def endpoint(name: str, queries: int, **changes: Any) -> Endpoint:
    values: dict[str, Any] = {
        "name": name,
        "request": name.partition(" ")[2],
        "status": 200,
        "queries": queries,
        "distinct": min(queries, 4),
        "database_ms": queries / 4,
        "duration_ms": queries / 2,
        "share": queries / 200,
    }
    return Endpoint(**{**values, **changes})


def report(*findings: Finding, **changes: Any) -> Report:
    values: dict[str, Any] = {
        "endpoints": (endpoint("GET /", 1), endpoint("GET /orders/", 103)),
        "findings": rank(findings, 1.0),
        "database": {"alias": "default", "vendor": "postgresql"},
        "tool": {"name": "queryscope", "version": "1.2.3"},
    }
    return Report(**{**values, **changes})


FULL = report(
    finding(),
    LINES,
    DUPLICATE,
    WAITING,
    ELSEWHERE,
    endpoints=(
        endpoint("GET /", 1, share=0.001),
        endpoint("GET /dashboard/", 24),
        endpoint("GET /orders/", 1_103),
        endpoint("GET /orders/{pk}/", 5),
        endpoint("GET /about/", 0, distinct=0),
        endpoint(
            "GET /reports/{year}/",
            3,
            status=500,
            request="/reports/2024/",
            problem="500 Internal Server Error: ValueError: the year of the report must be one of "
            "those that were closed by the bookkeeper (reports.py:18)",
        ),
    ),
    skipped=(
        Skipped("/admin/", "admin; add --admin to audit it"),
        Skipped("/admin/orders/order/", "admin; add --admin to audit it"),
        Skipped("/hooks/{pk}/", "no Hook rows to fill {pk} from"),
    ),
)
#: What one ends with when all is mended but the code of others, and with some of that left.
WORTH_KNOWING = report(LIBRARY, WAITING)
SEVERAL_STEPS = report(
    finding(hint="Load the rows of all levels with one query and link them in Python.", fix=None),
    finding(
        relation="orders.Order.notes",
        message="Order.notes is loaded for each Order row: 30 queries",
        hint="Change the queryset at views.py:12, then read .notes.all() and narrow it in Python, "
        "since any other method of the manager queries again.",
        count=30,
        saves=30,
    ),
    finding(
        relation="orders.Order.lines",
        message="Order.lines.count() is asked for each Order row: 9 queries",
        hint="Change the queryset at views.py:12, then read .lines_count instead of "
        ".lines.count().",
        count=9,
        saves=9,
    ),
    BUDGET,
    LIBRARY,
)
SLOW_QUERY = finding(
    detector="slow-query",
    severity="warning",
    message="A query reads 1,000,000 rows of orders_order and keeps 12 rows",
    hint='Index what it asks for: CREATE INDEX CONCURRENTLY "order_customer_status_idx" ON '
    '"orders_order" ("customer_id", "status");',
    relation=None,
    fingerprint='SELECT "orders_order"."id" FROM "orders_order" WHERE "status" = ? LIMIT ?',
    count=1,
    duration_ms=312.0,
    saves=0,
    saves_ms=305.0,
    fix=None,
)
STALE = finding(
    detector="stale-statistics",
    severity="warning",
    message="The planner knows nothing of orders_import: it was never analysed",
    hint="At the end of what loads its rows, run ANALYZE orders_import;",
    origin=None,
    relation=None,
    fingerprint='SELECT COUNT(*) FROM "orders_import"',
    digest="1" * 12,
    count=1,
    duration_ms=40.0,
    saves=0,
    fix=None,
)
#: What plans show takes time from queries that stay.
SLOW = report(SLOW_QUERY, STALE)
EMPTY = report()
REPEATED = report(
    endpoints=(
        endpoint("GET /", 4, median_ms=3.25, p95_ms=5.5, repeats=5),
        endpoint(
            "GET /a/rather/long/route/{with}/many/{arguments}/in/it/and/an/end/",
            8,
            median_ms=1_234.5,
            p95_ms=2_345.6,
            repeats=5,
        ),
        endpoint(
            "GET /продукты/商品/{slug}/詳細情報とレビューの一覧ページ/", 2, median_ms=1, p95_ms=1
        ),
    )
)


def suppression(status: Any, line: int | None = 12, **changes: Any) -> Suppression:
    values: dict[str, Any] = {
        "name": "ignore[n-plus-one]" if line else 'QUERYSCOPE["ALLOW"][0] orders.Order.customer',
        "file": VIEWS if line else None,
        "line": line,
        "detectors": ("n-plus-one",) if line else (),
        "reason": "",
        "until": None,
        "status": status,
    }
    return Suppression(**{**values, **changes})


SUPPRESSED = report(
    DUPLICATE,
    suppressions=(
        suppression("used", None, reason="few customers", findings=(ELSEWHERE,)),
        suppression(
            "used",
            reason="three rows at most, and the page that shows them is cached for a whole day",
            until="2027-01-31",
            findings=(finding(), LINES),
        ),
        suppression(
            "expired",
            40,
            message="expired after 2026-01-31: make the change, or give a later date and the "
            "reason",
        ),
        suppression(
            "misspelt",
            51,
            name="ignore[n-plus-on]",
            message="no such detector 'n-plus-on'; did you mean 'n-plus-one'?",
        ),
        *(suppression("unused", line, message="took nothing") for line in range(60, 72)),
    ),
)
SUPPRESSED_ALL = report(suppressions=SUPPRESSED.suppressions[1:3])


def rerun(before: int, after: int, before_ms: float, after_ms: float, **changes: Any) -> Proof:
    values: dict[str, Any] = {"cost_before": None, "cost_after": None, "same_response": True}
    return Proof(before, after, before_ms, after_ms, **{**values, "method": "rerun", **changes})


def proven(proof: Proof, **changes: Any) -> Finding:
    return finding(confidence="proven", proof=proof, **changes)


DIFF = """\
--- a/shop/orders/views.py
+++ b/shop/orders/views.py
@@ -11,3 +11,5 @@
 def order_list(request):
-    orders = Order.objects.filter(open=True)
+    orders = Order.objects.filter(open=True).select_related("customer__country").prefetch_related(
+        "lines__product"
+    )
     return render(request, "orders/list.html", {"orders": orders})
"""
STREAMED = finding(
    detector="query-in-loop",
    severity="warning",
    confidence="likely",
    message="Stock.get() is asked 12 times with other values",
    location=Location(VIEWS, 70, "stock", "Stock.objects.get(sku=line.sku)"),
    origin=None,
    relation="orders.Stock",
    hint="Ask for all of them at once.",
    count=12,
    saves=11,
    fix=Fix("in_bulk", (), 'Stock.objects.in_bulk(skus, field_name="sku")'),
    unproven="the loop that asks would have to change as well.",
)
PROVEN = report(
    proven(rerun(1_103, 5, 845.2, 21.4), fix=replace(MERGED, diff=DIFF)),
    replace(LINES, confidence="proven", proof=rerun(1_103, 5, 845.2, 21.4)),
    replace(ELSEWHERE, confidence="proven", proof=rerun(24, 3, 9.4, 4.04)),
    STREAMED,
    DUPLICATE,
    WAITING,
    endpoints=(
        endpoint("GET /", 1, touched=("mail: 2 messages not sent", "socket: 10.0.0.7:6379")),
        endpoint("GET /about/", 0, touched=("cache default: 3 writes", "storage: 1 file saved")),
        endpoint("GET /dashboard/", 24, proof=rerun(24, 3, 9.4, 4.04)),
        endpoint("GET /orders/", 1_103, proof=rerun(1_103, 4, 845.2, 19.6)),
        endpoint("GET /team/", 2, touched=("mail: 2 messages not sent", "socket: 10.0.0.7:6379")),
    ),
    withdrawn=(
        Withdrawn(
            finding(relation="orders.Order.notes", message="Order.notes is loaded for each row"),
            "half of the rows cause as many queries (50) as all of them",
        ),
        Withdrawn(
            finding(),
            "with it the body differs from the 1,204th character on",
            'Order.objects.select_related("customer__country").prefetch_related("lines")',
        ),
    ),
)
#: One change of one page: the change says it all.
PROVEN_ONE = report(
    proven(rerun(103, 4, 1_250.0, 21.4)),
    endpoints=(endpoint("GET /orders/", 103, proof=rerun(103, 4, 1_250.0, 21.4)),),
)
