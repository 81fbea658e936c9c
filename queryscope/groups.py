"""The mutable side of a trace: groups while they are counted, and the step to frozen data."""

from __future__ import annotations

from itertools import takewhile
from types import FrameType
from typing import Any

from . import provenance, querysets
from .core.events import (
    MANY_RELATIONS,
    Offence,
    QueryGroup,
    Relation,
    Source,
    TimelineEntry,
)
from .core.fingerprint import Statement
from .origins import Evaluation, LazyLoad, SourceNode
from .places import Place, place
from .stack import USER, Sight, Step


class _Tally:
    """Queries that the rows of one source caused, per evaluation of its origin."""

    __slots__ = ("_most", "_root", "count", "running")

    def __init__(self) -> None:
        self.count = 0
        self.running = 0
        self._most = 0
        self._root: Evaluation | None = None

    @property
    def most(self) -> int:
        """The highest count in one evaluation of the origin."""
        return max(self._most, self.running)

    def turn_to(self, root: Evaluation) -> None:
        """Begin to count anew where the queries of another evaluation begin."""
        if root is not self._root:
            self._most, self._root, self.running = self.most, root, 0


class Group:
    """Queries of one statement from one place."""

    __slots__ = (
        "alias",
        "chains",
        "conditions",
        "count",
        "duration_ns",
        "evaluation",
        "failures",
        "keyed",
        "lazy",
        "leaf",
        "looped",
        "model",
        "operation",
        "place",
        "plain",
        "queryset_facts",
        "relation",
        "repeats",
        "single",
        "site_code",
        "slowest_ns",
        "slowest_params",
        "sources",
        "statement",
        "strangers",
        "tallies",
        "tally",
        "unique",
        "vendor",
    )

    def __init__(self, statement: Statement, connection: Any, sight: Sight) -> None:
        self.statement = statement
        self.alias: str = connection.alias
        self.vendor: str = connection.vendor
        # Held so that the identity of the code object, a part of the key, is not given to another.
        self.site_code = sight.site_code
        self.count = 0
        self.duration_ns = 0
        self.slowest_ns = 0
        self.slowest_params: Any = None
        self.failures = 0
        self.strangers = 0
        self.looped = False
        self.chains: set[int] = set()
        self.repeats: dict[int, int] = {}
        self.tallies: dict[tuple[SourceNode, SourceNode], _Tally] = {}
        # Queries of one evaluation come one after the other: its tally is at hand.
        self.evaluation: Evaluation | None = None
        self.tally = _Tally()
        self.sources: dict[SourceNode | None, SourceNode] = {}
        self.place: Place | None = None
        self.operation = "sql"
        self.single = False
        self.plain = True
        self.model: Any = None
        self.relation: Relation | None = None
        #: Found by a condition on its key rather than by the instance.
        self.keyed = False
        #: Loads at most one object, which its owner keeps: nothing to hold.
        self.leaf = False
        self.lazy: LazyLoad | None = None
        self.queryset_facts: dict[str, Any] = {}
        self.conditions: tuple[str, ...] = ()
        self.unique = ""

    def offend(self, instance: Any, evaluation: Evaluation) -> None:
        """Count one query caused by ``instance``, a row of ``evaluation``."""
        if self.lazy is not None:
            self.lazy.instance = instance
            self.lazy.evaluation = evaluation
        if evaluation is not self.evaluation:
            self._turn_to(evaluation)
        tally = self.tally
        tally.count += 1
        tally.running += 1

    def _turn_to(self, evaluation: Evaluation) -> None:
        root = evaluation.root
        self.evaluation = evaluation
        self.tally = self.tallies.setdefault((root.source, evaluation.source), _Tally())
        self.tally.turn_to(root)


