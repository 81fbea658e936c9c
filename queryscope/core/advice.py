"""What the index advisor says: which indexes, for which queries, at what price; why not others."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from .indexes import IndexDefinition

#: How figures were found: real indexes in a transaction that was rolled back, HypoPG, or none.
Method = Literal["measured", "hypothetical", "none"]


@dataclass(frozen=True, slots=True)
class Served:
    """A query that an index serves. Costs are the planner's, for one run; None where there are
    none (SQLite). Milliseconds are of one run, None where it was not run."""

    digest: str
    fingerprint: str
    calls: float
    cost_before: float | None
    cost_after: float | None
    duration_ms_before: float | None = None
    duration_ms_after: float | None = None
    name: str = ""
    endpoints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AdvisedIndex:
    """An index that the workload wants. ``why`` says in a sentence each why these columns, in this
    order; ``write_bytes`` is what one INSERT writes more, ``build_ms`` what making it took."""

    definition: IndexDefinition
    served: tuple[Served, ...]
    size_bytes: int
    why: tuple[str, ...]
    method: Method
    write_bytes: int = 0
    build_ms: float | None = None

    def as_dict(self) -> dict[str, Any]:
        definition = self.definition
        return {
            **dataclasses.asdict(self),
            "name": definition.name,
            "create": definition.create_sql(),
            "create_concurrently": definition.create_sql(concurrently=True),
            "drop": definition.drop_sql(),
        }


@dataclass(frozen=True, slots=True)
class RejectedIndex:
    """A candidate that is not advised, and why."""

    definition: IndexDefinition
    reason: str


@dataclass(frozen=True, slots=True)
class DroppableIndex:
    """An index that is there and need not be. ``covered_by`` is the one that answers the same,
    ``caveats`` say in a sentence each what to look at first; without any it is certain."""

    name: str
    table: str
    kind: Literal["redundant", "unused"]
    size_bytes: int
    reason: str
    covered_by: str = ""
    drop: str = ""
    caveats: tuple[str, ...] = ()
    definition: IndexDefinition | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """``cost_before`` and ``cost_after`` are sums over the workload, of calls x cost;
    ``duration_ms_*`` likewise, where runs were measured. ``notes`` say what could not be used."""

    indexes: tuple[AdvisedIndex, ...] = ()
    rejected: tuple[RejectedIndex, ...] = ()
    droppable: tuple[DroppableIndex, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    method: Method = "none"
    queries: int = 0
    cost_before: float | None = None
    cost_after: float | None = None
    duration_ms_before: float | None = None
    duration_ms_after: float | None = None
    size_bytes: int = 0
    what_if_calls: int = 0
    elapsed_s: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        return {
            **dataclasses.asdict(self),
            "indexes": [index.as_dict() for index in self.indexes],
        }
