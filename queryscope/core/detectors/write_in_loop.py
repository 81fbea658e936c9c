"""One INSERT, UPDATE or DELETE for each turn of a loop.

    for title in titles:
        Task.objects.create(title=title)        1 query a turn

Why it hurts: each write is a round trip to the database, and the locks of a transaction are held
until the last one is done.

Instead of:
    save(), create(), update(), delete(), get_or_create(), add() in the loop
use:
    Task.objects.bulk_create(tasks)             new rows
    Task.objects.bulk_update(tasks, ["done"])   rows that were loaded and changed
    Task.objects.filter(pk__in=pks).update(done=True)
    Task.objects.filter(pk__in=pks).delete()

A bulk form runs no save() of yours and sends no pre_save and post_save: where your model has them
the hint says so. A finding is certain when the rows of one queryset of several rows are written,
and likely when only the loop is known. All queries of the call belong to it, those that it reads
or that cascade as well.

Silent: bulk_create(), bulk_update(), update() and delete() of a queryset, which Django may send in
batches; chunks (IN lists); executemany(); loops of libraries that yours cannot replace; receivers
of signals that run once for each signal.

To allow one: the comment "# queryscope: ignore[write-in-loop] why" on its line or on
the line above, or an entry of QUERYSCOPE["ALLOW"].
"""

from __future__ import annotations

from collections.abc import Iterable

from ..bulk import Bulk, bulk_form
from ..detection import Case, Detection
from ..events import WRITES, QueryGroup, Trace
from ..findings import Confidence, Finding, Severity
from ..fixes import class_name
from ..sightings import Write

NAME = "write-in-loop"

_MANY = 10
#: Turns are counted to this many; by then it is a loop.
_KNOWN_TURNS = 4
_BATCHES = frozenset({"bulk_create", "bulk_update"})
#: They ask before they write: a loop of them is one, whether the rows exist or not.
_UPSERTS = frozenset({"get_or_create", "update_or_create"})


def detect(case: Case) -> Iterable[Detection]:
    """Find the places whose writes one loop of the application made."""
    places: dict[object, list[tuple[int, QueryGroup]]] = {}
    for index, group in case.open_groups():
        if group.write is not None and group.operation not in _BATCHES:
            key = group.location, group.template, group.operation, group.database
            places.setdefault(key, []).append((index, group))
    for members in places.values():
        groups = [group for _, group in members]
        if any(_is_looped(case, group) for group in groups):
            yield Detection(_finding(case.trace, groups), frozenset(i for i, _ in members))


def _is_looped(case: Case, group: QueryGroup) -> bool:
    turns, threshold = (group.write or Write()).turns, case.options.loop_threshold
    writes = group.kind in ("insert", "update", "delete") or group.operation in _UPSERTS
    # Of one row or of one call each: a VALUES list of several rows is a batch by itself.
    single = not group.batched or group.operation in WRITES - {"create", "save", "update"}
    enough = turns >= min(threshold, _KNOWN_TURNS) and group.count >= threshold
    return group.application and writes and single and enough


def _finding(trace: Trace, groups: list[QueryGroup]) -> Finding:
    count = sum(group.count for group in groups)
    main = min(groups, key=lambda group: (group.kind == "select", -group.count))
    bulk, write = bulk_form(groups), main.write or Write()
    sure = write.source is not None and not trace.sources[write.source].single
    saves = max(0, count - bulk.queries) if bulk.queries else 0
    confidence: Confidence = "certain" if sure else "likely"
    origin = trace.sources[write.source] if sure and write.source is not None else None
    return Finding(
        detector=NAME,
        severity=_severity(saves, count),
        confidence=confidence,
        endpoint=trace.name,
        request=trace.request,
        message=f"{_call(main, write)} runs in a loop: {count} queries",
        hint=_hint(main, write, bulk),
        location=main.location,
        origin=origin.location if origin else None,
        template=main.template,
        model=write.model or None,
        relation=f"{write.owner}.{write.accessor}" if write.accessor else None,
        tables=tuple(dict.fromkeys(table for group in groups for table in group.tables)),
        fingerprint=main.fingerprint,
        digest=main.digest,
        count=count,
        duration_ms=sum(group.duration_ms for group in groups),
        saves=saves,
        fix=bulk.fix,
    )


def _severity(saves: int, count: int) -> Severity:
    if not saves:
        return "info"
    return "error" if count >= _MANY else "warning"


def _call(group: QueryGroup, write: Write) -> str:
    if group.operation == "sql":
        return f"{group.kind.upper()} of {', '.join(group.tables)}"
    if write.accessor:
        return f"{class_name(write.owner)}.{write.accessor}.{group.operation}()"
    of_queryset = group.operation not in ("save", "delete") or write.keys
    manager = f".{write.manager}" if of_queryset else ""
    return f"{class_name(write.model)}{manager}.{group.operation}()"


def _hint(group: QueryGroup, write: Write, bulk: Bulk) -> str:
    loop, place = write.loop, group.location
    if loop is None or place is None or (loop.file, loop.function) == (place.file, place.function):
        return bulk.hint
    return f"{bulk.hint} The loop is at {loop.file.rpartition('/')[2]}:{loop.line}."
