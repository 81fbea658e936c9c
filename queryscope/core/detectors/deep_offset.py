"""A page far down a list: the rows of all pages before it are read and thrown away.

    Task.objects.order_by("-created_at")[9_000:9_050]        OFFSET 9000

Why it hurts: page 200 costs 200 times page 1, and robots ask for each of them.

Instead of:
    order_by("-created_at", "-id")[9_000:9_050]
use:
    filter(created_at__lt=last_seen).order_by("-created_at", "-id")[:50]     where the last ended
    REST framework's CursorPagination

The plan of a query shows it: in an audit those that take the most time are asked for theirs,
elsewhere those slower than SLOW_QUERY_MS. It is reported when the rows that are skipped cost a
tenth of SLOW_QUERY_MS or more in each run.

Silent: first pages, short lists.

To allow one: the comment "# queryscope: ignore[deep-offset] why" on its line or
on the line above, or an entry of QUERYSCOPE["ALLOW"].
"""

from __future__ import annotations

from collections.abc import Iterable

from ..detection import Case, Detection
from ..planned import tipped

NAME = "deep-offset"


def detect(case: Case) -> Iterable[Detection]:
    """Take what the plans show of it."""
    return tipped(case, NAME)
