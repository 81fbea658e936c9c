"""Pages that were not in the database's memory and had to be asked from the operating system.

    Buffers: shared hit=120 read=21,480

Why it hurts: a page in shared_buffers costs a fraction of a microsecond, one from the system's
cache ten times and one from the disk a thousand times as much.

Instead of:
    reading the whole table again in every request
use:
    an index, so that fewer pages are needed
    shared_buffers at a quarter of the machine's memory

A step counts when it read 1,000 pages (8 MB) from outside and found less than nine tenths in
memory. Silent: without BUFFERS, and where another tip says how not to read those pages.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..units import size
from .figures import BLOCK_BYTES, number, share
from .tip import Context, Tip

NAME = "cache-misses"

_MANY_PAGES = 1_000
_HIT = 0.9
_HINT = (
    "Run it again: if it reads as much, these tables do not fit in memory; compare with "
    "SHOW shared_buffers; (a quarter of the machine's memory is usual), or read fewer pages."
)


def tips(context: Context) -> Iterable[Tip]:
    """Speak of steps that read many pages from outside."""
    for position, node in enumerate(context.nodes):
        buffers = node.self_buffers
        if buffers is None:
            continue
        read, hit = number(buffers.shared_read), number(buffers.shared_hit)
        if read < _MANY_PAGES or hit >= (read + hit) * _HIT:
            continue
        message = (
            f"reads {size(read * BLOCK_BYTES)} from outside of the database's memory; "
            f"{share(hit, read + hit)} of its pages were in it"
        )
        waited = number(node.details.get("Shared I/O Read Time")) or number(
            node.details.get("I/O Read Time")
        )
        yield Tip(NAME, position, message, _HINT, waited or node.self_ms)
