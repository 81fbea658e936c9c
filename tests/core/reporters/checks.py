"""Checks to render: a report whose findings are new, and what its baseline says of the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from queryscope.core.findings import Report
from queryscope.core.gate import Accepted, Gate, Moved, Verdict

from . import reports

GONE = Accepted(
    "n-plus-one::shop/orders/views.py::invoice_list::orders.Invoice.order",
    "audit",
    2,
    "orders.Invoice",
    ("a" * 12,),
    ("GET /invoices/",),
)
#: New in a place of its own; the other one is known and became more.
NEW = reports.finding(
    relation="orders.Order.invoice",
    message="Order.invoice is loaded for each Order row: 50 queries",
    location=reports.Location(
        reports.VIEWS, 13, "order_list", "rows = [o.invoice.number for o in orders]"
    ),
)
KNOWN = (reports.DUPLICATE, reports.LINES)
GATE = Gate(
    file="queryscope-baseline.json",
    known=KNOWN,
    grown={reports.finding().key: 1},
    fixed=(GONE,),
    shrunk=(replace(GONE, key=GONE.key.replace("invoice_list", "invoice"), count=1),),
    moved=(
        Moved(
            replace(GONE, key="duplicate-query::shop/old.py::banner::core.Setting"),
            replace(GONE, key="duplicate-query::shop/new.py::banner::core.Setting"),
        ),
    ),
    unseen=(replace(GONE, endpoints=("GET /admin/",)),),
    verdicts=(
        Verdict("GET /orders/", "queries", 103, 10),
        Verdict("GET /orders/", "database_ms", 212.5, 500),
    ),
    problems=("1 endpoint failed: GET /reports/{year}/",),
    strict=True,
)


def check(*findings: Any, **changes: Any) -> Report:
    values: dict[str, Any] = {"gate": GATE, "endpoints": reports.FULL.endpoints}
    return reports.report(*findings, **{**values, **changes})


CHECKED = check(NEW, reports.finding(), reports.ELSEWHERE, reports.BUDGET)
#: Nothing new, and nothing else to say.
CLEAN = check(gate=Gate(file="queryscope-baseline.json", known=KNOWN))
#: Without a baseline everything is new, what waits for a second row as well.
FIRST = check(reports.WAITING, gate=Gate(file=None))
STRICT = check(gate=replace(GATE, grown={}, moved=(), verdicts=()))
