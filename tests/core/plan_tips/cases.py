"""All statements whose plans are kept."""

from __future__ import annotations

from .cases_of_planning import PLANNING
from .cases_of_reading import READING
from .cases_on_sqlite import SQLITE_CASES

CASES = (*READING, *PLANNING)
#: Those that are made on PostgreSQL 18 as well, whose plans have other fields. Its small memory
#: shows cache-misses.
NEWEST = frozenset(
    {
        "cache-misses",
        "deep-offset",
        "disk-sort",
        "disk-sort-hash",
        "heap-fetches",
        "index-filter-ordered",
        "non-sargable-date",
        "row-misestimate-columns",
        "sequential-scan-parallel",
        "subplan-per-row",
        "top-n-sort-mixed",
        "wide-rows",
    }
)
__all__ = ["CASES", "NEWEST", "SQLITE_CASES"]
