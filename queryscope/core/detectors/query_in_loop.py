"""The same query again and again from one loop, with other values each time.

    for pk in pks:
        Task.objects.get(pk=pk)         1 query a turn

Why it hurts: the queries grow with the loop, and each is a round trip to the database.

Instead of:
    Task.objects.get(pk=pk)             in the loop
use:
    tasks = Task.objects.in_bulk(pks)   once before it

A query counts when at least three of it came through exactly the same chain of calls, which only a
loop does, and with different values. Whether the loop grows is not known, so its confidence is
likely.

Silent: batches (IN lists, OFFSET pages), queries that follow a relation (see n-plus-one), the same
values each time (see duplicate-query), writes, while loops that go from page to page or wait.

To allow one: the comment "# queryscope: ignore[query-in-loop] why" on its line or on
the line above, or an entry of QUERYSCOPE["ALLOW"].
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..awaited import awaited
from ..detection import Case, Detection
from ..events import PREFETCHES, WRITES, QueryGroup, Trace
from ..findings import Finding
from ..fixes import class_name, manager_code
from ..repairs import Fix

NAME = "query-in-loop"

_MANY = 10
_PAGED = re.compile(r"\bOFFSET\b", re.IGNORECASE)


def detect(case: Case) -> Iterable[Detection]:
    """Find the groups that a loop ran with different values."""
    for index, group in case.open_groups():
        if (
            group.kind == "select"
            and group.looped
            and not _follows(group)
            and not group.batched
            and not _waits(group)
            and group.operation not in (*PREFETCHES, *WRITES)
            and _grows(group, case.options.loop_threshold)
            and not _PAGED.search(group.fingerprint)
        ):
            yield Detection(_finding(case.trace, group), frozenset({index}))


def _grows(group: QueryGroup, threshold: int) -> bool:
    """Whether its turns differ: by as many values, or a few that come again (rows of one owner)."""
    return len(group.repeats) >= threshold or (group.varied and group.count >= threshold)


def _follows(group: QueryGroup) -> bool:
    """Whether a relation is followed from one object after the other; see n-plus-one."""
    return group.relation is not None and (group.several or group.operation == "attribute")


def _waits(group: QueryGroup) -> bool:
    """Whether a while loop goes on from where the last turn came to, or until something is so."""
    return group.waits == "test" or (group.waits == "while" and not group.conditions)


def _finding(trace: Trace, group: QueryGroup) -> Finding:
    fix = None if group.locked or group.waits else _fix(group)
    fix = awaited(fix) if group.asynchronous else fix
    what = class_name(group.model) if group.model else ", ".join(group.tables) or "The database"
    if group.relation is not None:
        what = f"{class_name(group.relation.model)}.{group.relation.name}"
    call = f".{group.operation}()" if group.model and group.operation != "queryset" else ""
    return Finding(
        detector=NAME,
        severity=(
            "info" if not group.application else "error" if group.count >= _MANY else "warning"
        ),
        confidence="likely",
        endpoint=trace.name,
        request=trace.request,
        message=f"{what}{call} is queried in a loop: {group.count} queries",
        hint=_hint(group, fix),
        location=group.location,
        origin=None,
        template=group.template,
        model=group.model,
        relation=None,
        tables=group.tables,
        fingerprint=group.fingerprint,
        digest=group.digest,
        count=group.count,
        duration_ms=group.duration_ms,
        saves=group.count - 1,
        fix=fix,
    )


def _hint(group: QueryGroup, fix: Fix | None) -> str:
    if fix is not None:
        return "Ask once before the loop, for all its values, and read the answers from a dict."
    if group.locked:
        return "Lock all rows with one query, in one order, where their locks may be held together."
    if group.waits:
        return "Each turn may need the last one's answer: ask once only where it does not."
    if group.operation in ("aggregate", "count"):
        return "Ask once before the loop, grouped: values(...).annotate(...)."
    return "Ask once before the loop, for all its values."


def _fix(group: QueryGroup) -> Fix | None:
    relation, reading = group.relation, group.reading
    back = relation.back if relation is not None else ""
    asked = [name for name in group.conditions if name != back]
    if group.model is None or len(asked) != 1:
        return None
    name = asked[0]
    manager = manager_code(group.model, group.manager, group.using)
    if relation is not None:
        if reading is None or not reading.owner:
            return None
        manager = f"{reading.owner}.{relation.name}"
    if group.operation in ("get", "first") and group.unique:
        if group.unique == "primary key":
            return Fix("in_bulk", ("pk",), f"{manager}.in_bulk(pks)")
        return Fix("in_bulk", (name,), f'{manager}.in_bulk(values, field_name="{name}")')
    if group.operation == "count":
        return Fix(
            "annotate",
            (name,),
            f'{manager}.filter({name}__in=values).values("{name}").annotate(count=Count("pk"))',
        )
    if group.operation == "aggregate":
        return None
    return Fix("rewrite", (f"{name}__in",), f"{manager}.filter({name}__in=values)")
