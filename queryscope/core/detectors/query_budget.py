"""More queries in one request than its endpoint may have.

    QUERYSCOPE = {"QUERY_BUDGET": 20, "QUERY_BUDGETS": {"/api/projects/": 10}}

Why it hurts: a page rarely gets slow in one step; a budget stops the drift.

Instead of:
    raising the budget
use:
    the other findings of the endpoint: they say which queries to take away

Silent: unless QUERY_BUDGET or QUERY_BUDGETS sets a budget. The route's own budget comes first,
then the first pattern that matches ("/api/*"), then the default.

To allow one: set the endpoint's budget to what it needs, or give it an entry of
QUERYSCOPE["ALLOW"]; a comment has no line to stand on.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..detection import Case, Detection
from ..findings import Finding

NAME = "query-budget"


def detect(case: Case) -> Iterable[Detection]:
    """Compare the number of queries with the endpoint's budget."""
    trace = case.trace
    budget = case.options.budget_for(trace.name)
    if budget is None or trace.queries <= budget:
        return
    over = trace.queries - budget
    finding = Finding(
        detector=NAME,
        severity="error",
        confidence="certain",
        endpoint=trace.name,
        request=trace.request,
        message=f"{trace.queries} queries, the budget is {budget}",
        hint=f"Take away {over} or more; the other findings of this endpoint say which.",
        location=None,
        origin=None,
        template=None,
        model=None,
        relation=None,
        tables=(),
        fingerprint="",
        digest="",
        count=trace.queries,
        duration_ms=trace.database_ms,
        saves=over,
    )
    yield Detection(finding, frozenset())
