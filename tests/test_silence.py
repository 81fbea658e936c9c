"""Code that asks as it should: no finding at all, one line a case."""

from __future__ import annotations

import pickle
import warnings

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.paginator import Paginator
from django.db import connection, transaction
from django.db.models import Count, Prefetch, prefetch_related_objects

from queryscope import inspect, record

from .testapp.library import build
from .testapp.models import (
    Author,
    Book,
    Country,
    Genre,
    Note,
    Novel,
    Publisher,
    Review,
    Shelf,
)

pytestmark = pytest.mark.django_db(databases=["default", "other"])

books = Book.objects


def authors_with_books():
    return Author.objects.prefetch_related("books")


def notes_with_owners():
    return Note.objects.prefetch_related("content_object")


def fetched():
    return books.prefetch_related("reviews__reviewer", "genres", "notes", "editions")


def joined(*lookups: str):
    return books.select_related(*lookups)


def to_attr():
    return books.prefetch_related(Prefetch("reviews", Review.objects.order_by("text"), "sorted"))


def in_savepoints():
    for book in books.all():
        with transaction.atomic():
            book.title += "!"


def read_write_read():
    before = Country.objects.get(name="Country 0")
    Country.objects.filter(pk=before.pk).update(name="new")
    return before, Country.objects.get(pk=before.pk), Country.objects.get(name="new")


def first_and_again():
    before = Country.objects.get(name="Country 0")
    Country.objects.create(name="more")
    return before, Country.objects.get(name="Country 0")


def on_two_aliases():
    return [Country.objects.using(alias).get(name="Country 0") for alias in ("default", "other")]


def on_two_aliases_in_a_loop():
    return [list(Country.objects.using(alias)) for alias in ("default", "other")]


def iterated_twice():
    rows = books.select_related("author")
    return [b.author.name for b in rows], [b.author.email for b in rows]


def pickled():
    rows = pickle.loads(pickle.dumps(books.select_related("author")))
    return [book.author.name for book in rows]


def pages():
    paginator = Paginator(books.order_by("pk"), 2)
    return [list(page) for page in paginator]


def page_and_count():
    page = Paginator(books.select_related("author").order_by("pk"), 2).page(1)
    return [book.author.name for book in page], page.has_next(), page.paginator.count


def created():
    made = [Review(book=book, reviewer=book.author) for book in books.select_related("author")]
    return [review.reviewer.name for review in Review.objects.bulk_create(made)]


def assigned():
    author = Author.objects.get(name="Author 0")
    rows = list(books.all())
    for book in rows:
        book.author = author
    return [book.author.name for book in rows]


def updated_in_bulk():
    rows = list(books.all())
    for book in rows:
        book.pages += 1
    return books.bulk_update(rows, ["pages"], batch_size=2)


def created_in_batches():
    rows = [Country(name=f"new {n}") for n in range(50)]
    return Country.objects.bulk_create(rows, batch_size=10)


def in_bulk_in_chunks():
    keys = list(books.values_list("pk", flat=True))
    return [books.in_bulk(keys[n : n + 2]) for n in range(0, 4, 2)]


def chunks_of_keys():
    keys = list(Review.objects.values_list("pk", flat=True))
    return [list(Review.objects.filter(pk__in=keys[n : n + 2])) for n in range(0, 8, 2)]


def two_lists_through_one_helper():
    def names(rows):
        return [row.name for row in rows]

    return names(Author.objects.all()), names(Genre.objects.all()), names(Country.objects.all())


def content_types():
    ContentType.objects.clear_cache()
    return [ContentType.objects.get_for_model(m) for m in (Book, Book, Author, Author, Book)]


def loop_over_models():
    return [model.objects.count() for model in (Book, Author, Genre, Country, Review)]


def loop_over_models_rows():
    return [list(model.objects.all()) for model in (Book, Author, Genre, Country, Review)]


def one_of_many():
    return list(books.all())[2].author.name


