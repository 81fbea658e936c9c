"""A table that changed much since the planner last looked at it, so that it plans in the dark.

    load_rows(table); report(table)          as many rows as the planner never heard of

Why it hurts: the planner still thinks of the table as it was, and chooses ways that were right for
that: nested loops over what has become a million rows.

Instead of:
    waiting for autovacuum
use:
    ANALYZE table;                           at the end of what loads many rows
    ALTER TABLE table SET (autovacuum_analyze_scale_factor = 0.02);      for large, busy tables

It is reported for a table of 10,000 rows or more that was never analysed, or of which more than a
fifth has changed since, when the plan of a query shows that the planner's guess is off by three
times or more. PostgreSQL only.

Silent: tables of which the planner has the right idea nevertheless, and those that no query that
is worth a plan reads; temporary tables once they are gone.

To allow one: the comment "# queryscope: ignore[stale-statistics] why" on the line of the query or
on the line above, or an entry of QUERYSCOPE["ALLOW"].
"""

from __future__ import annotations

from collections.abc import Iterable

from ..detection import Case, Detection
from ..planned import finding_of, matters, misjudged
from ..schema import Table

NAME = "stale-statistics"


def detect(case: Case) -> Iterable[Detection]:
    """Find the tables, each at the query that takes the most time of those that suffer."""
    told: set[str] = set()
    for group in sorted(case.trace.groups, key=lambda group: -group.duration_ms):
        explained = case.explained(group)
        if explained is None or not matters(case, group, group.slowest_ms):
            continue
        for name, table in misjudged(explained).items():
            if name in told:
                continue
            told.add(name)
            finding = finding_of(
                NAME, case.trace, group, message=_message(table), hint=_hint(table), tables=(name,)
            )
            yield Detection(finding, frozenset())


def _message(table: Table) -> str:
    if not table.analyzed:
        return f"The planner knows nothing of {table.name}: it was never analysed"
    share = (table.modified or 0) / max(table.rows, 1.0)
    days = table.analyzed_days
    since = f" {days:,.0f} days ago" if days is not None and days >= 2 else ""
    return (
        f"The planner knows {table.name} as it was{since}: "
        f"{table.modified or 0:,} rows ({min(share, 9.99):.0%} of it) have changed since"
    )


def _hint(table: Table) -> str:
    if not table.analyzed:
        return f"At the end of what loads its rows, run ANALYZE {table.name};"
    return (
        f"At the end of what changes its rows, or more often by autovacuum, ANALYZE {table.name};"
    )
