"""An index that another one answers for: it is the beginning of that, or the same.

    models.ForeignKey(Project, ...)                          an index on project
    models.Index(fields=["project", "status"])               answers for project alone as well

Why it hurts: every INSERT, and most UPDATEs, write it; it takes disk, and memory from others.

Instead of:
    both
use:
    models.ForeignKey(Project, db_index=False, ...)          the longer one finds the rows, also
                                                             when a project is deleted

`manage.py queryscope advise` names them, and those that an index it advises would make redundant.

Silent: an index that is unique, backs a constraint, is the replica identity, clusters its table or
is not valid; one of another condition, collation, operator class or method; a covering index.

To allow one: an entry of QUERYSCOPE["ALLOW"].
"""

from __future__ import annotations

from collections.abc import Iterable

from ..detection import Case, Detection

NAME = "redundant-index"


def detect(case: Case) -> Iterable[Detection]:
    """None in one request: core.droppable finds them in the catalogue."""
    return ()
