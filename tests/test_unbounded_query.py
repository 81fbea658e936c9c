"""Querysets without a limit: found by the rows they brought, silent where something bounds them."""

from __future__ import annotations

import csv
import io

import pytest
from django import forms
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.test import Client
from django.urls import path
from django.views.generic import ListView
from rest_framework import generics, serializers
from rest_framework.pagination import PageNumberPagination

from queryscope import inspect, record
from queryscope.core.findings import Finding

from .marks import line_of
from .testapp import models
from .testapp.models import Author, Book, Country, Publisher, Review

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

MANY = 40


@pytest.fixture(autouse=True)
def rows(settings):
    settings.QUERYSCOPE = {**settings.QUERYSCOPE, "UNBOUNDED_ROWS": MANY}
    settings.MIDDLEWARE = []
    publisher = Publisher.objects.create(name="Big")
    author = Author.objects.create(name="Ann", email="ann@example.org")
    Book.objects.bulk_create(
        Book(title=f"Book {n}", author=author, publisher=publisher) for n in range(MANY)
    )


def found(function, *arguments, name: str = "", request: str | None = None) -> list[Finding]:
    with record(name, request) as recording:
        function(*arguments)
    findings = inspect(recording).findings
    return [finding for finding in findings if finding.detector == "unbounded-query"]


# What is found, where, and the fix.


def loop():
    pages = 0
    for book in Book.objects.order_by("pk"):  # <- here: loop
        pages += book.pages
    return pages


def loop_of_name():
    pages, books = 0, Book.objects.order_by("pk")  # <- origin: loop_of_name
    for book in books:  # <- here: loop_of_name
        pages += book.pages
    return pages


def as_list():
    return list(Book.objects.order_by("pk"))  # <- here: as_list


def counted():
    return len(Book.objects.all())  # <- here: counted


def sliced_too_late():
    return list(Book.objects.all())[:3]  # <- here: sliced_too_late


def columns():
    titles = Book.objects.values_list("title", flat=True)
    return [title.upper() for title in titles]  # <- here: columns


def dicts():
    return list(Book.objects.values("title", "pages"))  # <- here: dicts


def of_a_manager():
    publisher = Publisher.objects.get(name="Big")
    return list(publisher.book_set.all())  # <- here: of_a_manager


def all_in_bulk():
    return Book.objects.in_bulk()  # <- here: all_in_bulk


def of_a_subquery():
    return list(Book.objects.filter(author__in=Author.objects.all()))  # <- here: of_a_subquery


def from_offset():
    return list(Book.objects.filter(pk__gt=0))  # <- here: from_offset


FOUND = {
    loop: ("iterator", "Book.objects.iterator(chunk_size=2000)"),
    loop_of_name: ("iterator", "Book.objects.iterator(chunk_size=2000)"),
    as_list: None,
    counted: None,
    sliced_too_late: None,
    columns: None,
    dicts: None,
    of_a_manager: None,
    all_in_bulk: None,
    of_a_subquery: None,
    from_offset: None,
}


@pytest.mark.parametrize("function", FOUND, ids=lambda f: f.__name__)
def test_it_is_found_placed_and_given_a_fix(function):
    [finding] = found(function)
    assert f"brings {MANY} rows at once, and has no limit" in finding.message
    assert (finding.severity, finding.confidence) == ("warning", "certain")
    assert finding.location.line == line_of(__file__, f"here: {function.__name__}")
    if function is loop_of_name:
        assert finding.origin.line == line_of(__file__, "origin: loop_of_name")
    else:
        assert finding.origin.line == finding.location.line
    fix = finding.fix
    assert (fix and (fix.kind, fix.code)) == FOUND[function]


@pytest.mark.parametrize("function", [loop, loop_of_name], ids=lambda f: f.__name__)
def test_the_fix_can_be_pasted_and_is_silent(function):
    [finding] = found(function)
    names = {**vars(models), "publisher": Publisher.objects.get(name="Big")}
    assert found(lambda: list(eval(finding.fix.code, names))) == []


def titles_in(request):
    titles = [f"Book {n}" for n in range(MANY)]
    return HttpResponse(len(list(Book.objects.filter(title__in=titles))))


