"""Views that are made to mislead a proof, audited: what is proven all the same, and what is not."""

from __future__ import annotations

import io
import itertools
import time
from collections.abc import Iterable
from contextvars import copy_context
from typing import Any

import pytest
from django.db.models import Manager
from django.http import HttpResponse
from django.urls import path

from queryscope.audit.progress import Progress
from queryscope.audit.run import Options, audit
from queryscope.conf import get_settings
from queryscope.core.findings import Report
from queryscope.proving.trial import Halved, Trial, tried
from tests.testapp.models import Author, Book, Country, Genre, Review

from .test_trial import books, trial_for

pytestmark = [
    pytest.mark.django_db(databases=["default", "other"]),
    pytest.mark.usefixtures("library"),
]


def text(rows: Iterable[Any]) -> HttpResponse:
    return HttpResponse("\n".join(map(str, rows)), content_type="text/plain")


def evaluate(rows: Any) -> list[Any]:
    return list(rows)


def asks_for_nothing(request: Any) -> HttpResponse:
    books = Book.objects.order_by("pk")
    found = (books, books.filter(pages__gt=9_000), books.filter(pk__in=[]), books.none())
    return text(book.author.name for rows in found for book in evaluate(rows))


def has_a_local_queryset(request: Any) -> HttpResponse:
    queryset = "0.0"
    return text([b.reviews.filter(text=queryset).count() for b in Book.objects.order_by("pk")])


def tells_authors_once(request: Any) -> HttpResponse:
    known: dict[int, str] = {}
    for book in Book.objects.order_by("pk"):
        if book.author_id not in known:
            known[book.author_id] = book.author.name
    return text(known.values())


RIGHT = [asks_for_nothing, has_a_local_queryset, tells_authors_once]


def catches_everything(request: Any) -> HttpResponse:
    total = 0
    try:
        for book in Book.objects.order_by("pk"):
            total += book.reviews.count()
    except Exception:
        total = 0
    return text(["done"])


def writes_what_it_counts(request: Any) -> HttpResponse:
    for book in Book.objects.order_by("pk"):
        Review.objects.create(book=book, reviewer_id=book.author_id)
        Country.objects.create(name=str(book.reviews.count()))
    return text(["done"])


turns = itertools.count()


def asks_more_each_other_time(request: Any) -> HttpResponse:
    for number in range(6 * (1 - next(turns) % 2)):
        Genre.objects.filter(pk=number).count()
    found = []
    for book in Book.objects.order_by("pk"):
        book.refresh_from_db()
        found.append(book.author.name)
    return text(found)


def takes_its_time(request: Any) -> HttpResponse:
    time.sleep(1.01)
    books = list(Book.objects.order_by("pk"))
    return text(f"{1_700_000_001 + len(b._state.fields_cache)} {b.author.name}" for b in books)


WRONG = [writes_what_it_counts, asks_more_each_other_time, takes_its_time]


def shared() -> list[Book]:
    rows = Book.objects.order_by("pk")
    return list(rows)


def of_authors(request: Any) -> HttpResponse:
    return text(book.author.name for book in shared())


def of_titles(request: Any) -> HttpResponse:
    return text(f"{book.title} {'author' in book._state.fields_cache}" for book in shared())


OTHERS = [catches_everything, of_authors, of_titles]
urlpatterns = [path(f"{view.__name__}/", view) for view in (*RIGHT, *WRONG, *OTHERS)]


def audited(settings: Any, *views: Any) -> Report:
    settings.ROOT_URLCONF = __name__
    settings.QUERYSCOPE = {**settings.QUERYSCOPE, "ROUND_TRIP_MS": 10_000}
    urls = tuple(f"/{view.__name__}/" for view in views)
    options = Options(settings=get_settings(), urls=urls, anonymous=True, proof=True)
    return audit(options, Progress(io.StringIO())).report


def proven(report: Report) -> list[str]:
    found = [f for f in report.findings if f.detector == "n-plus-one" and f.proof is not None]
    return [finding.fix.code for finding in found]


@pytest.mark.parametrize("view", RIGHT, ids=lambda view: view.__name__)
def test_a_right_fix_is_proven(settings, view):
    if view is tells_authors_once:
        authors = Author.objects.order_by("pk")
        Book.objects.bulk_create(Book(title="Another", author=author) for author in authors)
    report = audited(settings, view)
    assert (len(proven(report)), report.withdrawn) == (1, ())


@pytest.mark.parametrize("view", WRONG, ids=lambda view: view.__name__)
def test_a_wrong_fix_is_not(settings, view):
    assert proven(audited(settings, view)) == []


def test_a_changed_queryset_that_fails_unseen(settings, monkeypatch):
    def refuses(book: Book, name: str, value: Any) -> None:
        if name == "reviews_count":
            raise AttributeError(name)
        object.__setattr__(book, name, value)

    monkeypatch.setattr(Book, "__setattr__", refuses)
    report = audited(settings, catches_everything)
    assert "the changed queryset raises AttributeError" in report.withdrawn[0].reason
    assert proven(report) == []


def test_what_a_base_manager_hides_is_not_joined(settings, monkeypatch):
    class Living(Manager):
        def get_queryset(self) -> Any:
            return super().get_queryset().exclude(name="gone")

    manager = Living()
    manager.model = Author
    monkeypatch.setitem(vars(Author._meta), "base_manager", manager)
    assert proven(audited(settings, of_authors)) == ['Book.objects.prefetch_related("author")']


def test_a_fix_that_changes_an_endpoint_without_findings(settings):
    report = audited(settings, of_authors, of_titles)
    assert proven(report) == []
    assert [endpoint.proof for endpoint in report.endpoints] == [None, None]
    assert {w.reason for w in report.withdrawn} == {
        "with it the response of GET /of_titles/ is another"
    }


def test_a_thread_that_outlives_its_request_asks_as_it_is():
    with tried(trial_for(books, Halved(0))):
        left_behind = copy_context()
    with tried(Trial()):
        assert len(left_behind.run(books)) == 5
