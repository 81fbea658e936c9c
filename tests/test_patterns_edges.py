"""Rows of unknown origin, one row today, other aliases, several loops: what is said of them."""

from __future__ import annotations

import pickle

import django
import pytest
from django.db import models as django_models

from queryscope import inspect, record
from queryscope.core.detection import Options, detect

from .marks import named
from .testapp import loops
from .testapp.library import build
from .testapp.models import Author, Book, Country, Genre, Note, Profile, Publisher, Review

pytestmark = pytest.mark.django_db


def found(loop, rows):
    with record("loop") as recording:
        list(loop(rows()))
    return [
        (f.relation.removeprefix("testapp."), f.count, f.confidence, f.fix and f.fix.code)
        for f in sorted(inspect(recording).findings, key=lambda f: f.location.line)
    ]


def test_rows_of_unknown_origin_are_likely(library):
    rows = list(Book.objects.all())
    code = 'prefetch_related_objects(rows, "author")'
    assert found(loops.forward_fk, lambda: rows) == [("Book.author", 5, "likely", code)]


def test_unpickled_rows_are_likely(library):
    data = pickle.dumps(list(Book.objects.all()))
    code = 'prefetch_related_objects(rows, "reviews")'
    assert found(loops.reverse_fk, lambda: pickle.loads(data)) == [
        ("Book.reviews", 5, "likely", code)
    ]


WAITING = [
    (loops.forward_fk, lambda: Book.objects.filter(title="Book 0"), "Book.author", 1),
    (loops.reverse_fk, lambda: Book.objects.filter(title="Book 0"), "Book.reviews", 1),
    (loops.m2m, lambda: Book.objects.filter(title="Book 0"), "Book.genres", 1),
    (loops.generic_fk, lambda: Note.objects.filter(text="note 0"), "Note.content_object", 1),
    (loops.generic_relation, lambda: Book.objects.filter(title="Book 0"), "Book.notes", 1),
    (loops.reverse_one_to_one, lambda: Author.objects.filter(name="Author 1"), "Author.profile", 1),
    (loops.chain, lambda: Book.objects.filter(title="Book 0"), "Author.country", 2),
]


@pytest.mark.parametrize(("loop", "rows", "relation", "count"), WAITING, ids=named)
def test_one_row_today_is_an_n_plus_one_in_waiting(library, loop, rows, relation, count):
    with record() as recording:
        list(loop(rows()))
    [finding] = inspect(recording).findings
    assert (finding.relation, finding.count) == (f"testapp.{relation}", count)
    assert (finding.waiting, finding.severity, finding.confidence) == (True, "info", "certain")
    assert "one row now" in finding.message


@pytest.mark.django_db(databases=["default", "other"])
@pytest.mark.parametrize(
    ("loop", "relation"),
    [(loops.forward_fk, "author"), (loops.reverse_fk, "reviews"), (loops.m2m, "genres")],
)
def test_rows_of_another_alias_are_rows(loop, relation):
    build("other")
    with record() as recording:
        list(loop(Book.objects.using("other")))
    [finding] = inspect(recording).findings
    assert (finding.relation, finding.count) == (f"testapp.Book.{relation}", 5)
    assert {group.database for group in recording.trace.groups} == {"other"}


def test_three_levels_are_three_findings_with_one_fix(library):
    code = 'Genre.objects.prefetch_related("books__reviews__reviewer")'
    assert found(loops.nested_three, Genre.objects.all) == [
        ("Genre.books", 3, "certain", code),
        ("Book.reviews", 10, "certain", code),
        ("Review.reviewer", 20, "certain", code),
    ]


@pytest.mark.parametrize(
    ("loop", "relation", "count"),
    [(loops.up_the_tree, "Author.mentor", 10), (loops.down_the_tree, "Author.pupils", 15)],
    ids=["up", "down"],
)
def test_a_tree_is_one_finding_without_a_lookup_as_deep_as_its_data(library, loop, relation, count):
    with record() as recording:
        list(loop(Author.objects.all()))
    [finding] = inspect(recording).findings
    assert (finding.relation, finding.count) == (f"testapp.{relation}", count)
    assert (finding.fix, finding.confidence) == (None, "certain")
    assert finding.hint == "Load the rows of all levels with one query and link them in Python."


def test_a_deep_tree_takes_few_sources(library):
    above = None
    for n in range(60):
        above = Author.objects.create(name="deep", email=f"deep {n}", mentor=above)
    with record() as recording:
        list(loops.up_the_tree(Author.objects.filter(name="deep")))
    [finding] = inspect(recording).findings
    assert finding.count == 59 * 60 // 2
    assert len(recording.trace.sources) <= 3


def test_beyond_a_generic_key_each_model_has_its_queryset(library):
    queryset = 'GenericPrefetch("content_object", [Book.objects.select_related("author")])'
    fix = f"Note.objects.prefetch_related({queryset})"
    assert found(loops.generic_fk_then_fk, lambda: Note.objects.filter(text__lt="note 2")) == [
        ("Note.content_object", 2, "certain", fix),
        ("Book.author", 2, "certain", fix),
    ]