def names_known(request):
    known = set(Book.objects.values_list("title", flat=True))
    return HttpResponse(len(known))


def looped_columns(request):
    total = 0
    for (pages,) in Book.objects.values_list("pages"):
        total += pages
    return HttpResponse(total)


@pytest.mark.parametrize("view", [titles_in, names_known, looped_columns], ids=lambda f: f.__name__)
def test_rows_that_are_worked_with_are_told_without_code(view, rf):
    [finding] = found(view, rf.get("/"), name="GET /", request="/")
    assert finding.fix is None
    assert "Paginator" not in finding.hint


@pytest.mark.parametrize(("left", "findings"), [(MANY - 1, 0), (MANY, 1)])
def test_the_threshold_is_one_of_rows(left, findings):
    Book.objects.filter(pk__in=list(Book.objects.values_list("pk", flat=True)[left:])).delete()
    assert len(found(as_list)) == findings


def test_rows_are_those_of_one_evaluation():
    """Two halves that one line evaluates are two lists, not one of all."""

    def halves():
        for number in (10, 20):
            list(Book.objects.filter(title__lt=f"Book {number}"))

    assert found(halves) == []


def test_the_largest_evaluation_is_told():
    def both():
        for pages in (0, 100):
            list(Book.objects.filter(pages=pages))

    [finding] = found(both)
    assert f"{MANY} rows" in finding.message
    assert finding.count == 2


def test_rows_that_nobody_kept_count_as_well():
    def many_lists():
        for _ in range(40):
            list(Country.objects.all())
        list(Book.objects.all())
        for _ in range(40):
            list(Country.objects.all())

    assert len(found(many_lists)) == 1


def test_more_rows_of_a_known_page_are_looked_at_again():
    shapes = []
    for rows in (MANY, 5 * MANY):
        author = Author.objects.get()
        Book.objects.bulk_create(Book(title="more", author=author) for _ in range(rows))
        with record() as recording:
            as_list()
        shapes.append(recording.shape())
        assert recording.quiet
    assert shapes[0] != shapes[1]


def test_it_says_nothing_of_what_an_n_plus_one_says():
    def names():
        return [book.author.name for book in Book.objects.all()]

    with record() as recording:
        names()
    assert sorted(f.detector for f in inspect(recording).findings) == [
        "n-plus-one",
        "unbounded-query",
    ]


# Pages.


class Everything(ListView):
    queryset = Book.objects.order_by("pk")  # <- origin: view
    template_name = "testapp/direct.html"
    context_object_name = "rows"


class Paged(Everything):
    paginate_by = 10


class TitleSerializer(serializers.ModelSerializer):
    class Meta:
        model = Book
        fields = ["title"]


class EveryTitle(generics.ListAPIView):
    queryset = Book.objects.order_by("pk")  # <- origin: api
    serializer_class = TitleSerializer
    pagination_class = None


class Ten(PageNumberPagination):
    page_size = 10


class PagedTitles(EveryTitle):
    pagination_class = Ten


def rendered(request):
    rows = Book.objects.order_by("pk")  # <- origin: rendered
    return render(request, "testapp/titles.html", {"rows": rows})  # <- here: rendered


def exported(request):
    text = io.StringIO()
    writer = csv.writer(text)
    for book in Book.objects.iterator():
        writer.writerow([book.title])
    return HttpResponse(text.getvalue())


urlpatterns = [
    path("view/", Everything.as_view()),
    path("paged/", Paged.as_view()),
    path("api/", EveryTitle.as_view()),
    path("paged-api/", PagedTitles.as_view()),
    path("rendered/", rendered),
    path("exported/", exported),
]


def get(url: str) -> list[Finding]:
    return found(Client().get, url, name=f"GET {url}", request=url)


PAGES = [
    ("/rendered/", "rendered", "Paginator("),
    ("/view/", "view", "paginate_by = 100"),
    ("/api/", "api", "pagination_class = Page"),
]


@pytest.mark.parametrize(("url", "mark", "code"), PAGES)
def test_a_page_names_where_its_list_is_built(url, mark, code):
    [finding] = get(url)
    assert finding.origin.line == line_of(__file__, f"origin: {mark}")
    assert code in finding.fix.code


