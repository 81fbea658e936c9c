"""More code that asks as it should, and all of it served: by WSGI and by ASGI, sync and async."""

from __future__ import annotations

import pickle

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.contrib.sites.models import Site
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template import engines
from django.test import AsyncClient, Client
from django.urls import path

from queryscope import inspect, record

from .test_silence import SILENT, fetched, joined, to_attr, two_libraries  # noqa: F401  (a fixture)
from .testapp.models import Author, Book, Country, Genre, Note, Novel, Profile, Review

pytestmark = pytest.mark.django_db(databases=["default", "other"])

books = Book.objects
REVIEWS = "{% for review in row.reviews.all %}{{ review.text }}{% endfor %}"


def rendered(template, rows):
    text = f"{{% for row in rows %}}{template}{{% endfor %}}"
    return engines["django"].from_string(text).render({"rows": rows})


def narrowed_to_attr():
    thin = Prefetch("reviews", Review.objects.filter(text__endswith=".0"), to_attr="firsts")
    return books.prefetch_related(thin)


def created_one():
    author = Author.objects.get(name="Author 0")
    book = books.create(title="new", author=author)
    return book.author.name, book.editor, book.publisher


def created_through_its_parent():
    author = Author.objects.get(name="Author 0")
    return [author.books.create(title=f"new {n}").author.name for n in range(2)]


def saved_and_read():
    author = Author.objects.get(name="Author 0")
    book = Book(title="new", author=author)
    book.save()
    return book.author.name, book.title, book.pk


def made_from_values():
    rows = books.values("pk", "title", "author_id")
    return [Book(pk=row["pk"], title=row["title"]).title for row in rows]


def get_or_created():
    country, _ = Country.objects.get_or_create(name="Country 0")
    other, made = Country.objects.get_or_create(name="Country 99")
    return country.pk, other.pk, made


def written_between():
    before = Country.objects.count()
    Country.objects.create(name="new")
    return before, Country.objects.count()


def written_between_lists():
    before = list(Genre.objects.all())
    Genre.objects.filter(name="Genre 0").update(name="new")
    return before, list(Genre.objects.all())


def several_views_of_one_queryset():
    rows = joined("author")
    return len(rows), bool(rows), rows[0], [b.author.name for b in rows], None in rows


def in_nested_savepoints():
    with transaction.atomic():
        for book in books.select_related("author"):
            with transaction.atomic(), transaction.atomic():
                book.author.name += "!"


def helper_on_several_lines():
    def named(name):
        return Country.objects.filter(name=name).count()

    return (
        named("Country 0"),
        named("Country 1"),
        named("Country 2"),
        named("Country 3"),
    )


def one_helper_two_prefetched_lists():
    def texts(rows):
        return [[review.text for review in row.reviews.all()] for row in rows]

    lists = [model.objects.prefetch_related("reviews") for model in (Book, Novel)]
    return texts(lists[0]), texts(lists[1])


def batches_with_prefetches():
    keys = list(books.order_by("pk").values_list("pk", flat=True))
    read = []
    for n in range(0, len(keys), 2):
        rows = list(books.filter(pk__in=keys[n : n + 2]).order_by("pk"))
        prefetch_related_objects(rows, "reviews", "author")
        read += [(row.author.name, len(row.reviews.all())) for row in rows]
    return read


def iterator_in_chunks_with_prefetches():
    rows = books.prefetch_related("reviews__reviewer", "author").iterator(chunk_size=2)
    return [(row.author.name, [r.reviewer.name for r in row.reviews.all()]) for row in rows]


def in_bulk_of_a_field():
    authors = Author.objects.in_bulk(["0@example.org", "1@example.org"], field_name="email")
    return [author.name for author in authors.values()]


def pages_with_prefetches():
    paginator = Paginator(books.prefetch_related("reviews", "author").order_by("pk"), 2)
    return [
        [(row.author.name, len(row.reviews.all())) for row in paginator.page(number)]
        for number in paginator.page_range
    ]


def grandchildren_of_one():
    author = Author.objects.get(name="Author 0")
    rows = author.books.prefetch_related("reviews__reviewer")
    return [(b.author.email, [r.reviewer.name for r in b.reviews.all()]) for b in rows]


def known_one_to_one():
    rows = Author.objects.prefetch_related("profile")
    return [author.profile.author.name for author in rows]


def unpickled_rows_that_were_joined():
    rows = pickle.loads(pickle.dumps(list(books.select_related("author__country"))))
    return [row.author.country.name for row in rows]


def unpickled_rows_that_were_prefetched():
    rows = pickle.loads(pickle.dumps(list(books.prefetch_related("reviews"))))
    return [[review.text for review in row.reviews.all()] for row in rows]


