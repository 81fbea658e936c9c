"""Which queries deserve a plan, and what came of asking for it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .plans import Plan, PlanNode
from .schema import Schema
from .workload import WorkloadQuery

if TYPE_CHECKING:
    from .plan_tips import Tip

#: Most queries of one report that are explained.
MOST = 50
#: What a step must cost of SLOW_QUERY_MS, in each run, to be worth a finding by itself.
STEP = 0.1
_EXPLAINABLE = frozenset({"select", "insert", "update", "delete"})

#: Alias and digest.
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Explained:
    """A query with the plan of its slowest run, or with the ``problem`` that there is none.

    ``typical`` is the plan with the values of a lighter run, None where only one was seen.
    ``schema`` has the tables that the plan reads.
    """

    query: WorkloadQuery
    plan: Plan | None = None
    tips: tuple[Tip, ...] = ()
    typical: Plan | None = None
    schema: Schema | None = None
    problem: str = ""

    @property
    def unstable(self) -> bool:
        """Whether other values lead to a plan of another shape."""
        if self.plan is None or self.typical is None:
            return False
        return shape(self.plan.root) != shape(self.typical.root)


Plans = Mapping[Key, Explained]


@dataclass(frozen=True, slots=True)
class Choice:
    """``slow_ms`` is the time of one run, ``top`` how many are taken for their total time."""

    slow_ms: float
    top: int = 0
    most: int = MOST


def key(query: WorkloadQuery) -> Key:
    return query.database, query.digest


def chosen(queries: Iterable[WorkloadQuery], choice: Choice) -> tuple[WorkloadQuery, ...]:
    """Those that deserve a plan, the dearest first: a slow run of them was seen, or they are among
    the ``top`` by total time.
    """
    able = [query for query in queries if query.samples and query.kind in _EXPLAINABLE]
    able.sort(key=lambda query: (-(query.total_ms or 0.0), key(query)))
    return tuple(
        query
        for place, query in enumerate(able)
        if place < choice.top or (query.samples[0].duration_ms or 0.0) >= choice.slow_ms
    )[: choice.most]


def shape(node: PlanNode) -> object:
    """What two plans have in common that go the same way: steps, tables and indexes."""
    steps = tuple(map(shape, node.children))
    return node.kind, node.relation, node.index, node.join_type, steps


def tables_of(plans: Iterable[Plan]) -> frozenset[str]:
    """Names of the tables that plans read or write, with their schema and without."""
    nodes = [node for plan in plans for node in plan.root.walk() if node.relation]
    names = {(node.schema, node.relation) for node in nodes} | {(None, n.relation) for n in nodes}
    return frozenset(".".join(filter(None, name)) for name in names)