@pytest.mark.parametrize("url", ["/paged/", "/paged-api/", "/exported/"])
def test_a_page_of_ten_is_silent(url):
    assert get(url) == []


def test_the_fixes_of_pages_can_be_pasted(rf):
    [of_view], [of_api], [of_template] = (get(url) for url, *_ in PAGES[1:] + PAGES[:1])
    view, api, names = {}, {"PageNumberPagination": PageNumberPagination}, vars(models)
    exec(of_view.fix.code, view)
    exec(of_api.fix.code, api)
    fixed = type("Fixed", (Everything,), {"paginate_by": view["paginate_by"]})
    fixed_api = type("FixedApi", (EveryTitle,), {"pagination_class": api["pagination_class"]})
    for made in (fixed, fixed_api):
        assert found(lambda made=made: made.as_view()(rf.get("/")).render()) == []
    request = rf.get("/?page=1")
    given = {**names, "Paginator": Paginator, "request": request}
    assert found(lambda: list(eval(of_template.fix.code, given))) == []


# What must stay silent.


class BookForm(forms.Form):
    book = forms.ModelChoiceField(Book.objects.all())


def chunks_of_keys():
    keys = list(Book.objects.order_by("pk").values_list("pk", flat=True)[:MANY])
    return list(Book.objects.filter(pk__in=keys))


def range_of_keys():
    first = Book.objects.order_by("pk").first().pk
    return [
        list(Book.objects.filter(pk__range=(first, first + MANY))),
        list(Book.objects.filter(pk__gte=first, pk__lt=first + MANY)),
    ]


def prefetched():
    return [list(p.book_set.all()) for p in Publisher.objects.prefetch_related("book_set")]


def deleted():
    return Book.objects.all().delete()


def raw_limit():
    return list(Book.objects.raw("SELECT * FROM testapp_book LIMIT 50"))


def by_cursor():
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM testapp_book")
        return cursor.fetchall()


SILENT = {
    "slice": lambda: list(Book.objects.all()[:MANY]),
    "offset": lambda: list(Book.objects.all()[10 : MANY + 10]),
    "page": lambda: list(Paginator(Book.objects.order_by("pk"), MANY).page(1)),
    "iterator": lambda: list(Book.objects.iterator()),
    "iterator-values": lambda: list(Book.objects.values("title").iterator()),
    "iterator-prefetch": lambda: list(
        Book.objects.prefetch_related("reviews").iterator(chunk_size=100)
    ),
    "count": lambda: Book.objects.count(),
    "exists": lambda: Book.objects.exists(),
    "first": lambda: Book.objects.first(),
    "in_bulk-keys": lambda: Book.objects.in_bulk(
        list(Book.objects.values_list("pk", flat=True)[:MANY])
    ),
    "grouped": lambda: list(Book.objects.values("title").annotate(n=Count("reviews"))),
    "keys": chunks_of_keys,
    "range": range_of_keys,
    "prefetched": prefetched,
    "deleted": deleted,
    "raw-limit": raw_limit,
    "cursor": by_cursor,
    "choices": lambda: str(BookForm()),
    "small": lambda: list(Author.objects.all()),
    "empty": lambda: list(Review.objects.all()),
}


@pytest.mark.parametrize("case", SILENT)
def test_nothing_is_said_of(case):
    assert found(SILENT[case]) == []


def test_rows_of_sql_have_a_hint_but_no_fix():
    [finding] = found(lambda: list(Book.objects.raw("SELECT * FROM testapp_book")))
    assert finding.fix is None
    assert "LIMIT" in finding.hint


def test_a_union_is_sliced_where_it_is_built():
    [finding] = found(lambda: list(Book.objects.all().union(Book.objects.all())))
    assert "Slice it" in finding.hint


async def test_a_loop_in_async_code_gets_an_async_iterator():
    """Without the database: the hint follows from the line alone."""
    from queryscope.core.detection import Options, detect

    from .core.traces import group, line, source, trace

    here = line(1)
    code = type(here)(here.file, 1, here.function, "async for book in Book.objects.all():")
    rows = source(rows=5_000, location=code, group=0)
    [finding] = detect([trace(group(location=code), sources=(rows,))], Options())
    assert finding.fix.code == "Task.objects.aiterator(chunk_size=2000)"
