"""The planner expects far more or fewer rows than there are, and may choose the wrong way.

    Task.objects.filter(city="Paris", country="France")      it multiplies the shares of both

Why it hurts: for a few rows it goes through an index one by one; when there are 100,000 after all,
that takes minutes where reading the table takes one second.

Instead of:
    hoping
use:
    ANALYZE table;                                                 never analysed, or long ago
    CREATE STATISTICS ... (dependencies) ON city, country ...;     columns that depend on each other

The plan of a query shows it: in an audit those that take the most time are asked for theirs,
elsewhere those slower than SLOW_QUERY_MS. It is reported when what was misjudged costs a tenth of
SLOW_QUERY_MS or more in each run. PostgreSQL only.

Silent: small numbers of rows; tables whose statistics are old, which is stale-statistics.

To allow one: the comment "# queryscope: ignore[row-misestimate] why" on its line or
on the line above, or an entry of QUERYSCOPE["ALLOW"].
"""

from __future__ import annotations

from collections.abc import Iterable

from ..detection import Case, Detection
from ..planned import is_misjudged, tipped

NAME = "row-misestimate"


def detect(case: Case) -> Iterable[Detection]:
    """Take what the plans show of it."""
    return tipped(case, NAME, but=is_misjudged)