def set_by_hand():
    authors = Author.objects.in_bulk()
    rows = list(books.all())
    for row in rows:
        row.author = authors[row.author_id]
    return [row.author.name for row in rows]


def users_and_permissions():
    user = get_user_model().objects.create_user("somebody")
    user = get_user_model().objects.get(pk=user.pk)
    return [user.has_perm(f"testapp.{do}_book") for do in ("view", "add")], user.groups.count()


def site_twice():
    Site.objects.clear_cache()
    return [Site.objects.get_current().pk for _ in range(3)]


MORE = {
    "site-cache": site_twice,
    "prefetch-all-len-and-bool": lambda: [
        (len(b.reviews.all()), bool(b.reviews.all()), b.reviews.all()) for b in fetched()
    ],
    "prefetch-first-in-list": lambda: [next(iter(b.reviews.all()), None) for b in fetched()],
    "prefetch-last-index": lambda: [list(b.reviews.all())[-1] for b in fetched()],
    "prefetch-sorted": lambda: [sorted(b.reviews.all(), key=str) for b in fetched()],
    "prefetch-to-attr-narrowed": lambda: [[r.text for r in b.firsts] for b in narrowed_to_attr()],
    "prefetch-to-attr-len": lambda: [len(b.sorted) for b in to_attr()],
    "prefetch-empty": lambda: [list(n.reviews.all()) for n in fetched().filter(title="")],
    "prefetch-m2m-in": lambda: [None in b.genres.all() for b in fetched()],
    "prefetch-generic-count": lambda: [b.notes.count() for b in fetched()],
    "prefetch-generic-exists": lambda: [b.notes.exists() for b in fetched()],
    "prefetch-reverse-m2m": lambda: [
        len(g.books.all()) for g in Genre.objects.prefetch_related("books")
    ],
    "prefetch-through": lambda: [
        [a.name for a in b.readers.all()] for b in books.prefetch_related("readers")
    ],
    "prefetch-then-joined": lambda: [
        [r.reviewer.name for r in b.reviews.all()]
        for b in books.prefetch_related(
            Prefetch("reviews", Review.objects.select_related("reviewer"))
        )
    ],
    "prefetch-child": lambda: [
        (n.author.name, len(n.genres.all()))
        for n in Novel.objects.prefetch_related("author", "genres")
    ],
    "template-for": lambda: rendered(REVIEWS, fetched()),
    "template-length": lambda: rendered("{{ row.reviews.all|length }}", fetched()),
    "template-count": lambda: rendered("{{ row.reviews.count }}{{ row.genres.count }}", fetched()),
    "template-exists": lambda: rendered("{% if row.reviews.exists %}yes{% endif %}", fetched()),
    "template-if": lambda: rendered("{% if row.reviews.all %}yes{% endif %}", fetched()),
    "template-index": lambda: rendered("{{ row.reviews.all.0.text }}", fetched()),
    "template-join": lambda: rendered('{{ row.genres.all|join:", " }}', fetched()),
    "template-with": lambda: rendered(
        "{% with all=row.reviews.all %}{{ all|length }}{{ all.0.text }}{% endwith %}", fetched()
    ),
    "template-to-attr": lambda: rendered("{{ row.sorted|length }}{{ row.sorted.0.pk }}", to_attr()),
    "template-joined": lambda: rendered("{{ row.author.country.name }}", joined("author__country")),
    "template-fk-id": lambda: rendered("{{ row.author_id }}{{ row.editor_id }}", books.all()),
    "fk-id-of-a-pair": lambda: [(b.author_id, b.editor_id, b.publisher_id) for b in books.all()],
    "fk-pk-through-joined": lambda: [b.author.pk for b in joined("author")],
    "null-fk-of-all": lambda: [a.mentor for a in Author.objects.filter(mentor=None)],
    "null-fk-joined": lambda: [n.translator for n in Novel.objects.select_related("translator")],
    "known-parent-of-generic": lambda: [
        note.text for note in Author.objects.get(name="Author 0").notes.all()
    ],
    "known-grandparent": grandchildren_of_one,
    "known-one-to-one-prefetched": known_one_to_one,
    "created-one": created_one,
    "created-through-its-parent": created_through_its_parent,
    "saved-and-read": saved_and_read,
    "set-by-hand": set_by_hand,
    "made-from-values": made_from_values,
    "get-or-create": get_or_created,
    "get-object-or-404": lambda: get_object_or_404(Book, title="Book 0").author.name,
    "earliest": lambda: Book.objects.earliest("pk").author.country.name,
    "first-of-related": lambda: Author.objects.get(name="Author 0").books.first().publisher,
    "index-of-related": lambda: Author.objects.get(name="Author 0").books.all()[0].publisher,
    "list-of-one-by-pk": lambda: [
        (b.author.name, list(b.genres.all())) for b in list(books.filter(pk=books.first().pk))
    ],
    "one-by-pk-and-more": lambda: [
        b.author.name for b in books.filter(pk=books.first().pk, pages=100)
    ],
    "one-by-parents-pk": lambda: [
        p.author.name for p in Profile.objects.filter(author=Author.objects.first())
    ],
    "one-by-slice-further": lambda: [b.author.name for b in books.order_by("pk")[2:3]],
    "one-values-row": lambda: [list(books.values("title", "author__name").filter(pages=100))],
    "write-between-counts": written_between,
    "write-between-lists": written_between_lists,
    "dates": lambda: [row["author__email"] for row in books.values("author__email").distinct()],
    "views-of-one-queryset": several_views_of_one_queryset,
    "nested-savepoints": in_nested_savepoints,
    "helper-on-several-lines": helper_on_several_lines,
    "one-helper-two-prefetched-lists": one_helper_two_prefetched_lists,
    "batches-with-prefetches": batches_with_prefetches,
    "iterator-with-prefetches": iterator_in_chunks_with_prefetches,
    "in-bulk-of-a-field": in_bulk_of_a_field,
    "pages-with-prefetches": pages_with_prefetches,
    "unpickled-joined": unpickled_rows_that_were_joined,
    "unpickled-prefetched": unpickled_rows_that_were_prefetched,
    "users-and-permissions": users_and_permissions,
}


