"""What an audit sees of what is read: of its first requests, over all of them together."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import include, path
from django.views.generic import ListView
from rest_framework import serializers, viewsets
from rest_framework.routers import SimpleRouter

from queryscope.audit.progress import Progress
from queryscope.audit.run import Options, audit
from queryscope.conf import get_settings
from queryscope.core.findings import Finding
from tests.testapp.admin import site
from tests.testapp.models import Book, Country

ALIASES = ("default", "other")
pytestmark = [
    pytest.mark.django_db(databases=ALIASES),
    pytest.mark.urls(__name__),
    pytest.mark.usefixtures("library"),
]


def ok(*values: object) -> HttpResponse:
    return HttpResponse(" ".join(map(str, values)))


def titles(rows: Any) -> list[str]:
    return [row.title for row in rows]


def authors(rows: Any) -> list[str]:
    return [row.author.name for row in rows]


def joined(request):
    return ok(*titles(Book.objects.select_related("author")))


def fetched(request):
    return ok(*titles(Book.objects.prefetch_related("reviews")))


def wide(request):
    return ok(*titles(Book.objects.all()))


def shared(read):
    return read(Book.objects.select_related("author"))


def shared_titles(request):
    return ok(*shared(titles))


def shared_authors(request):
    return ok(*shared(authors))


def shared_failing(request):
    shared(titles)
    raise ValueError("after the rows were loaded")


in_memory: list[list[Book]] = []


def kept(request):
    rows = list(Book.objects.select_related("author"))
    in_memory.append(rows)
    return ok(*titles(rows))


class Deep(Book):
    """Each level reads an attribute: with a frame more for each it would be too deep."""

    class Meta:
        proxy = True
        app_label = "testapp"

    @property
    def level(self) -> int:
        self.left -= 1
        return 0 if self.left == 0 else 1 + self.level


def deep(request):
    book = Deep(title="x")
    book.left = (sys.getrecursionlimit() - _depth()) * 2 // 3
    return ok(book.level)


def _depth() -> int:
    frame, count = sys._getframe(), 0
    while frame is not None:
        frame, count = frame.f_back, count + 1
    return count


def cut_short(request):
    def body():
        for number, book in enumerate(Book.objects.select_related("author")):
            yield book.title if number < 3 else book.author.name
            if number == 3:
                yield "x" * (40 * 1024 * 1024)

    return StreamingHttpResponse(body())


class Shelf(ListView):
    queryset = Book.objects.select_related("author", "publisher").order_by("pk")
    template_name = "testapp/direct.html"
    context_object_name = "rows"


class ShortSerializer(serializers.ModelSerializer):
    class Meta:
        model = Book
        fields = ["title"]


class LongSerializer(serializers.ModelSerializer):
    author = serializers.CharField(source="author.name")

    class Meta:
        model = Book
        fields = ["title", "author"]


class BookViewSet(viewsets.ReadOnlyModelViewSet):
    queryset = Book.objects.select_related("author").order_by("pk")

    def get_serializer_class(self):
        return ShortSerializer if self.action == "list" else LongSerializer


router = SimpleRouter()
router.register("api", BookViewSet)

urlpatterns = [
    path("joined/", joined),
    path("fetched/", fetched),
    path("wide/", wide),
    path("titles/", shared_titles),
    path("authors/", shared_authors),
    path("failing/", shared_failing),
    path("kept/", kept),
    path("deep/", deep),
    path("cut/", cut_short),
    path("shelf/", Shelf.as_view()),
    path("", include(router.urls)),
    path("admin/", site.urls),
]


def run(*urls: str, **options: Any) -> Any:
    chosen = Options(settings=get_settings(), urls=urls, **options)
    return audit(chosen, Progress(io.StringIO())).report


def told(*urls: str, **options: Any) -> list[Finding]:
    names = ("unused-eager-load", "over-fetch")
    return [f for f in run(*urls, **options).findings if f.detector in names]


def test_a_join_that_nothing_reads() -> None:
    [finding] = told("/joined/")
    assert (finding.relation, finding.severity) == ("testapp.Book.author", "info")
    assert finding.origin is not None
    assert finding.origin.function == "joined"


def test_a_prefetch_that_nothing_reads_saves_its_query() -> None:
    report = run("/fetched/")
    [finding] = [f for f in report.findings if f.detector == "unused-eager-load"]
    assert (finding.relation, finding.count, finding.saves) == ("testapp.Book.reviews", 1, 1)
    assert finding.duration_ms > 0
    assert report.endpoints[0].queries == 2


def test_a_wide_column_that_nothing_reads() -> None:
    Book.objects.update(summary="s" * 20_000)
    [finding] = told("/wide/")
    assert finding.fix is not None
    assert finding.fix.code == 'Book.objects.defer("summary")'


@pytest.mark.parametrize(
    ("urls", "found"),
    [
        (("/titles/",), 1),
        (("/authors/",), 0),
        (("/titles/", "/authors/"), 0),
        (("/authors/", "/titles/"), 0),
        (("/titles/", "/failing/"), 0),
        (("/api/",), 1),
    ],
    ids=str,
)
def test_all_requests_are_judged_together(urls: tuple[str, ...], found: int) -> None:
    assert len(told(*urls)) == found


@pytest.mark.django_db(databases=ALIASES, transaction=True)
def test_a_body_that_is_left_before_its_end_is_not_judged() -> None:
    assert told("/cut/") == []


def test_what_a_detail_page_reads_the_list_may_leave() -> None:
    book = Book.objects.order_by("pk")[0]
    assert told("/api/", f"/api/{book.pk}/") == []


def test_a_list_view_names_its_queryset() -> None:
    [finding] = told("/shelf/")
    assert finding.relation == "testapp.Book.publisher"
    assert finding.fix is not None
    assert finding.fix.code == 'Book.objects.select_related("author")'
    assert finding.location is not None
    assert finding.location.function == "Shelf.queryset"


def test_the_admin_joins_what_no_column_shows(boss: Any) -> None:
    [finding] = [f for f in told(admin=True, globs=("/admin/testapp/book/",)) if f.origin]
    assert finding.relation == "testapp.Book.author"
    assert finding.fix is not None
    assert finding.fix.code == 'remove .select_related("author")'


def test_rows_that_are_kept_are_not_judged() -> None:
    try:
        assert told("/kept/") == []
        assert len(in_memory) == 2
    finally:
        in_memory.clear()


def test_watching_makes_no_request_fail() -> None:
    [endpoint] = run("/deep/", "/joined/").endpoints[:1]
    assert (endpoint.name, endpoint.problem) == ("GET /deep/", None)


def test_rows_of_other_databases_are_not_told_of() -> None:
    Country.objects.using("other").create(name="Chile")
    assert told("/joined/", "/fetched/", database="default")