def first_sight(group: Group, steps: list[Step], queryset: Any, prefetch: FrameType | None) -> Any:
    """Read from the stack and the queryset what the counters will only count from now on.

    Returns the descriptor whose attribute was read, None when the query came another way.
    """
    inner = [frame for frame, _ in takewhile(lambda step: step[1] != USER, steps)]
    group.operation, group.single, descriptor = provenance.operation(inner)
    group.place = place(steps)
    if queryset is None:
        return None
    group.model = queryset.model
    group.single = group.single or querysets.at_most_one(queryset)
    group.queryset_facts = querysets.facts(queryset)
    group.conditions, group.unique = querysets.key_conditions(queryset)
    if prefetch is not None:
        group.operation = "prefetch"
        group.single = False
        values = prefetch.f_locals
        group.relation = provenance.relation_of_prefetch(values)
        return None
    if descriptor is not None:
        group.relation = provenance.relation_of_descriptor(descriptor)
        group.leaf = group.relation is not None
        return descriptor
    instance = queryset._hints.get("instance")
    if instance is not None:
        group.relation = provenance.relation_of_queryset(queryset, instance)
    elif (generic := provenance.generic_relation(queryset)) is not None:
        group.relation = generic[0]
        group.keyed = True
    if group.relation is not None:
        group.plain = querysets.is_plain(queryset, group.relation)
    return None


def new_source(
    group: Group | None,
    parent: SourceNode | None,
    index: int,
    *,
    streamed: bool = False,
    field: Any = None,
) -> SourceNode:
    """The source that a group's querysets are, below the rows they were reached from."""
    if group is None:
        relation = provenance.relation_of_field(field)
        node = SourceNode(index, parent, None, single=True, relation=relation)
        node.loaded_by = "select_related"
        return node
    node = SourceNode(
        index, parent, (group, streamed), single=group.single, relation=group.relation
    )
    if group.operation == "prefetch":
        node.loaded_by = "prefetch"
    elif group.relation is not None:
        node.loaded_by = "lazy"
    return node


def freeze(
    groups: list[Group],
    sources: list[SourceNode],
    timeline: list[tuple[Group, int, int]],
    started_ns: int,
) -> dict[str, Any]:
    """What was counted, as a trace's groups, sources and timeline.

    Source lines are read here, after the work was done.
    """
    positions = {id(group): index for index, group in enumerate(groups)}
    return {
        "groups": tuple(_freeze_group(group) for group in groups),
        "sources": tuple(_freeze_source(node) for node in sources),
        "timeline": tuple(
            TimelineEntry(positions[id(group)], (start - started_ns) / 1e6, elapsed / 1e6)
            for group, start, elapsed in timeline
        ),
    }


def _freeze_group(group: Group) -> QueryGroup:
    statement, where = group.statement, group.place
    return QueryGroup(
        fingerprint=statement.fingerprint,
        digest=statement.digest,
        kind=statement.kind,
        database=group.alias,
        vendor=group.vendor,
        tables=statement.tables,
        operation=group.operation,
        count=group.count,
        duration_ms=group.duration_ns / 1e6,
        slowest_ms=group.slowest_ns / 1e6,
        location=where.location() if where else None,
        template=where.template if where else None,
        application=where.application if where else False,
        model=group.model._meta.label if group.model is not None else None,
        manager=group.queryset_facts.get("manager", "objects"),
        conditions=group.conditions,
        unique=group.unique,
        relation=group.relation,
        plain=group.plain,
        looped=group.looped,
        batched=statement.batched,
        failures=group.failures,
        repeats=dict(group.repeats),
        strangers=group.strangers,
        offences=tuple(
            Offence(root.index, source.index, tally.count, tally.most)
            for (root, source), tally in group.tallies.items()
        ),
    )


def _freeze_source(node: SourceNode) -> Source:
    parent = node.parent.index if node.parent is not None else None
    if node.details is None:
        assert node.relation is not None
        return Source(
            index=node.index,
            model=node.relation.target,
            manager="objects",
            location=None,
            template=None,
            parent=parent,
            relation=node.relation,
            single=True,
            loaded_by="select_related",
            evaluations=node.evaluations,
            rows=node.rows,
        )
    group, streamed = node.details
    many = node.relation is None or node.relation.kind in MANY_RELATIONS
    where = group.place
    lazy = node.loaded_by == "lazy" and many and node.relation is not None
    accessor = node.relation.name if lazy else None
    return Source(
        index=node.index,
        model=group.model._meta.label,
        location=where.rows_location(group.model, accessor) if where else None,
        template=where.template if where else None,
        parent=parent,
        relation=node.relation,
        single=node.single or not many,
        loaded_by=node.loaded_by,  # type: ignore[arg-type]
        streamed=streamed,
        written=where.written if where else False,
        changelist=where.is_changelist_of(group.model) if where else False,
        evaluations=node.evaluations,
        rows=node.rows,
        **group.queryset_facts,
    )
