"""Columns beside the keys that let a query be answered from the index alone."""

from __future__ import annotations

from .access import Access
from .indexes import IndexDefinition
from .predicates import Predicate
from .schema import Table

#: More, or wider, and the index is a second table.
_MOST_COLUMNS = 8
_WIDEST_COLUMN = 48
_MOST_OF_THE_ROW = 0.7
#: Bytes of a column nobody has looked at.
_WIDTH = 8
_LONG = ("text", "json", "xml", "bytea", "tsvector", "hstore")


def missing(
    access: Access, keys: tuple[str, ...], fixed: frozenset[Predicate]
) -> tuple[str, ...] | None:
    """Columns that the query reads and the keys lack, () if none; None where the index cannot
    answer it alone. What only the index's condition tests need not be in it."""
    use = access.use
    if use.whole_row:
        return None
    tested = {name for predicate in fixed for name in predicate.term.columns}
    needed = use.columns - (tested - use.projected) - set(keys)
    order = [name for name in access.table.columns if name in needed]
    return tuple(order)


def fits(table: Table, keys: tuple[str, ...], include: tuple[str, ...]) -> bool:
    """Whether that many columns beside the keys are still reasonable."""
    if len(include) > _MOST_COLUMNS:
        return False
    if any(width(table, name) > _WIDEST_COLUMN or _is_long(table, name) for name in include):
        return False
    whole = row_width(table)
    return sum(width(table, name) for name in {*keys, *include}) <= _MOST_OF_THE_ROW * whole


def _is_long(table: Table, name: str) -> bool:
    column = table.columns[name]
    known = column.statistics is not None and column.statistics.width <= _WIDEST_COLUMN / 2
    return column.type.startswith(_LONG) and not (known and column.type == "text")


def width(table: Table, name: str) -> int:
    """Bytes of a column's value, on average."""
    known = table.columns[name].statistics
    return known.width if known else _WIDTH


def row_width(table: Table) -> float:
    """Bytes of a row with its header, on average."""
    return 28 + sum(width(table, name) for name in table.columns)


def entry_width(index: IndexDefinition, table: Table) -> float:
    """Bytes of an index entry with its header."""
    return 16 + sum(width(table, name) for name in index.columns if name in table.columns)