def last_of_many():
    *_, last = books.all()
    return last.author.name, list(last.reviews.all())


def of_one(book: Book):
    return book.author.country.name, list(book.reviews.all()), list(book.genres.all())


def raw_cursor_once():
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM testapp_book")
        return cursor.fetchone()


def many_rows_at_once():
    rows = [(f"c{n}",) for n in range(20)]
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO testapp_country (name) VALUES (%s)", rows)


def by_hand():
    reviews = Review.objects.filter(book__in=books.all())
    by_book = {}
    for review in reviews:
        by_book.setdefault(review.book_id, []).append(review)
    return [by_book[book.pk] for book in books.all()]


def late_prefetch():
    rows = list(books.all())
    prefetch_related_objects(rows, "author", "reviews")
    return [(book.author.name, len(book.reviews.all())) for book in rows]


def parent_of_children():
    publisher = Publisher.objects.get(name="Publisher 0")
    return [book.publisher.name for book in publisher.book_set.all()]


def author_of_profile():
    return [author.profile.author.name for author in Author.objects.select_related("profile")]


def everything_joined():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return [review.book.author.name for review in Review.objects.select_related()]


def known_parents_prefetched():
    return [[book.author for book in author.books.all()] for author in authors_with_books()]


def shared_filters():
    return [r.text for r in Review.objects.filter(book__author__country__name="Country 0")]


