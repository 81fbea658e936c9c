"""Which querysets a paginator cut: a page of one row is a list, unlike what ``first()`` asks for.

A paginator ends its last page at the count, so that a page of one row has LIMIT 1 in its query. By
the time its rows are read no paginator may be on the stack, but it was when it counted them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.core import paginator as django_paginator
from django.db.models.query import QuerySet, RawQuerySet

from .stack import Step

_FILE = django_paginator.__file__


class Pages:
    """The paginators seen at work in one recording."""

    __slots__ = ("_paginators",)

    def __init__(self) -> None:
        self._paginators: dict[int, Any] = {}

    def note(self, steps: Iterable[Step]) -> None:
        """Remember the paginators among the callers of a query, and those of pages."""
        for frame, _ in steps:
            if frame.f_code.co_filename == _FILE:
                owner = frame.f_locals.get("self")
                values = getattr(owner, "__dict__", {})
                paginator = values.get("paginator", owner)
                self._paginators[id(paginator)] = paginator

    def forget(self) -> None:
        """Let go of them."""
        self._paginators.clear()

    def whole(self, queryset: Any) -> Any:
        """The list of which a queryset is the last page; the queryset itself of none."""
        if isinstance(queryset, RawQuerySet):
            return queryset
        for paginator in self._paginators.values():
            values = getattr(paginator, "__dict__", {})
            rows = values.get("object_list")
            if issubclass(type(rows), QuerySet) and _is_last_page(queryset, rows, values):
                return rows
        return queryset


def _is_last_page(queryset: Any, rows: Any, paginator: dict[str, Any]) -> bool:
    query, whole = queryset.query, rows.query
    per_page = paginator.get("per_page")
    if query.high_mark is None or type(per_page) is not int or per_page < 2:
        return False  # Pages of one row are meant to have one.
    low, high = query.low_mark - whole.low_mark, query.high_mark - whole.low_mark
    # A project's own paginator may count where only a call would tell.
    count = paginator.get("count", paginator.get("_cache_acount"))
    return (
        queryset.model is rows.model
        and low % per_page == 0
        and count in (None, high)
        and query.order_by is whole.order_by
        and list(_conditions(query.where)) == list(_conditions(whole.where))
    )


def _conditions(where: Any) -> Iterator[int]:
    """What identifies the conditions of a query: a clone has the same objects."""
    for child in where.children:
        if hasattr(child, "children"):
            yield from _conditions(child)
        else:
            yield id(child)
