"""More queries, distinct queries or time than an endpoint may have.

    QUERYSCOPE = {
        "QUERY_BUDGET": 20,
        "QUERY_BUDGETS": {
            "/api/projects/": 10,
            "GET /dashboard/*": {"queries": 10, "distinct": 8, "database_ms": 200},
        },
    }

A number limits the queries. A dict may limit "queries", "distinct" (queries that differ in more
than their values), "database_ms" and "duration_ms" (of a request, in milliseconds), and
"database_ratio": the time in the database over the one that the baseline recorded, of which less
than 5 ms count as 5 ms.

Why it hurts: a page rarely gets slow in one step; a budget stops the drift.

Instead of:
    raising the budget
use:
    the other findings of the endpoint: they say which queries to take away

Each measure is looked up by itself: what the endpoint's own budget ("GET /api/projects/", then
"/api/projects/") does not name has the limit of the first pattern that names it ("/api/*"), then
that of QUERY_BUDGET. None lifts a limit.

Counts are those of the worst request of an endpoint; times are medians over its requests, so that
one slow start is no finding where several were made (audit --repeat 5). The middleware sees one
request at a time, and judges that. A ratio is judged by a check alone. In a baseline a time that is
accepted stays so, however long it takes, and a count as long as it does not grow.

Silent: unless QUERY_BUDGET or QUERY_BUDGETS sets a budget. No time has one by default: give it
limits so wide that a busy machine keeps them.

To allow one: set the endpoint's budget to what it needs, or give it an entry of
QUERYSCOPE["ALLOW"]; a comment has no line to stand on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..budgets import COUNTS, DETECTOR, RATIO, TIMES, Budget, Measured, figure, judge, told
from ..detection import Case, Detection
from ..findings import Endpoint, Finding
from ..gate import Verdict

NAME = DETECTOR


def detect(case: Case) -> Iterable[Detection]:
    """Compare what one request counts with the endpoint's budget."""
    trace = case.trace
    for verdict in judge(trace, case.options.budget_for(trace.name)):
        if verdict.over and verdict.measure in COUNTS:
            yield Detection(_finding(verdict, trace), frozenset())


def late(endpoints: Iterable[Endpoint], budget_for: Callable[[str], Budget]) -> Iterator[Detection]:
    """The endpoints whose requests take longer than they may: medians, which no trace has."""
    for endpoint in endpoints:
        for verdict in judge(endpoint, budget_for(endpoint.name)):
            if verdict.over and verdict.measure in TIMES:
                yield Detection(_finding(verdict, endpoint), frozenset())


def exceeded(endpoints: Iterable[Endpoint], verdicts: Iterable[Verdict]) -> Iterator[Finding]:
    """What verdicts say that are over, as findings: a check's, which knows what was recorded."""
    named = {endpoint.name: endpoint for endpoint in endpoints}
    for verdict in verdicts:
        if verdict.over:
            yield _finding(verdict, named[verdict.endpoint])


def _finding(verdict: Verdict, measured: Measured) -> Finding:
    counts = verdict.measure in COUNTS
    return Finding(
        detector=NAME,
        severity="error",
        confidence="certain" if counts else "likely",
        endpoint=measured.name,
        request=measured.request,
        message=told(verdict),
        hint=_hint(verdict, measured),
        location=None,
        origin=None,
        template=None,
        model=None,
        relation=None,
        tables=(),
        fingerprint="",
        # There is no statement; this tells the findings of one endpoint apart.
        digest=verdict.measure,
        count=int(verdict.value) if counts else measured.queries,
        duration_ms=measured.database_ms,
        saves=int(verdict.value - verdict.limit) if counts else 0,
    )


def _hint(verdict: Verdict, measured: Measured) -> str:
    if verdict.measure in COUNTS:
        over = figure(verdict.measure, verdict.value - verdict.limit)
        return f"Take away {over} or more; the other findings of this endpoint say which."
    if verdict.measure == "duration_ms":
        database = figure("database_ms", measured.database_ms)
        return f"{database} of it are in the database; a profiler shows where the rest goes."
    if verdict.measure == RATIO:
        return (
            "Find what has changed since the baseline was written, or write it again if this is "
            "meant to be."
        )
    return "The other findings of this endpoint say which queries to take away or to speed up."
