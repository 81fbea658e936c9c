"""All rows of a queryset at once, however many there are.

    for task in Task.objects.all():             as many rows as the table has
        total += task.hours

Why it hurts: time and memory grow with the table, until the page times out or the process is
killed.

Instead of:
    Task.objects.all()
use:
    Paginator(Task.objects.order_by("pk"), 100).get_page(number)      what is shown
    Task.objects.all()[:100]                                          the first of them
    Task.objects.iterator(chunk_size=2000)                            what is gone through once

A queryset counts when it has no LIMIT and brought UNBOUNDED_ROWS rows (1,000) in one evaluation.

Silent: slices and pages, iterator(), count() and exists(), IN lists and ranges of keys,
prefetches of bounded lists, values() grouped for annotate(), choices of form fields, the admin's
lists, code of libraries, small tables.

To allow one: --ignore unbounded-query, or raise UNBOUNDED_ROWS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..detection import Case, Detection
from ..events import MANY_RELATIONS, WRITES, QueryGroup, Source, Trace
from ..findings import Finding
from ..fixes import class_name, expression
from ..repairs import Fix

NAME = "unbounded-query"

_LIMIT = re.compile(r"\bLIMIT\b|\bFETCH (?:FIRST|NEXT)\b", re.IGNORECASE)
#: A loop over the queryset itself, not over a list that was made of it.
_LOOP = re.compile(r"(async )?for .+? in (?!.*\b(?:list|tuple|set|sorted|dict|reversed|len)\()")
_ANSWERS = re.compile(r"\b(?:render|\w*Response)\(")
_WORKED_WITH = re.compile(
    r"\b(?:set|frozenset|dict|len|sum|min|max|in_bulk|choice|sample|bulk_\w+)\("
)
_PAGE = 100
_USED = (
    "Bring as many as are used: filter more, go through them with iterator(), or let the database "
    "count() or add up."
)
_CHUNK = 2_000
#: Members of a view class that say what it lists.
_LISTS = (".get_queryset", ".queryset", ".model", ".serializer_class")


def detect(case: Case) -> Iterable[Detection]:
    """Find the querysets without a limit that brought many rows."""
    for source in case.trace.sources:
        if source.group is None or source.rows < case.options.unbounded_rows:
            continue
        group = case.trace.groups[source.group]
        if _is_whole(source) and _is_asked(group):
            yield Detection(_finding(case.trace, source, group), frozenset())


def _is_whole(source: Source) -> bool:
    """Whether nothing bounds the rows, or hands them out a few at a time."""
    bounded = source.single or source.limited or source.streamed
    library = source.choices or source.changelist or source.collected
    own = source.relation is None or source.relation.kind in MANY_RELATIONS
    return not (bounded or library) and own and source.loaded_by in ("queryset", "lazy")


def _is_asked(group: QueryGroup) -> bool:
    # An IN list of keys bounds the rows by what the code had already.
    return (
        group.application
        and group.kind == "select"
        and not (group.batched and group.keys_listed)
        and group.operation not in WRITES
        and not _LIMIT.search(group.fingerprint)
    )


def _finding(trace: Trace, source: Source, group: QueryGroup) -> Finding:
    fix, hint = _remedy(trace, source, group)
    return Finding(
        detector=NAME,
        severity="warning",
        confidence="certain",
        endpoint=trace.name,
        request=trace.request,
        message=f"{_what(source)} brings {source.rows:,} rows at once, and has no limit",
        hint=hint,
        location=group.location,
        origin=source.location,
        template=group.template,
        model=source.model,
        relation=source.relation.label if source.relation else None,
        tables=group.tables,
        fingerprint=group.fingerprint,
        digest=group.digest,
        count=group.count,
        duration_ms=group.duration_ms,
        fix=fix,
    )


def _what(source: Source) -> str:
    if source.relation is not None:
        return f"{class_name(source.relation.model)}.{source.relation.name}"
    return f"A queryset of {class_name(source.model)}"


def _remedy(trace: Trace, source: Source, group: QueryGroup) -> tuple[Fix | None, str]:
    rows = expression(source)
    if source.raw:
        return None, "Add a LIMIT to the SQL, or go through the rows with iterator()."
    if source.combined:
        return None, "Slice it where it is built."
    if _is_loop(source, group):
        stream = "aiterator" if _code(group).startswith("async ") else "iterator"
        code = f"{rows}.{stream}(chunk_size={_CHUNK})"
        hint = "Go through the rows a chunk at a time, when nothing else reads them, or bring fewer"
        return None if source.values else Fix("iterator", (), code), f"{hint}."
    if not _is_shown(source, group):
        return None, _USED
    there = source.taken or source.location
    if there is not None and there.function.endswith(_LISTS):
        return _of_view(group)
    if trace.request is not None:
        code = f'Paginator({rows}.order_by("pk"), {_PAGE}).get_page(request.GET.get("page"))'
        fix = None if source.values else Fix("rewrite", (), code)
        return fix, "Show a page of them; for a number alone, ask for count()."
    return None, _USED


def _is_shown(source: Source, group: QueryGroup) -> bool:
    """Whether a page shows the rows; a program that works with them needs all it asked for."""
    if group.template is not None or not source.written:
        return True
    return bool(_ANSWERS.search(_code(group))) and not _WORKED_WITH.search(_code(group))


def _of_view(group: QueryGroup) -> tuple[Fix, str]:
    """What a generic view is given to list a page."""
    if group.template is not None:
        return Fix("rewrite", (), f"paginate_by = {_PAGE}"), "Let the view list a page of them."
    code = (
        f"class Page(PageNumberPagination):\n    page_size = {_PAGE}\n\n\npagination_class = Page"
    )
    return Fix("rewrite", (), code), "Give the view a pagination_class with a page_size."


def _is_loop(source: Source, group: QueryGroup) -> bool:
    """Whether a loop goes through the queryset where it is built, or in a function that has it."""
    here, there = group.location, source.taken or source.location
    if here is None or there is None or group.template is not None or not source.written:
        return False
    near = (here.file, here.function) == (there.file, there.function)
    return near and _LOOP.match(_code(group)) is not None


def _code(group: QueryGroup) -> str:
    return group.location.code if group.location is not None else ""
