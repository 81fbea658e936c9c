"""What writes pay for an index: time, and bytes of write-ahead log.

The figures are orders of magnitude, taken on PostgreSQL 15 and 18: an entry of a B-tree costs a few
microseconds once its pages are in memory, a GIN index as many entries as the value has parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from .indexes import IndexDefinition
from .schema import Table

#: Milliseconds that one entry of a B-tree costs a write.
ENTRY_MS = 0.008
#: Bytes of log beside the entry or row itself.
_RECORD_BYTES = 56
_ENTRY_HEADER_BYTES = 16
_ROW_HEADER_BYTES = 28
#: Entries of GIN for a text of trigrams, by its bytes, and for a document.
_PARTS_PER_BYTE = 1.0
_DOCUMENT_PARTS = 8
_BRIN_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class WriteLoad:
    """Writes of one kind to a table. ``columns`` are those an UPDATE sets; ``rows`` of one run."""

    table: str
    kind: Literal["insert", "update", "delete"]
    columns: frozenset[str]
    calls: float
    rows: float = 1.0


def entries(index: IndexDefinition, load: WriteLoad, table: Table, fraction: float) -> float:
    """Entries that one run writes because of ``index``, which holds ``fraction`` of the rows.

    A DELETE leaves entries to VACUUM. An UPDATE writes none where no index names what it sets
    (HOT); where one does, every index of the table gets a new entry: those of the others are this
    one's doing, unless an existing index does it anyway.
    """
    if load.table != index.table or load.kind == "delete":
        return 0.0
    if load.kind == "insert":
        return load.rows * fraction
    named = load.columns & {*index.columns, *_condition_columns(index, table)}
    hot = not any(load.columns & _columns_of(table, other) for other in _others(table))
    if not named:
        return 0.0 if hot else load.rows * fraction
    return load.rows * (fraction + (len(table.indexes) if hot else 0))


def entry_bytes(index: IndexDefinition, table: Table) -> float:
    """Bytes of log that one row's entries take."""
    width = sum(_width(table, column) for column in index.columns)
    if index.method == "gin":
        is_text = any("trgm" in key.opclass for key in index.keys)
        parts = width * _PARTS_PER_BYTE if is_text else _DOCUMENT_PARTS
        return _RECORD_BYTES + parts * _ENTRY_HEADER_BYTES
    if index.method == "brin":
        return _RECORD_BYTES * _BRIN_SHARE
    return _RECORD_BYTES + _ENTRY_HEADER_BYTES + width


def entry_ms(index: IndexDefinition, table: Table) -> float:
    """Milliseconds that one row's entries take."""
    if index.method == "brin":
        return ENTRY_MS * _BRIN_SHARE
    return ENTRY_MS * entry_bytes(index, table) / (_RECORD_BYTES + _ENTRY_HEADER_BYTES + 8)


def log_bytes(loads: Iterable[WriteLoad], tables: Mapping[str, Table]) -> float:
    """Bytes of log that the writes take with the indexes that are there."""
    total = 0.0
    for load in loads:
        table = tables.get(load.table)
        if table is None:
            continue
        row = _RECORD_BYTES + _ROW_HEADER_BYTES
        row += sum(_width(table, column) for column in table.columns)
        total += load.calls * load.rows * (_RECORD_BYTES if load.kind == "delete" else row)
        for other in _others(table):
            if load.kind == "insert" or load.columns & _columns_of(table, other):
                total += load.calls * load.rows * entry_bytes(other, table)
    return total


def _others(table: Table) -> list[IndexDefinition]:
    return [index.definition for index in table.indexes if index.definition is not None]


def _columns_of(table: Table, index: IndexDefinition) -> set[str]:
    return {*index.columns, *_condition_columns(index, table)}


def _condition_columns(index: IndexDefinition, table: Table) -> set[str]:
    return {name for name in table.columns if f'"{name}"' in index.condition}


def _width(table: Table, column: str) -> int:
    known = table.columns.get(column)
    return known.statistics.width if known is not None and known.statistics else 8
