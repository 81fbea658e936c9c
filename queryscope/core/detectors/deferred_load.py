"""A field that only() or defer() left out, loaded by a query of its own for one object.

    task = Task.objects.only("title").get(pk=1)
    task.description                            1 query for one field

Why it hurts: the row was fetched already; its field costs another round trip.

Instead of:
    Task.objects.only("title").get(pk=1)
use:
    Task.objects.only("title", "description").get(pk=1)

To leave a field out is right where it is rarely read, which one request cannot tell: the finding
is worth knowing only, and never a warning.

Silent: one row of a list, which is how defer() is meant to be used; several rows (see n-plus-one);
refresh_from_db(); objects whose query was not seen; libraries.

To allow one: --ignore deferred-load.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..detection import Case, Detection
from ..events import Offence, QueryGroup, Source, Trace
from ..findings import Finding
from ..fixes import Need, Remedy, class_name
from ..repairs import Fix

NAME = "deferred-load"


def detect(case: Case) -> Iterable[Detection]:
    """Find the fields that were loaded for an object which came alone."""
    sources = case.trace.sources
    for index, group in case.open_groups():
        if group.relation is None or group.relation.kind != "deferred-field":
            continue
        for offence in group.offences:
            if group.application and sources[offence.origin].single:
                origin = _origin(sources, offence)
                need = _need(origin, group, sources[offence.source])
                finding = _finding(case.trace, group, offence, origin, need)
                yield Detection(finding, frozenset({index}), need)


def _origin(sources: tuple[Source, ...], offence: Offence) -> Source:
    """The queryset that fetched the object, itself or beside another one."""
    node = sources[offence.source]
    while node.loaded_by == "select_related" and node.parent is not None:
        node = sources[node.parent]
    return node


def _need(origin: Source, group: QueryGroup, source: Source) -> Need | None:
    assert group.relation is not None
    if origin is not source or origin.raw or origin.combined or origin.loaded_by != "queryset":
        return None
    return Need(origin, Remedy(loaded_fields=(group.relation.query_name,)), "only")


def _finding(
    trace: Trace, group: QueryGroup, offence: Offence, origin: Source, need: Need | None
) -> Finding:
    relation, count = group.relation, offence.count
    assert relation is not None
    fix: Fix | None = need.fix() if need is not None else None
    name, queries = class_name(relation.model), "1 query" if count == 1 else f"{count} queries"
    where = origin.location
    place = f" at {where.file.rpartition('/')[2]}:{where.line}" if where is not None else ""
    return Finding(
        detector=NAME,
        severity="info",
        confidence="certain",
        endpoint=trace.name,
        request=trace.request,
        message=f"{name}.{relation.query_name} was left out and is loaded after all: {queries}",
        hint=f"Name the field in the query{place}, unless it is rarely read.",
        location=group.location,
        origin=where,
        template=group.template,
        model=relation.model,
        relation=relation.label,
        tables=group.tables,
        fingerprint=group.fingerprint,
        digest=group.digest,
        count=count,
        duration_ms=group.duration_ms * count / group.count,
        saves=count,
        fix=fix,
    )
