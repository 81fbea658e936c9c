"""A sort, or a hash, that does not fit into the memory it may use and goes through the disk.

    Task.objects.order_by("description")             all rows with all their columns are sorted

Why it hurts: what is written to disk and read again takes many times as long, and slows down
everybody who uses that disk.

Instead of:
    Task.objects.order_by("description")
use:
    Task.objects.only("id", "title").order_by("title")[:50]      fewer rows, and narrower ones
    an index in that order, or more work_mem for this query

The plan of a query shows it: in an audit those that take the most time are asked for theirs,
elsewhere those slower than SLOW_QUERY_MS (100). It is reported when the sort costs a tenth of
SLOW_QUERY_MS or more in each run. PostgreSQL only: SQLite does not say where it sorts.

Silent: sorts in memory, such as those that keep only the first rows.

To allow one: the comment "# queryscope: ignore[disk-sort] why" on its line or
on the line above, or an entry of QUERYSCOPE["ALLOW"].
"""

from __future__ import annotations

from collections.abc import Iterable

from ..detection import Case, Detection
from ..planned import tipped

NAME = "disk-sort"


def detect(case: Case) -> Iterable[Detection]:
    """Take what the plans show of it."""
    return tipped(case, NAME)
