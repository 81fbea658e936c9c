"""An index-only scan that went to the table all the same, since nobody vacuumed it.

    Index Only Scan using task_project_idx on task   Heap Fetches: 48,210

Why it hurts: the index has all columns that are asked for, but only a page that VACUUM has marked
as visible to everybody may be taken from it; each other row is a visit to the table.

Instead of:
    autovacuum that comes once a fifth of the table has changed
use:
    VACUUM "task";
    ALTER TABLE "task" SET (autovacuum_vacuum_insert_scale_factor = 0.02);

A scan counts when it fetched 1,000 rows and these are a tenth or more of those it read.
Silent: without ANALYZE, and inside of transactions whose own rows it reads.
"""

from __future__ import annotations

from collections.abc import Iterable

from .figures import counted, number, share
from .indexing import qualified
from .tip import MANY_VISITS, Context, Tip

NAME = "heap-fetches"

_SHARE = 0.1


def tips(context: Context) -> Iterable[Tip]:
    """Speak of index-only scans that are not."""
    for position, node in enumerate(context.nodes):
        relation = context.relation(position)
        if node.kind != "Index Only Scan" or not context.was_run(position) or relation is None:
            continue
        fetches = number(node.details.get("Heap Fetches"))
        read = number(node.rows) + number(node.rows_removed)
        if fetches < MANY_VISITS or fetches < read * _SHARE:
            continue
        message = (
            f"reads {counted(read, 'row')} from {node.index or 'the index'} and looks into "
            f"{relation} for {share(min(fetches, read), read)} of them, whether they are visible"
        )
        hint = f"Mark its pages as visible: VACUUM {qualified(context, position)};"
        yield Tip(NAME, position, message, hint, node.self_ms)
