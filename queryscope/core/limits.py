"""What a set of indexes may take: storage, number, log; and what one of them costs to keep."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .indexes import IndexDefinition

#: What an index must take away of the workload's cost to be worth having: 0.1 %.
LEAST_GAIN = 0.001
#: Without a budget: what an index as large as all tables together must take away, and the part of
#: that size from which the full price is asked. Below, it falls with the size: nobody misses room
#: that small indexes take.
_GAIN_FOR_ALL = 0.08
_LARGE = 0.1


@dataclass(frozen=True, slots=True)
class Priced:
    """A candidate with its price: bytes on disk, share of the workload that its upkeep adds, and
    bytes of write-ahead log that the workload's writes add."""

    definition: IndexDefinition
    size_bytes: int
    upkeep: float = 0.0
    log_bytes: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """None is no limit. ``log_bytes`` bounds what all chosen indexes add to the log together.

    ``tables_bytes`` are those of the tables themselves, beside which storage is weighed where it
    has no limit of its own; None weighs none. ``least`` is a share of the workload's cost that any
    index must take away besides.
    """

    size_bytes: int | None = None
    indexes: int | None = None
    log_bytes: float | None = None
    tables_bytes: int | None = None
    least: float = 0.0

    def admit(self, chosen: Iterable[Priced]) -> bool:
        together = list(chosen)
        size_bytes = sum(one.size_bytes for one in together)
        return self.allow(len(together), size_bytes, sum(one.log_bytes for one in together))

    def allow(self, indexes: int, size_bytes: int, log_bytes: float) -> bool:
        return (
            (self.indexes is None or indexes <= self.indexes)
            and (self.size_bytes is None or size_bytes <= self.size_bytes)
            and (self.log_bytes is None or log_bytes <= self.log_bytes)
        )

    def rent(self, one: Priced) -> float:
        """What an index costs as long as it is there, as a share of the workload's cost. Storage up
        to a budget is free."""
        if self.size_bytes is not None or not self.tables_bytes:
            return one.upkeep + self.least
        part = one.size_bytes / self.tables_bytes
        return one.upkeep + self.least + _GAIN_FOR_ALL * part * min(1.0, part / _LARGE)
