"""A condition that no plain index can answer, as it is worded.

    Task.objects.filter(title__iexact=name)         WHERE UPPER(title) = UPPER('...')
    Task.objects.filter(title__endswith="x")        WHERE title LIKE '%x'

Why it hurts: a function, a cast or a leading wildcard hides the column, so that the database
computes it for every row of the table.

Instead of:
    filter(created_at__month=5, created_at__year=2026)
use:
    filter(created_at__gte=first, created_at__lt=next_first)      a range of the column itself
    an index on the expression (Upper("title")), a trigram index for contains and endswith

The plan of a query shows it: in an audit those that take the most time are asked for theirs,
elsewhere those slower than SLOW_QUERY_MS. It is reported when the rows read in vain cost a tenth
of SLOW_QUERY_MS or more in each run.

Silent: small tables, conditions that an index on the expression answers already, conditions beside
one that leaves few rows.

To allow one: the comment "# queryscope: ignore[non-sargable] why" on its line or
on the line above, or an entry of QUERYSCOPE["ALLOW"].
"""

from __future__ import annotations

from collections.abc import Iterable

from ..detection import Case, Detection
from ..planned import tipped

NAME = "non-sargable"


def detect(case: Case) -> Iterable[Detection]:
    """Take what the plans show of it."""
    return tipped(case, NAME)
