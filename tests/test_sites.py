"""Where views and their members are written, however they are written."""

from __future__ import annotations

import pytest

from queryscope.written import member_location, view_location

from .marks import line_of
from .testapp import shapes

VIEWS = [
    (shapes.Conditional.as_view(), "conditional"),
    (shapes.Fallback.as_view(), "fallback"),
    (shapes.decorated, "decorated"),
    (shapes.made(), "local"),
]


@pytest.mark.parametrize(("view", "mark"), VIEWS, ids=[mark for _, mark in VIEWS])
def test_a_view_is_placed_where_it_is_written(view, mark):
    where = view_location(view)
    assert (where.file, where.line) == (shapes.__file__, line_of(shapes, f"here: {mark}"))


MEMBERS = [
    (shapes.Conditional, "queryset", "conditional_queryset"),
    (shapes.Fallback, "get", "fallback_get"),
    (shapes.Annotated, "queryset", "annotated"),
]


@pytest.mark.parametrize(("cls", "name", "mark"), MEMBERS, ids=[mark for *_, mark in MEMBERS])
def test_a_member_is_placed_where_it_is_written(cls, name, mark):
    where = member_location(cls, name, whole_class=False)
    assert (where.file, where.line) == (shapes.__file__, line_of(shapes, f"here: {mark}"))
