"""From counters to frozen data: the last step of a recording, after the work was done."""

from __future__ import annotations

from typing import Any

from .core.events import MANY_RELATIONS, Offence, QueryGroup, Source, TimelineEntry
from .groups import Group
from .rows import Rows, rows_of
from .sources import SourceNode


def freeze(
    groups: list[Group],
    sources: list[SourceNode],
    timeline: list[tuple[int, int, int]],
) -> dict[str, Any]:
    """What was counted, as a trace's groups, sources and timeline.

    Source lines are read here, after the work was done.
    """
    return {
        "groups": tuple(_freeze_group(group) for group in groups),
        "sources": tuple(_freeze_source(node, groups) for node in sources),
        "timeline": tuple(map(TimelineEntry._make, timeline)),
    }


def _freeze_group(group: Group) -> QueryGroup:
    group.turn_to(None)
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
        direct=group.direct,
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


def _freeze_source(node: SourceNode, groups: list[Group]) -> Source:
    parent = node.parent.index if node.parent is not None else None
    if node.group is None:
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
    group = groups[node.group]
    many = node.relation is None or node.relation.kind in MANY_RELATIONS
    where = group.place
    lazy = node.loaded_by == "lazy" and many
    accessor = node.relation.name if lazy and node.relation else None
    rows = rows_of(where, group.model, accessor) if where else Rows(None)
    facts = {**group.queryset_facts, "manager": rows.manager or group.queryset_facts["manager"]}
    return Source(
        index=node.index,
        model=group.model._meta.label,
        location=rows.location,
        template=where.template if where else None,
        parent=parent,
        relation=node.relation,
        single=node.single or not many,
        loaded_by=node.loaded_by,
        streamed=node.streamed and not group.choices,
        choices=group.choices,
        written=where.written if where else False,
        built=rows.built,
        plain=group.plain,
        looped=group.looped,
        changelist=where.is_changelist_of(group.model) if where else False,
        evaluations=node.evaluations,
        rows=node.rows,
        **facts,
    )
