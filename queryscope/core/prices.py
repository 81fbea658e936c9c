"""What candidates cost the workload's writes, in the unit in which its reads are weighed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .indexes import IndexDefinition
from .schema import Schema, Table
from .selection import Priced
from .upkeep import WriteLoad, entries, entry_bytes, entry_ms, log_bytes

#: What the writes' log may grow by through all advised indexes together.
_LOG_GROWTH = 0.9


class Prices:
    """``whole_ms`` are those of all reads of the workload."""

    def __init__(self, schema: Schema, loads: Sequence[WriteLoad], whole_ms: float) -> None:
        self._tables: Mapping[str, Table] = schema.tables
        self._loads = tuple(loads)
        self._whole_ms = whole_ms
        written = log_bytes(self._loads, self._tables)
        #: Bytes of log that all chosen indexes may add; None without writes.
        self.log_limit = written * _LOG_GROWTH if written else None

    def price(self, index: IndexDefinition, size_bytes: int, rows: float | None) -> Priced:
        """``rows`` are those that the index holds, None for all or unknown."""
        table = self._tables[index.table]
        fraction = min(1.0, rows / table.rows) if rows is not None and table.rows > 0 else 1.0
        written = sum(load.calls * entries(index, load, table, fraction) for load in self._loads)
        upkeep_ms = written * entry_ms(index, table)
        share = upkeep_ms / self._whole_ms if self._whole_ms else 0.0
        return Priced(index, size_bytes, share, written * entry_bytes(index, table))

    def insert_bytes(self, index: IndexDefinition) -> int:
        """Bytes of log that one INSERT writes for a row that is in the index."""
        return round(entry_bytes(index, self._tables[index.table]))
