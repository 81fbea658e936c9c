"""A page of one row is a list of one row today; what asks for one row only is not."""

from __future__ import annotations

import django
import pytest
from asgiref.sync import async_to_sync
from django.core.paginator import Paginator
from django.template import engines
from django.test import Client

from queryscope import inspect, record

from .testapp.models import Author, Book, Publisher

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.testapp.urls")]

NAMES = engines["django"].from_string("{% for row in rows %}{{ row.author.name }}{% endfor %}")


@pytest.fixture
def one_book(library):
    Book.objects.exclude(title="Book 0").delete()


@pytest.fixture
def only_the_view(settings):
    settings.MIDDLEWARE = []
    engine = "django.template.backends.django.DjangoTemplates"
    settings.TEMPLATES = [{"BACKEND": engine, "APP_DIRS": True}]


def books():
    return Book.objects.order_by("pk")


def names(rows):
    return [row.author.name for row in rows]


class Counted(Paginator):
    """A project counts in its own way."""

    total = None

    @property
    def count(self) -> int:
        if self.total is None:
            self.total = self.object_list.count()
        return self.total


class Known(Paginator):
    count = 1


def union():
    return Book.objects.all().union(Book.objects.all()).order_by("pk")


def publisher():
    return Publisher.objects.get(name="Publisher 0")


def rendered():
    return NAMES.render({"rows": Paginator(books(), 20).page(1).object_list})


def counted_before():
    paginator = Paginator(books(), 20)
    page, total = paginator.get_page("1"), paginator.num_pages
    return names(page.object_list), total


def beside_one():
    return books().select_related("author")[0].author.name, names(Paginator(books(), 20).page(1))


PAGES = {
    "page": lambda: names(Paginator(books(), 20).page(1)),
    "last": lambda: names(Paginator(books(), 20).get_page("last")),
    "object_list": lambda: names(Paginator(books(), 20).page(1).object_list),
    "template": rendered,
    "filtered": lambda: names(Paginator(books().filter(pages=100), 20).page(1).object_list),
    "of a slice": lambda: names(Paginator(books()[:10], 20).page(1).object_list),
    "of a union": lambda: names(Paginator(union(), 20).page(1).object_list),
    "of a manager": lambda: names(Paginator(publisher().book_set.order_by("pk"), 9).page(1)),
    "joined later": lambda: names(Paginator(books(), 9).page(1).object_list.defer("summary")),
    "own count": lambda: names(Counted(books(), 20).page(1).object_list),
    "known count": lambda: names(Known(books(), 20).page(1)),
    "counted before": counted_before,
    "beside one": beside_one,
}


@pytest.mark.parametrize("case", PAGES)
def test_a_page_of_one_row_is_a_list(one_book, case):
    with record() as recording:
        PAGES[case]()
    [finding] = inspect(recording).findings
    assert (finding.detector, finding.relation) == ("n-plus-one", "testapp.Book.author")
    assert (finding.waiting, finding.count) == (True, 1)


@pytest.mark.parametrize("read", [lambda page: page, lambda page: page.object_list])
def test_the_last_page_may_have_one_row(library, read):
    with record() as recording:
        page = Paginator(books(), 2).page(3)
        assert names(read(page)) == ["Author 4"]
    [finding] = inspect(recording).findings
    assert (finding.waiting, finding.fix.lookups) == (True, ("author",))


@pytest.mark.parametrize("url", ["list_view", "viewset"])
def test_a_view_that_lists_one_row_of_a_page(one_book, only_the_view, url):
    with record() as recording:
        assert Client().get(f"/{url}/forward_fk/").status_code == 200
    [finding] = inspect(recording).findings
    assert (finding.relation, finding.waiting) == ("testapp.Book.author", True)
    assert finding.origin.function.endswith(".get_queryset")


@pytest.mark.skipif(django.VERSION < (6, 0), reason="AsyncPaginator is new in Django 6.0")
@pytest.mark.parametrize("whole", [True, False], ids=["page", "object_list"])
def test_an_async_page_of_one_row_is_a_list(one_book, whole):
    from django.core.paginator import AsyncPaginator

    async def read():
        page = await AsyncPaginator(Book.objects.order_by("pk"), 20).apage(1)
        rows = page if whole else page.object_list
        async for book in rows:
            await Author.objects.aget(pk=book.author_id)
            await book.arefresh_from_db()

    with record() as recording:
        async_to_sync(read)()
    source = next(s for s in recording.trace.sources if s.model == "testapp.Book")
    assert (source.rows, source.single) == (1, False)
    assert [f.waiting for f in inspect(recording).findings] == [True]


def after_counting(rows):
    """What else is asked for beside a list in pages."""
    return Paginator(books(), 20).num_pages, names(rows)


SINGLE = {
    "first": lambda: books().first().author.name,
    "index": lambda: books()[0].author.name,
    "get": lambda: books().get(title="Book 0").author.name,
    "earliest": lambda: books().earliest("pk").author.name,
    "latest": lambda: books().latest("pk").author.name,
    "slice": lambda: names(books()[:1]),
    "slice in a template": lambda: NAMES.render({"rows": books()[:1]}),
    "page size": lambda: names(Paginator(books(), 1).page(1).object_list),
    "page of one": lambda: names(Paginator(books()[:1], 20).page(1)),
    "page of a key": lambda: names(Paginator(books().filter(pk=books()[0].pk), 20).page(1)),
    "page in whole": lambda: names(Paginator(books().select_related("author"), 20).page(1)),
    "filtered": lambda: after_counting(books().filter(pages=100)[:1]),
    "ordered": lambda: after_counting(Book.objects.order_by("-pk")[:1]),
    "related": lambda: after_counting(publisher().book_set.order_by("pk")[:1]),
}


@pytest.mark.parametrize("case", SINGLE)
def test_what_asks_for_one_row_has_no_list(one_book, case):
    with record() as recording:
        SINGLE[case]()
    assert inspect(recording).findings == ()


def test_a_slice_of_many_rows_is_told_from_a_page_by_the_count(library):
    rows = books()
    with record() as recording:
        assert Paginator(rows, 20).count == 5
        assert names(rows[:1]) == ["Author 0"]
    assert inspect(recording).findings == ()


def test_nothing_of_the_paginators_is_kept(one_book):
    with record() as recording:
        names(Paginator(books(), 20).page(1))
        pages = recording.ledger._pages
        assert pages._paginators
    assert not pages._paginators
