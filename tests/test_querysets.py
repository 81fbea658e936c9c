"""What a queryset's conditions say, without asking the database."""

from __future__ import annotations

import pytest
from django.db.models import F, Q

from queryscope.querysets import at_most_one, exact_conditions, key_conditions

from .testapp.models import Author, Book, Novel, Profile

books, authors = Book.objects, Author.objects


ONE = {
    "pk": books.filter(pk=1),
    "unique": authors.filter(email="x"),
    "unique and more": authors.filter(email="x", name="y"),
    "unique and not": authors.filter(email="x").exclude(name="y"),
    "parent's pk": Novel.objects.filter(pk=1),
    "one-to-one": Profile.objects.filter(author=1),
    "first": books.all()[:1],
    "third": books.all()[2:3],
    "none": books.all()[2:2],
}
MANY = {
    "all": books.all(),
    "two": books.all()[:2],
    "from the second on": books.all()[1:],
    "not unique": books.filter(title="x"),
    "pk or pk": books.filter(pk=1) | books.filter(pk=2),
    "any of three pks": books.filter(pk=1) | books.filter(pk=2) | books.filter(pk=3),
    "either pk": books.filter(Q(pk=1) | Q(pk=2)),
    "pk or more": books.filter(Q(pk=1) | Q(title="x")),
    "not the pk": books.exclude(pk=1),
    "not, by Q": books.filter(~Q(pk=1)),
    "pks": books.filter(pk__in=[1]),
    "greater": books.filter(pk__gt=1),
    "another table's": books.filter(author__email="x"),
    "joined to many": books.filter(pk=1, genres__name="x"),
    "union": books.filter(pk=1).union(books.filter(pk=2)),
    "raw": books.raw("SELECT * FROM testapp_book WHERE id = 1"),
}


@pytest.mark.parametrize("case", ONE)
def test_one_row_at_most(case):
    assert at_most_one(ONE[case])


@pytest.mark.parametrize("case", MANY)
def test_more_rows_may_be(case):
    assert not at_most_one(MANY[case])


CONDITIONS = {
    "two": (books.filter(pages=1, title="x"), [("pages", 1), ("title", "x")]),
    "nested": (books.filter(Q(title="x") & Q(Q(pages=1))), [("title", "x"), ("pages", 1)]),
    "or": (books.filter(Q(title="x") | Q(pages=1)), []),
    "or of querysets": (books.filter(title="x") | books.filter(pages=1), []),
    "or beside and": (books.filter(Q(title="x") | Q(title="y"), pages=1), [("pages", 1)]),
    "not": (books.exclude(title="x"), []),
    "not beside and": (books.filter(pages=1).exclude(title="x"), [("pages", 1)]),
    "greater": (books.filter(pages__gt=1), []),
    "none": (books.all(), []),
}


@pytest.mark.parametrize("case", CONDITIONS)
def test_conditions_that_all_rows_meet(case):
    rows, expected = CONDITIONS[case]
    assert exact_conditions(rows) == expected


KEYS = {
    "pk": (books.filter(pk=1), (("id",), "primary key")),
    "unique": (authors.filter(email="x"), (("email",), "unique")),
    "two": (books.filter(pages=1, title="x"), (("pages", "title"), "")),
    "or": (books.filter(Q(title="x") | Q(pages=1)), ((), "")),
    "or of querysets": (books.filter(title="x") | books.filter(pages=1), ((), "")),
    "not": (books.exclude(title="x"), ((), "")),
    "greater beside equal": (books.filter(title="x", pages__gt=1), ((), "")),
    "another table's": (books.filter(author__name="x"), ((), "")),
    "union": (books.filter(pk=1).union(books.filter(pk=2)), ((), "")),
    "raw": (books.raw("SELECT 1"), ((), "")),
    "a column": (books.filter(pages=F("pk")), (("pages",), "")),
}


@pytest.mark.parametrize("case", KEYS)
def test_conditions_that_are_all_that_is_asked(case):
    rows, expected = KEYS[case]
    assert key_conditions(rows) == expected
