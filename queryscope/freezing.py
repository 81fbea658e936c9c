"""From counters to frozen data: the last step of a recording, after the work was done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .building import Site
from .core.events import MANY_RELATIONS, Offence, QueryGroup, Source, TimelineEntry
from .core.runs import merged
from .core.sightings import Location, Reading, Usage
from .core.workload import Workload, WorkloadQuery
from .groups import Group
from .provenance import children_of
from .readings import reading_of
from .roles import is_application
from .rows import Rows, rows_at, rows_of
from .sources import SourceNode
from .spelled import attributes_in, spelled_at
from .turns import is_asynchronous, waits


def freeze(
    groups: list[Group],
    sources: list[SourceNode],
    timeline: list[tuple[int, int, int]],
    sites: Mapping[int, Site],
) -> dict[str, Any]:
    """What was counted, as a trace's groups, sources and timeline.

    ``sites`` are where the querysets of groups, by their indexes, were seen being built.
    Source lines are read here, after the work was done.
    """
    readings = [_reading(group) for group in groups]
    return {
        "groups": tuple(map(_freeze_group, groups, readings)),
        "sources": tuple(_freeze_source(node, groups, readings, sites) for node in sources),
        "timeline": tuple(map(TimelineEntry._make, timeline)),
    }


def rows_by_model(groups: list[Group], sources: Iterable[SourceNode]) -> dict[str, int]:
    """The most rows of each model that one evaluation brought."""
    rows: dict[str, int] = {}
    for node in sources:
        model = groups[node.group].model if node.group is not None else None
        if model is not None and node.rows:
            label = model._meta.label
            rows[label] = max(rows.get(label, 0), node.rows)
    return rows


def workload_of(groups: Iterable[Group], endpoint: str) -> Workload:
    """What was asked with the values it was asked with: one query for each fingerprint and alias.

    Those whose values could not be kept are in ``skipped``.
    """
    queries, skipped = [], []
    for group in sorted(groups, key=lambda group: -group.duration_ns):
        if group.statement.kind in ("transaction", "other"):
            continue
        if query := _query(group, endpoint):
            queries.append(query)
        else:
            skipped.append(f"{group.statement.digest}: no run of it had values that can be kept")
    return Workload(merged(queries), tuple(dict.fromkeys(skipped)))


def _query(group: Group, endpoint: str) -> WorkloadQuery | None:
    statement, samples, where = group.statement, group.samples.all(), group.place
    if not samples:
        return None
    return WorkloadQuery(
        digest=statement.digest,
        fingerprint=statement.fingerprint,
        kind=statement.kind,
        samples=samples,
        calls=group.count,
        total_ms=group.duration_ns / 1e6,
        endpoints=(endpoint,) if endpoint else (),
        location=where.location() if where else None,
        database=group.alias,
    )


def _freeze_group(group: Group, reading: Reading | None) -> QueryGroup:
    group.turn_to(None)
    statement, where = group.statement, group.place
    # Only what a loop asks is rewritten: the source of the rest need not be read.
    code = where.code[:2] if group.looped and where and where.code else None
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
        using=group.queryset_facts.get("using", ""),
        conditions=group.conditions,
        unique=group.unique,
        relation=group.relation,
        plain=_is_plain(group, reading),
        reading=reading,
        direct=group.direct,
        looped=group.looped,
        varied=group.varied,
        several=group.several or group.keyed or group.operation == "prefetch_object",
        batched=group.batched,
        failures=group.failures,
        repeats=dict(group.repeats),
        strangers=group.strangers,
        offences=tuple(
            Offence(root.index, source.index, tally.count, tally.most)
            for (root, source), tally in group.tallies.items()
        ),
        write=group.writing.frozen(where, group.alias) if group.writing is not None else None,
        field=where.drawn if where and group.choices else "",
        waits=waits(*code) if code else "",
        asynchronous=is_asynchronous(*code) if code else False,
        locked=bool(group.queryset_facts.get("locked", False)),
        keys_listed=group.keys_listed,
    )


def _is_plain(group: Group, reading: Reading | None) -> bool:
    """Whether a manager was read as it is; the code tells it from what the manager itself adds."""
    if reading is None or not reading.code:
        return group.plain
    return not reading.narrows and not reading.columns


def _reading(group: Group) -> Reading | None:
    relation, owner = group.relation, group.owner
    if relation is None or owner is None or relation.kind not in MANY_RELATIONS:
        return None
    return reading_of(group.place, relation, owner, group.model, group.operation)


def _freeze_source(
    node: SourceNode,
    groups: list[Group],
    readings: list[Reading | None],
    sites: Mapping[int, Site],
) -> Source:
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
            usage=node.usage,
        )
    group, reading = groups[node.group], readings[node.group]
    many = node.relation is None or node.relation.kind in MANY_RELATIONS
    where = group.place
    lazy = node.loaded_by == "lazy" and many
    accessor = node.relation.name if lazy and node.relation else None
    said = rows_of(where, group.model, accessor) if where else Rows(None)
    rows = _rows(node, group, said, accessor, sites)
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
        collected=group.collected,
        written=where.written if where else False,
        built=rows.built,
        evaluates=rows.evaluates,
        taken=said.location if said.location != rows.location else None,
        plain=_is_plain(group, reading),
        reading=reading,
        looped=group.looped,
        changelist=where.is_changelist_of(group.model) if where else False,
        inline=where.is_inline if where else False,
        displayed=where.displayed if where else (),
        children=tuple(children_of(group.model)),
        evaluations=node.evaluations,
        rows=node.rows,
        group=node.group,
        usage=_usage(node, said.location, rows.location),
        **facts,
    )


def _rows(
    node: SourceNode, group: Group, said: Rows, accessor: str | None, sites: Mapping[int, Site]
) -> Rows:
    """Where rows were seen being built, or else what the source says of them."""
    site, where, facts = sites.get(group.index), group.place, group.queryset_facts
    if site is None or where is None or group.collected or where.field is not None:
        return said
    # The related objects of these are loaded once their rows are there, where these are evaluated.
    if facts["raw"] or facts["combined"]:
        return said
    # What a template or a serializer reads of a manager is loaded with the rows above.
    if node.loaded_by == "lazy" and group.plain and not (where.written or said.built):
        return said
    return rows_at(site.position, site.manager, group.model, accessor)


def _usage(node: SourceNode, said: Location | None, built: Location | None) -> Usage | None:
    """What was read of the rows, with what the project's code says where they are built.

    ``said`` is the line that the source alone tells: eager loading that stands elsewhere, in a
    helper say, is for others as well.
    """
    if node.usage is None or said is None or not is_application(said.file):
        return node.usage
    spelled = spelled_at(said.file, said.line)
    mentioned, branches = {*spelled.mentioned}, {*node.usage.branches, *attributes_in(said.file)}
    if built is not None and built != said:
        mentioned.update(spelled_at(built.file, built.line).mentioned)
        branches.update(attributes_in(built.file))
    return replace(
        node.usage,
        ours=True,
        lookups=spelled.lookups,
        prefetches=spelled.prefetches,
        mentioned=tuple(sorted(mentioned)),
        branches=tuple(sorted(branches)),
    )
