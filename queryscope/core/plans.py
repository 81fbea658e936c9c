"""A query's plan as a tree that looks the same for every database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Relationship = Literal["outer", "inner", "subquery", "member", "init-plan", "sub-plan", ""]


@dataclass(frozen=True, slots=True)
class Buffers:
    """Blocks (8 kB on PostgreSQL) that a node touched, those of its children included."""

    shared_hit: int = 0
    shared_read: int = 0
    shared_dirtied: int = 0
    shared_written: int = 0
    local_hit: int = 0
    local_read: int = 0
    local_dirtied: int = 0
    local_written: int = 0
    temp_read: int = 0
    temp_written: int = 0


@dataclass(frozen=True, slots=True)
class PlanNode:
    """One step of a plan.

    ``kind`` is the server's own word ("Seq Scan", "SEARCH"). Rows, times and buffers are of all
    loops together; ``rows``, ``loops``, ``duration_ms`` and ``buffers`` are None where the plan was
    not run. ``self_ms`` and ``self_buffers`` leave out the children. ``rows_removed`` are those
    that a filter discarded. ``conditions`` holds the conditions as the server words them, by its
    names ("Filter", "Index Cond", "Hash Cond"), ``details`` every other field it gave.
    """

    kind: str
    relation: str | None = None
    schema: str | None = None
    alias: str | None = None
    index: str | None = None
    relationship: Relationship = ""
    #: "InitPlan 1", "SubPlan 2", "CTE recent".
    subplan: str | None = None
    join_type: str | None = None
    startup_cost: float | None = None
    total_cost: float | None = None
    rows_estimated: float | None = None
    rows: float | None = None
    rows_removed: float = 0.0
    loops: float | None = None
    duration_ms: float | None = None
    self_ms: float | None = None
    width: int | None = None
    buffers: Buffers | None = None
    self_buffers: Buffers | None = None
    conditions: Mapping[str, str] = field(default_factory=dict)
    sort_key: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    children: tuple[PlanNode, ...] = ()

    def walk(self) -> Iterator[PlanNode]:
        """This node and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Plan:
    """What EXPLAIN said of one statement.

    ``analyzed`` tells that it ran, ``refusal`` why it did not where it was asked to. ``settings``
    are those that differ from the server's defaults, ``triggers`` and ``jit`` as the server words
    them. Times are in milliseconds, None where nothing ran.
    """

    root: PlanNode
    vendor: str
    analyzed: bool = False
    refusal: str | None = None
    planning_ms: float | None = None
    execution_ms: float | None = None
    planning_buffers: Buffers | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    triggers: tuple[Mapping[str, Any], ...] = ()
    jit: Mapping[str, Any] | None = None
    #: Every other field it gave.
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cost(self) -> float | None:
        """The planner's own estimate, in its unit; None on SQLite, which gives none."""
        return self.root.total_cost

    @property
    def indexes(self) -> frozenset[str]:
        """Names of the indexes that it uses."""
        return frozenset(node.index for node in self.root.walk() if node.index)
