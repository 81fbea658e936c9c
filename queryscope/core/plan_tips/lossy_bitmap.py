"""A bitmap that did not fit into work_mem: it remembers pages instead of rows.

    Bitmap Heap Scan on task: Heap Blocks: exact=812 lossy=21,400, Rows Removed by Index Recheck

Why it hurts: every row of a lossy page is compared again, as if there were no index.

Instead of:
    work_mem = 4MB                                   64 bytes for each page that has a match
use:
    SET LOCAL work_mem = '16MB';                     for this transaction
    a longer index, that matches fewer rows

A bitmap counts when 1,000 pages (8 MB) were lossy and these are a tenth or more of all.
Silent: without ANALYZE, and where a GIN index rechecks rows by its nature.
"""

from __future__ import annotations

from collections.abc import Iterable

from .figures import counted, number, share
from .memory import enough
from .tip import Context, Tip

NAME = "lossy-bitmap"

_MANY_PAGES = 1_000
_SHARE = 0.1
#: What the bitmap's hash table takes for a page when it is at its emptiest.
_ENTRY_BYTES = 128


def tips(context: Context) -> Iterable[Tip]:
    """Speak of bitmap scans that went through whole pages."""
    for position, node in enumerate(context.nodes):
        workers = node.details.get("Workers")
        parts = [node.details, *(workers if isinstance(workers, list) else ())]
        lossy, exact = (
            sum(number(part.get(f"{kind} Heap Blocks")) for part in parts if hasattr(part, "get"))
            for kind in ("Lossy", "Exact")
        )
        if lossy < _MANY_PAGES or lossy < (lossy + exact) * _SHARE:
            continue
        rechecked = number(node.details.get("Rows Removed by Index Recheck"))
        rechecked *= number(node.loops) or 1.0
        pages = f"{counted(lossy, 'page')} ({share(lossy, lossy + exact)})"
        message = (
            f"forgets which rows of {pages} matched, and compares "
            f"{counted(rechecked, 'row')} of {context.relation(position)} in vain"
        )
        setting = enough(context, (lossy + exact) * _ENTRY_BYTES / 1024)
        if setting:
            hint = f"Give the bitmap memory, first in its transaction.atomic(): {setting}"
        else:
            hint = "Match fewer rows: filter more, or by a longer index."
        yield Tip(NAME, position, message, hint, node.self_ms)
