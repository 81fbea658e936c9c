"""An index that nothing has scanned since the database began to count.

    status = models.CharField(max_length=20, db_index=True)  never asked for, or by too many rows

Why it hurts: every INSERT, and most UPDATEs, write it; it takes disk, and memory from others.

Instead of:
    keeping it for a day that may come
use:
    models.CharField(max_length=20)                          or out of Meta.indexes

`manage.py queryscope advise` names them, from pg_stat_user_indexes, with how long scans have been
counted: what runs once a month must have had the time. Scans on replicas are counted there only.

Silent: an index that is unique, backs a constraint, is the replica identity, clusters its table or
is not valid; one below 1 MB; one that the workload at hand uses. PostgreSQL only: SQLite does not
count.

To allow one: an entry of QUERYSCOPE["ALLOW"].
"""

from __future__ import annotations

from collections.abc import Iterable

from ..detection import Case, Detection

NAME = "unused-index"


def detect(case: Case) -> Iterable[Detection]:
    """None in one request: core.droppable finds them in the catalogue."""
    return ()
