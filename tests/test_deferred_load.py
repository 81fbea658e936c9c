"""A field that was left out and loaded after all, for one object; several rows are an N+1."""

from __future__ import annotations

import pytest

from queryscope import inspect, record

from .marks import line_of
from .testapp import models
from .testapp.models import Author, Book

pytestmark = pytest.mark.django_db

books = Book.objects


@pytest.fixture(autouse=True)
def rows(library):
    pass


def run(function):
    with record() as recording:
        function()
    return recording, inspect(recording).findings


def after_only():
    book = Book.objects.only("title").get(title="Book 0")  # <- origin: after_only
    return book.summary  # <- here: after_only


def after_defer():
    book = Book.objects.defer("summary", "pages").get(title="Book 0")  # <- origin: after_defer
    return book.summary  # <- here: after_defer


def after_first():
    book = Book.objects.defer("summary").order_by("pk").first()  # <- origin: after_first
    return book.summary  # <- here: after_first


def after_index():
    book = Book.objects.defer("summary").order_by("pk")[0]  # <- origin: after_index
    return book.summary  # <- here: after_index


def foreign_key():
    book = Book.objects.only("title").get(title="Book 0")  # <- origin: foreign_key
    return book.author_id  # <- here: foreign_key


FOUND = {
    after_only: ("summary", 'Book.objects.only("title", "summary")'),
    after_defer: ("summary", 'Book.objects.defer("pages")'),
    after_first: ("summary", "Book.objects.all()"),
    after_index: ("summary", "Book.objects.all()"),
    foreign_key: ("author", 'Book.objects.only("title", "author")'),
}


@pytest.mark.parametrize("function", FOUND, ids=lambda f: f.__name__)
def test_it_is_found_placed_and_given_a_fix(function):
    field, code = FOUND[function]
    _, [finding] = run(function)
    assert (finding.detector, finding.severity) == ("deferred-load", "info")
    assert (finding.confidence, finding.count, finding.saves) == ("certain", 1, 1)
    assert finding.message == f"Book.{field} was left out and is loaded after all: 1 query"
    assert finding.location.line == line_of(__file__, f"here: {function.__name__}")
    assert finding.origin.line == line_of(__file__, f"origin: {function.__name__}")
    assert (finding.fix.kind, finding.fix.code) == ("only", code)
    assert finding.fix.alternative is None


@pytest.mark.parametrize("function", FOUND, ids=lambda f: f.__name__)
def test_its_fix_takes_the_query_away(function):
    field, code = FOUND[function]
    before, _ = run(function)
    rows = eval(code, vars(models))
    attribute = Book._meta.get_field(field).attname
    after, findings = run(lambda: getattr(rows.get(title="Book 0"), attribute))
    assert (before.queries, after.queries, findings) == (2, 1, ())


def test_two_fields_of_one_object_share_the_fix():
    def both():
        book = Book.objects.only("title").get(title="Book 0")
        return [
            book.summary,
            book.pages,
        ]

    _, findings = run(both)
    assert sorted(f.relation for f in findings) == ["testapp.Book.pages", "testapp.Book.summary"]
    for finding in findings:
        assert set(finding.fix.lookups) == {"pages", "summary"}


def test_an_object_that_came_with_another_has_a_hint():
    def joined():
        book = books.select_related("author").only("title", "author__name").get(title="Book 0")
        return book.author.email

    _, [finding] = run(joined)
    assert (finding.detector, finding.relation) == ("deferred-load", "testapp.Author.email")
    assert finding.fix is None
    assert finding.origin is not None


def expanded():
    rows = list(books.defer("summary"))
    return rows[2].summary


def each():
    return [book.summary for book in books.defer("summary")]


SILENT = {
    "loaded": lambda: books.only("summary").get(title="Book 0").summary,
    "unread": lambda: books.defer("summary").get(title="Book 0").title,
    "one-of-a-list": expanded,
    "refreshed": lambda: books.get(title="Book 0").refresh_from_db(fields=["summary"]),
    "known": lambda: Book(pk=books.first().pk, title="x").title,
}


@pytest.mark.parametrize("case", SILENT)
def test_nothing_is_found(case):
    assert run(SILENT[case])[1] == ()


def test_the_rows_of_a_list_are_an_n_plus_one():
    _, [finding] = run(each)
    assert (finding.detector, finding.relation) == ("n-plus-one", "testapp.Book.summary")


def test_an_object_from_elsewhere_is_not_judged():
    author = Author.objects.only("name").first()
    assert run(lambda: author.email)[1] == ()
