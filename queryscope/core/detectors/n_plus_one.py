"""One query for a list, and one more for each of its rows.

    tasks = Task.objects.all()          1 query
    for task in tasks:
        task.project.name               1 query a row: N queries

Why it hurts: the page's queries grow with its rows, and each is a round trip to the database.

Instead of:
    Task.objects.all()
use:
    Task.objects.select_related("project")           foreign keys and one-to-one, by a JOIN
    Task.objects.prefetch_related("comments")        many rows each, by one more query

A query counts when the object it was loaded for came from a queryset of several rows that was seen
being evaluated (confidence certain), or, where that queryset was not seen, when the same chain of
calls ran it again and again (likely). One row today is an N+1 in waiting: it is found and marked.

Silent: rows of get(), first(), [0] or a filter on a unique column; relations that are loaded
already; two accesses to rows of different querysets; one access to one of many rows.

To allow one: --ignore n-plus-one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..detection import Case, Detection
from ..events import (
    MANY_RELATIONS,
    Source,
    Trace,
)
from ..findings import Finding, Fix, FixKind, Severity
from ..fixes import Counted, Need, Remedy, class_name, counted_name
from ..offenders import Offender, offenders

NAME = "n-plus-one"

_COUNTS = frozenset({"count", "exists"})
#: Repeats from which a finding is an error rather than a warning.
_MANY = 10


def detect(case: Case) -> Iterable[Detection]:
    """Find the offenders of every origin and say what each of them needs."""
    for offender in offenders(case):
        need = _need(offender)
        fix = _unseen_fix(offender) if need is None else need.fix()
        yield Detection(_finding(case.trace, offender, fix), offender.groups, need)


def _unseen_fix(offender: Offender) -> Fix | None:
    path = offender.path
    if path is None or path.crosses_generic or offender.origin is not None:
        return None
    name = path.steps[-1].name
    return Fix("prefetch_related", (name,), f'prefetch_related_objects(rows, "{name}")')


def _need(offender: Offender) -> Need | None:
    path, origin = offender.path, offender.origin
    if path is None or path.crosses_generic or origin is None or offender.recursive:
        return None
    if _by_library(offender) or _prefetched_already(offender):
        return None
    kind = _kind(offender)
    if kind == "only" and (origin.raw or origin.combined):
        return None
    if kind == "only":
        owner = (replace(path, steps=path.steps[:-1]),) if len(path.steps) > 1 else ()
        remedy = Remedy(paths=owner, loaded_fields=(path.steps[-1].query_name,))
    elif kind == "annotate":
        exists = offender.group.operation == "exists"
        remedy = Remedy(counted=(Counted(path.steps[-1], exists),))
    else:
        remedy = Remedy(paths=(path,))
    return Need(origin, remedy, kind)


def _by_library(offender: Offender) -> bool:
    """Whether a library narrows the manager: its code would go on to do so."""
    return not offender.group.plain and not offender.group.direct


def _prefetched_already(offender: Offender) -> bool:
    """Whether the origin prefetches it, and the manager was narrowed past that."""
    path, origin = offender.path, offender.origin
    return path is not None and origin is not None and path.lookup in origin.prefetched


def _kind(offender: Offender) -> FixKind:
    path = offender.path
    assert path is not None
    last = path.steps[-1]
    if last.kind == "deferred-field":
        return "only"
    if (
        offender.group.operation in _COUNTS
        and offender.group.plain
        and len(path.steps) == 1
        and last.kind in ("reverse-many", "many-to-many")
        and offender.origin is not None
        and not (offender.origin.raw or offender.origin.combined)
    ):
        return "annotate"
    return "select_related" if path.selectable else "prefetch_related"


def _finding(trace: Trace, offender: Offender, fix: Fix | None) -> Finding:
    group, relation, origin = offender.group, offender.relation, offender.origin
    joined = fix is not None and fix.kind in ("select_related", "annotate", "only")
    needs = 0 if joined else offender.prefetches
    return Finding(
        detector=NAME,
        severity=_severity(offender),
        confidence="certain" if offender.certain else "likely",
        endpoint=trace.name,
        request=trace.request,
        message=_message(offender),
        hint=_hint(offender, fix),
        location=group.location,
        origin=origin.location if origin else None,
        template=group.template,
        model=relation.model if relation else group.model,
        relation=relation.label if relation else None,
        tables=group.tables,
        fingerprint=group.fingerprint,
        digest=group.digest,
        count=offender.count,
        duration_ms=offender.duration_ms,
        saves=max(0, offender.count - needs),
        waiting=offender.waiting,
        fix=fix,
    )


def _severity(offender: Offender) -> Severity:
    if offender.waiting or not offender.group.application:
        return "info"
    return "error" if offender.count >= _MANY else "warning"


def _message(offender: Offender) -> str:
    relation, group = offender.relation, offender.group
    what = (
        f"{class_name(relation.model)}.{relation.name}"
        if relation
        else class_name(group.model or "a query")
    )
    rows = class_name(offender.rows_of) if offender.rows_of else "object"
    if group.operation in _COUNTS:
        what += f".{group.operation}()"
    verb = "is loaded" if group.operation not in _COUNTS else "is asked"
    queries = f"{offender.count} {'query' if offender.count == 1 else 'queries'}"
    if offender.waiting:
        return f"{what} {verb} for each {rows} row; there is one row now, so {queries}"
    return f"{what} {verb} for each {rows} row: {queries}"


def _hint(offender: Offender, fix: Fix | None) -> str:
    if fix is None:
        if offender.path is not None and offender.path.crosses_generic:
            return (
                "Prefetch beyond a generic foreign key with GenericPrefetch, one queryset a model."
            )
        if offender.relation is not None and offender.relation.kind == "deferred-field":
            return f"Name the field in the query{_where(offender.origin)} that loads the rows."
        if _by_library(offender):
            return "A library asks this for each row: ask it once, or not for each row."
        if _prefetched_already(offender) and offender.relation is not None:
            return (
                f"It is prefetched already: read .{offender.relation.name}.all() and narrow it in "
                "Python, since any other method of the manager queries again."
            )
        if offender.recursive:
            return "Load the rows of all levels with one query and link them in Python."
        return "Load the related rows for the whole list before the loop."
    if fix.code.startswith("prefetch_related_objects"):
        return "Load the related rows for the whole list before the loop reads them."
    change = f"Change the queryset{_where(offender.origin)}"
    if offender.origin is not None and offender.origin.choices:
        change = f"Give the form's field its queryset{_where(offender.origin)}"
    then = _reading(offender, fix)
    return f"{change}, then {then}." if then else f"{change}."


def _reading(offender: Offender, fix: Fix) -> str | None:
    """What else changes where the rows are read; None where nothing does."""
    relation, operation = offender.relation, offender.group.operation
    if relation is None or relation.kind not in MANY_RELATIONS:
        return None
    if fix.kind == "annotate":
        name = counted_name(Counted(relation, exists=operation == "exists"))
        return f"read .{name} instead of .{relation.name}.{operation}()"
    if not offender.group.plain or operation not in ("queryset", "iterator"):
        return (
            f"read .{relation.name}.all() and narrow it in Python, since any other method of "
            "the manager queries again"
        )
    return None


def _where(origin: Source | None) -> str:
    if origin is None or origin.location is None:
        return ""
    return f" at {origin.location.file.rpartition('/')[2]}:{origin.location.line}"