SILENT = {
    "fk-id": lambda: [book.author_id for book in books.all()],
    "null-fk": lambda: [n.editor for n in books.filter(editor=None)],
    "select-related": lambda: [b.author.country.pk for b in joined("author__country")],
    "select-related-null": lambda: [b.editor for b in joined("editor")],
    "select-related-missing": lambda: [hasattr(b, "novel") for b in joined("novel")],
    "select-related-all": everything_joined,
    "prefetch-fk": lambda: [b.author.name for b in books.prefetch_related("author")],
    "prefetch-list": lambda: [list(b.reviews.all()) for b in fetched()],
    "prefetch-len": lambda: [len(b.reviews.all()) for b in fetched()],
    "prefetch-bool": lambda: [bool(b.reviews.all()) for b in fetched()],
    "prefetch-count": lambda: [b.reviews.count() for b in fetched()],
    "prefetch-all-count": lambda: [b.reviews.all().count() for b in fetched()],
    "prefetch-exists": lambda: [b.reviews.exists() for b in fetched()],
    "prefetch-all-exists": lambda: [b.reviews.all().exists() for b in fetched()],
    "prefetch-index": lambda: [b.reviews.all()[0] for b in fetched()],
    "prefetch-slice": lambda: [b.reviews.all()[:1] for b in fetched()],
    "prefetch-in": lambda: [None in b.reviews.all() for b in fetched()],
    "prefetch-loop": lambda: [[r.text for r in b.reviews.all()] for b in fetched()],
    "prefetch-deep": lambda: [[r.reviewer.name for r in b.reviews.all()] for b in fetched()],
    "prefetch-inverse": lambda: [[r.book.title for r in b.reviews.all()] for b in fetched()],
    "prefetch-m2m": lambda: [[g.name for g in b.genres.all()] for b in fetched()],
    "prefetch-m2m-count": lambda: [b.genres.count() for b in fetched()],
    "prefetch-generic": lambda: [[n.text for n in b.notes.all()] for b in fetched()],
    "prefetch-custom-manager": lambda: [len(b.editions.all()) for b in fetched()],
    "prefetch-to-attr": lambda: [[r.text for r in b.sorted] for b in to_attr()],
    "prefetch-generic-fk": lambda: [note.content_object for note in notes_with_owners()],
    "prefetch-chunks": lambda: [list(b.genres.all()) for b in fetched().iterator(chunk_size=1)],
    "late-prefetch": late_prefetch,
    "annotated": lambda: [b.n for b in books.annotate(n=Count("reviews"))],
    "values": lambda: [row["author__name"] for row in books.values("author__name")],
    "values-list": lambda: list(books.values_list("author__country__name", flat=True)),
    "only-what-is-read": lambda: [b.title for b in books.only("title")],
    "defer-what-is-not": lambda: [b.title for b in books.defer("summary")],
    "known-parent": parent_of_children,
    "known-parent-prefetched": known_parents_prefetched,
    "known-parent-one-to-one": author_of_profile,
    "parent-link": lambda: [novel.book_ptr.title for novel in Novel.objects.all()],
    "get": lambda: of_one(books.get(title="Book 0")),
    "get-twice": lambda: (of_one(books.get(title="Book 0")), of_one(books.get(title="Book 1"))),
    "first": lambda: of_one(books.first()),
    "last": lambda: of_one(books.last()),
    "latest": lambda: of_one(books.latest("pk")),
    "index": lambda: of_one(books.all()[0]),
    "slice-of-one": lambda: [of_one(book) for book in books.all()[:1]],
    "filter-pk": lambda: [of_one(book) for book in books.filter(pk=books.first().pk)],
    "filter-unique": lambda: [a.country for a in Author.objects.filter(email="0@example.org")],
    "filter-composite": lambda: Shelf.objects.get(pk=(1, 1)).keeper.name,
    "one-of-many": one_of_many,
    "last-of-many": last_of_many,
    "created": created,
    "assigned": assigned,
    "constructed": lambda: [Book(author=Author(name="x")).author.name for _ in range(5)],
    "read-write-read": read_write_read,
    "read-other-write-read": first_and_again,
    "two-aliases": on_two_aliases,
    "two-aliases-rows": on_two_aliases_in_a_loop,
    "bulk-create": lambda: Country.objects.bulk_create(Country(name=f"{n}") for n in range(20)),
    "bulk-create-batches": created_in_batches,
    "bulk-update-batches": updated_in_bulk,
    "executemany": many_rows_at_once,
    "iterated-twice": iterated_twice,
    "pickled-queryset": pickled,
    "count-then-page": page_and_count,
    "pages": pages,
    "savepoints": in_savepoints,
    "delete-at-once": lambda: books.all().delete(),
    "delete-children-at-once": lambda: Novel.objects.all().delete(),
    "two-lists-one-helper": two_lists_through_one_helper,
    "loop-over-models": loop_over_models,
    "loop-over-models-rows": loop_over_models_rows,
    "in-bulk": lambda: [b.title for b in books.in_bulk().values()],
    "in-bulk-chunks": in_bulk_in_chunks,
    "chunks-of-keys": chunks_of_keys,
    "iterator": lambda: [b.title for b in books.iterator(chunk_size=1)],
    "iterator-joined": lambda: [b.author.name for b in joined("author").iterator()],
    "content-type-cache": content_types,
    "cursor": raw_cursor_once,
    "by-hand": by_hand,
    "filter-across": shared_filters,
    "empty": lambda: [b.author.name for b in books.none()],
    "no-rows": lambda: [b.author.name for b in books.filter(title="nothing")],
    "aggregates": lambda: (books.count(), books.aggregate(Count("pk")), books.exists()),
    "subquery": lambda: list(books.filter(author__in=Author.objects.filter(name="Author 0"))),
    "exists-then-list": lambda: books.exists() and list(books.all()),
    "nothing": lambda: None,
}


@pytest.fixture
def two_libraries(library):
    build("other")


@pytest.mark.parametrize("case", SILENT)
def test_nothing_is_found(two_libraries, case):
    with record(case) as recording:
        SILENT[case]()
    assert inspect(recording).findings == ()


ASKED = [
    ("prefetch-len", 6),
    ("two-aliases", 2),
    ("pages", 4),
    ("iterated-twice", 1),
    ("read-write-read", 4),
    ("get-twice", 10),
]


@pytest.mark.parametrize(("case", "queries"), ASKED)
def test_silence_is_not_deafness(two_libraries, case, queries):
    with record(case) as recording:
        SILENT[case]()
    assert recording.queries == queries