@pytest.mark.parametrize("case", MORE)
def test_nothing_is_found(two_libraries, case):  # noqa: F811
    with record(case) as recording:
        MORE[case]()
    assert inspect(recording).findings == ()


# Served.

ALL = SILENT | MORE


def view(request, case):
    ALL[case]()
    return HttpResponse("asked")


def streamed(request, case):
    return StreamingHttpResponse(f"asked {ALL[case]() is None}" for _ in range(1))


async def book_page():
    rows = Book.objects.select_related("author").prefetch_related("reviews", "genres")
    read = []
    async for book in rows:
        read += [book.author.name, len(book.reviews.all()), await book.genres.acount()]
    return read


async def prefetched_related():
    read = []
    async for book in Book.objects.prefetch_related("reviews"):
        read += [review.text async for review in book.reviews.all()]
    return read


async def single():
    book = await Book.objects.select_related("author").aget(title="Book 0")
    first = await Book.objects.afirst()
    last = await Book.objects.order_by("pk").alast()
    return book.author.name, first.title, last.title, await book.reviews.acount()


async def listed_and_counted():
    rows = Book.objects.order_by("pk")
    return await rows.acount(), [book.title async for book in rows[:2]]


async def in_chunks():
    rows = Book.objects.prefetch_related("reviews").aiterator(chunk_size=2)
    return [len(book.reviews.all()) async for book in rows]


async def created():
    return await Country.objects.abulk_create([Country(name=f"{n}") for n in range(20)], 5)


async def in_bulk():
    return [book.title for book in (await Book.objects.ain_bulk()).values()]


async def generic():
    return [note.content_object async for note in Note.objects.prefetch_related("content_object")]


ASYNC = {f.__name__: f for f in (book_page, prefetched_related, single, listed_and_counted)} | {
    f.__name__: f for f in (in_chunks, created, in_bulk, generic)
}


async def asynchronous(request, case):
    await ASYNC[case]()
    return HttpResponse("asked")


urlpatterns = [
    path("view/<case>/", view),
    path("streamed/<case>/", streamed),
    path("asynchronous/<case>/", asynchronous),
]


def served(client, url):
    with record(url) as recording:
        if isinstance(client, AsyncClient):
            response = async_to_sync(client.get)(url)
        else:
            response = client.get(url)
        assert response.status_code == 200
        if response.streaming:
            assert async_to_sync(_body)(response) if response.is_async else response.getvalue()
    return recording


async def _body(response):
    return b"".join([part async for part in response.streaming_content])


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("kind", [Client, AsyncClient], ids=["wsgi", "asgi"])
@pytest.mark.parametrize("case", ALL)
def test_nothing_is_found_in_a_view(two_libraries, settings, kind, case):  # noqa: F811
    settings.MIDDLEWARE = []
    assert inspect(served(kind(), f"/view/{case}/")).findings == ()


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("case", MORE)
def test_nothing_is_found_in_a_streamed_body(two_libraries, settings, case):  # noqa: F811
    settings.MIDDLEWARE = []
    assert inspect(served(Client(), f"/streamed/{case}/")).findings == ()


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("kind", [Client, AsyncClient], ids=["wsgi", "asgi"])
@pytest.mark.parametrize("case", ASYNC)
def test_nothing_is_found_in_an_async_view(library, settings, kind, case):
    settings.MIDDLEWARE = []
    recording = served(kind(), f"/asynchronous/{case}/")
    assert recording.queries >= 1
    assert inspect(recording).findings == ()