def test_the_rows_of_a_related_manager_are_its_owners(library):
    publisher = Publisher.objects.get(name="Publisher 0")
    assert found(loops.forward_fk, publisher.book_set.all) == [
        ("Book.author", 2, "certain", 'publisher.book_set.select_related("author")')
    ]


def test_two_loops_over_one_queryset_are_one_origin(library):
    def twice(rows):
        yield [book.author.name for book in rows]
        yield [book.publisher.name for book in rows]

    code = 'Book.objects.select_related("author", "publisher")'
    assert found(twice, Book.objects.all) == [
        ("Book.author", 5, "certain", code),
        ("Book.publisher", 5, "certain", code),
    ]


def test_two_relations_on_one_line_are_two_findings(library):
    def both(rows):
        return [f"{book.author.name}, {book.publisher.name}" for book in rows]

    code = 'Book.objects.select_related("author", "publisher")'
    assert sorted(found(both, Book.objects.all)) == [
        ("Book.author", 5, "certain", code),
        ("Book.publisher", 5, "certain", code),
    ]


def names(rows):
    return [book.author.name for book in rows]


def half(pks: list[int], *, first: bool):
    return Book.objects.filter(pk__in=pks[:2]) if first else Book.objects.exclude(pk__in=pks[:2])


def test_two_lists_that_one_line_iterates_are_one_finding(library):
    def both(pks):
        yield names(half(pks, first=True))
        yield names(half(pks, first=False))

    pks = list(Book.objects.values_list("pk", flat=True))
    code = 'Book.objects.select_related("author")'
    assert found(both, lambda: pks) == [("Book.author", 5, "certain", code)]


def test_two_lists_that_two_lines_evaluate_are_two_findings(library):
    def both(pks):
        yield names(list(half(pks, first=True)))
        yield names(list(half(pks, first=False)))

    pks = list(Book.objects.values_list("pk", flat=True))
    code = 'Book.objects.select_related("author")'
    assert sorted(found(both, lambda: pks)) == [
        ("Book.author", 2, "certain", code),
        ("Book.author", 3, "certain", code),
    ]


def test_the_same_queryset_in_two_requests_is_counted_in_each(library):
    traces = []
    for _ in range(2):
        with record("GET /books/") as recording:
            list(loops.forward_fk(Book.objects.all()))
        traces.append(recording)
    report = inspect(*traces)
    assert [finding.count for finding in report.findings] == [5]
    assert [endpoint.repeats for endpoint in report.endpoints] == [2]


@pytest.mark.parametrize(("threshold", "findings"), [(5, 1), (6, 0)])
def test_the_threshold_is_one_of_queries(library, threshold, findings):
    with record() as recording:
        list(loops.forward_fk(Book.objects.all()))
    options = Options(n_plus_one_threshold=threshold)
    assert len(detect([recording.trace], options)) == findings


def test_more_than_ten_queries_are_an_error(library):
    country = Country.objects.create(name="big")
    Author.objects.bulk_create(Author(name="x", email=f"x{n}", country=country) for n in range(12))
    with record() as recording:
        [author.country.name for author in Author.objects.filter(name="x")]
    [finding] = inspect(recording).findings
    assert (finding.severity, finding.count) == ("error", 12)


def test_a_large_list_is_counted_to_the_last_row(library):
    author = Author.objects.first()
    book = Book.objects.first()
    Review.objects.bulk_create(Review(book=book, reviewer=author) for _ in range(3_000))
    with record() as recording:
        for review in Review.objects.all():
            review.reviewer.name  # noqa: B018
    [finding] = [f for f in inspect(recording).findings if f.detector == "n-plus-one"]
    assert (finding.relation, finding.count) == ("testapp.Review.reviewer", 3_010)


def test_a_null_key_is_no_query(library):
    Author.objects.update(mentor=None)
    assert found(loops.self_fk, Author.objects.all) == []


@pytest.mark.skipif(django.VERSION < (6, 1), reason="fetch modes came with Django 6.1")
@pytest.mark.parametrize(
    ("loop", "rows", "queries"),
    [
        (loops.forward_fk, Book.objects.all, 2),
        (loops.chain, Book.objects.all, 3),
        (loops.reverse_one_to_one, Author.objects.all, 2),
        (loops.forward_one_to_one, Profile.objects.all, 2),
        (loops.deferred, lambda: Book.objects.defer("summary"), 2),
        (loops.generic_fk, Note.objects.all, 3),
    ],
    ids=["fk", "chain", "reverse-one-to-one", "one-to-one", "deferred", "generic"],
)
def test_peers_that_are_fetched_together_are_silent(library, loop, rows, queries):
    with record() as recording:
        list(loop(rows().fetch_mode(django_models.FETCH_PEERS)))
    assert recording.queries == queries
    assert inspect(recording).findings == ()
