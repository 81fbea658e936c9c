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
query-in-loop explains, queries of libraries only, and those that a library repeats in one call,
but for the choices of a field that many forms have.

To allow one: the comment "# queryscope: ignore[duplicate-query] why" on its line or on
the line above, or an entry of QUERYSCOPE["ALLOW"].
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ..detection import Case, Detection
from ..events import PREFETCHES, WRITES, QueryGroup, Trace
from ..findings import Finding
from ..fixes import class_name
from ..sightings import Location

NAME = "duplicate-query"

_MANY = 10


def detect(case: Case) -> Iterable[Detection]:
    """Find statements whose exact text and parameters were run before, wherever that was."""
    alike: dict[tuple[str, ...], list[tuple[int, QueryGroup]]] = {}
    for index, group in case.open_groups():
        if group.kind == "select" and group.operation not in (*PREFETCHES, *WRITES):
            # Two keys that lead to one object are two questions, whose answers happen to be one.
            asks = group.relation.label if group.relation and group.operation == "attribute" else ""
            alike.setdefault((group.digest, group.database, asks), []).append((index, group))
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
    if not any(group.application for _, group in involved) or _asked_by_library(involved):
        return None
    count = sum(totals[mark] for mark in repeated)
    groups = sorted(
        (g for _, g in involved),
        key=lambda g: -sum(g.repeats[m] for m in repeated & g.repeats.keys()),
    )
    finding = _finding(case.trace, groups, count, count - len(repeated))
    return Detection(finding, frozenset(i for i, _ in involved))


def _asked_by_library(involved: list[tuple[int, QueryGroup]]) -> bool:
    """Whether one call of a library asked each time: nobody here could pass the result on."""
    places = {(group.location, group.template) for _, group in involved}
    ours = any(group.direct or group.field or group.looped for _, group in involved)
    return len(places) == 1 and not ours


def _finding(trace: Trace, groups: list[QueryGroup], count: int, saves: int) -> Finding:
    first = next(group for group in groups if group.application)
    queries = sum(group.count for group in groups)
    what = class_name(first.model) if first.model else ", ".join(first.tables) or "A query"
    plain = first.operation in ("queryset", "iterator", "sql", "attribute")
    call = "" if plain else f".{first.operation}()"
    others = [g.location for g in groups if g.location and g.location != first.location]
    return Finding(
        detector=NAME,
        severity="error" if saves >= _MANY else "warning",
        confidence="certain",
        endpoint=trace.name,
        request=trace.request,
        message=f"{what}{call} is asked {count} times with the same values",
        hint=_hint_for_forms(first.field) if first.field else _hint(others),
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


def _hint_for_forms(field: str) -> str:
    return (
        f"Each form loads the choices of its field {field}: load them once and set them on every "
        f'form, form.fields["{field}"].choices = choices.'
    )


def _hint(others: list[Location]) -> str:
    if not others:
        return "Ask once, keep the result and use it again."
    places = ", ".join(
        dict.fromkeys(f"{place.file.rpartition('/')[2]}:{place.line}" for place in others[:3])
    )
    return f"Ask once and pass the result on; it is asked at {places} as well."
