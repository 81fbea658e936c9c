"""What an index could save at best, roughly as the planner sees it: puts candidates in order."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .access import Access, pages, scan_cost
from .covering import row_width, width
from .shapes import Shape

#: Of an index row read alone, in page reads, and of the descent to the first.
_ENTRY_COST = 0.0075
_DESCENT = 4.0
_RANDOM_PAGE = 1.1
_ROW_COST = 0.0125
_SORT_COST = 0.005


def saved(access: Access, shape: Shape, share: float, *, covering: bool) -> float:
    """The part of the access's cost that an index takes away, 0 to 1.

    ``share`` of the table's rows are in the index.
    """
    before = scan_cost(access.table) + _sorting(access)
    after = _index_cost(access, shape, share, covering=covering)
    if not shape.sorted_by:
        after += _sorting(access)
    return max(0.0, 1 - after / before)


def _sorting(access: Access) -> float:
    if not access.use.order:
        return 0.0
    rows = max(2.0, access.table.rows * access.matching)
    kept = min(rows, (access.use.limit or rows) + access.use.offset)
    return rows * math.log2(max(2.0, kept)) * _SORT_COST


def _index_cost(access: Access, shape: Shape, share: float, *, covering: bool) -> float:
    rows = access.table.rows
    entries = rows * share
    leading = True
    fetched = entries
    for key in shape.keys:
        fetched *= key.share
        if leading:
            entries *= key.share
            leading = key.role in ("equality", "join", "list")
    use = access.use
    if shape.sorted_by and use.limit is not None:
        # It stops as soon as enough rows were found.
        left = max(rows * access.matching, 1.0)
        part = min(1.0, (use.limit + use.offset) / left)
        entries, fetched = entries * part, fetched * part
    cost = _DESCENT + entries * _ENTRY_COST * _narrowness(access, shape)
    if not covering:
        # A bitmap reads each page once, in order.
        cost += min(fetched * _RANDOM_PAGE, pages(access.table)) + fetched * _ROW_COST
    return cost


def _narrowness(access: Access, shape: Shape) -> float:
    """Wide entries take more pages."""
    names = {name for key in shape.keys for name in key.term.columns}
    return 0.5 + sum(width(access.table, name) for name in names) / row_width(access.table)


def entry_bytes(names: Sequence[str], access: Access, share: float) -> float:
    """Size of an index, for telling which of two alike is the smaller."""
    widths = sum(width(access.table, name) for name in names if name in access.table.columns)
    return access.table.rows * share * (16 + widths)
