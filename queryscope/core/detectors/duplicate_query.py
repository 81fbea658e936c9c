"""The same query with the same values more than once in one request.

    def header(request): return Settings.objects.get(pk=1)      the same question,
    def footer(request): return Settings.objects.get(pk=1)      asked twice

Why it hurts: the second answer is already known, and costs as much as the first.

Instead of:
    asking where it is needed
use:
    ask once and pass the result on, keep the queryset and iterate over it again, or put a
    functools.cached_property on the object that owns the question

Queries are the same when the SQL and every parameter are, on the same database, and nothing was
written in between.

Silent: a read that follows a write, the same query on two databases, repetition that n-plus-one or
query-in-loop explains, queries of libraries only.

To allow one: --ignore duplicate-query.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ..detection import Case, Detection
from ..events import WRITES, Location, QueryGroup, Trace
from ..findings import Finding
from ..fixes import class_name

NAME = "duplicate-query"

_MANY = 10


def detect(case: Case) -> Iterable[Detection]:
    """Find statements whose exact text and parameters were run before, wherever that was."""
    alike: dict[tuple[str, str], list[tuple[int, QueryGroup]]] = {}
    for index, group in case.open_groups():
        if group.kind == "select" and group.operation not in ("prefetch", *WRITES):
            alike.setdefault((group.digest, group.database), []).append((index, group))
    for members in alike.values():
        detection = _judge(case, members)
        if detection is not None:
            yield detection


def _judge(case: Case, members: list[tuple[int, QueryGroup]]) -> Detection | None:
    totals: Counter[int] = Counter()
    for _, group in members:
        totals.update(group.repeats)
    repeated = {mark for mark, n in totals.items() if n >= case.options.duplicate_threshold}
    involved = [(i, g) for i, g in members if repeated & g.repeats.keys()]
    if not any(group.application for _, group in involved):
        return None
    count = sum(totals[mark] for mark in repeated)
    finding = _finding(case.trace, [g for _, g in involved], count, count - len(repeated))
    return Detection(finding, frozenset(i for i, _ in involved))


def _finding(trace: Trace, groups: list[QueryGroup], count: int, saves: int) -> Finding:
    first = next(group for group in groups if group.application)
    queries = sum(group.count for group in groups)
    what = class_name(first.model) if first.model else ", ".join(first.tables) or "A query"
    call = "" if first.operation in ("queryset", "sql", "attribute") else f".{first.operation}()"
    others = [g.location for g in groups if g.location and g.location != first.location]
    return Finding(
        detector=NAME,
        severity="error" if saves >= _MANY else "warning",
        confidence="certain",
        endpoint=trace.name,
        request=trace.request,
        message=f"{what}{call} is asked {count} times with the same values",
        hint=_hint(others),
        location=first.location,
        origin=None,
        template=first.template,
        model=first.model,
        relation=None,
        tables=first.tables,
        fingerprint=first.fingerprint,
        digest=first.digest,
        count=count,
        duration_ms=sum(group.duration_ms for group in groups) * count / queries,
        saves=saves,
    )


def _hint(others: list[Location]) -> str:
    if not others:
        return "Ask once, keep the result and use it again."
    places = ", ".join(
        dict.fromkeys(f"{place.file.rpartition('/')[2]}:{place.line}" for place in others[:3])
    )
    return f"Ask once and pass the result on; it is asked at {places} as well."
