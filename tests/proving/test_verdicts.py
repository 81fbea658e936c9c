"""What speaks against a fix: another response, a failure, nothing gained, too few rows."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from queryscope.proving.pages import Verdict
from tests.testapp.models import Book, Genre

from .asking import proved

pytestmark = pytest.mark.django_db


def told_of(function: Callable[[], Any], **text: Any) -> Verdict:
    [verdict] = proved(function, **text).verdicts
    return verdict


def names() -> Iterator[str]:
    for book in Book.objects.order_by("pk"):
        yield book.author.name


def looks_whether_it_is_loaded() -> Iterator[str]:
    for book in Book.objects.order_by("pk"):
        early = "author" in book._state.fields_cache
        yield f"{book.author.name} {early}"


def refuses_what_is_loaded() -> Iterator[str]:
    for book in Book.objects.order_by("pk"):
        if "author" in book._state.fields_cache:
            raise ValueError("too early")
        yield book.author.name


def reads_two_of_them() -> Iterator[str]:
    for book in list(Book.objects.order_by("pk"))[:2]:
        yield book.author.name


def has_a_nonce() -> Iterator[str]:
    yield f"nonce {uuid.uuid4().hex}"
    yield from names()


def is_mostly_another() -> Iterator[str]:
    for name in names():
        yield from (uuid.uuid4().hex for _ in range(40))
        yield name


def genres() -> Iterator[list[str]]:
    for book in Book.objects.order_by("pk"):
        yield [genre.name for genre in book.genres.all()]


def test_the_same_answer_with_fewer_queries():
    verdict = told_of(names)
    assert (verdict.proof.queries_before, verdict.proof.queries_after) == (6, 1)
    assert verdict.proof.same_response


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (looks_whether_it_is_loaded, 'with it the body differs at line 1: "False'),
        (refuses_what_is_loaded, "with it the request fails: ValueError: too early"),
    ],
)
def test_a_fix_that_changes_the_answer_is_refuted(function, reason):
    verdict = told_of(function, text="\n".join)
    assert (verdict.fix, verdict.proof) == (None, None)
    assert [code for code, _ in verdict.refuted] == [
        'Book.objects.select_related("author")',
        'Book.objects.prefetch_related("author")',
    ]
    assert [told for _, told in verdict.refuted if reason not in told] == []


def test_what_does_not_grow_with_the_rows_is_withdrawn():
    verdict = told_of(reads_two_of_them)
    assert verdict.withdrawn == "half of the rows cause as many queries (2) as all of them"
    assert verdict.proof is None


def test_what_changes_by_itself_is_not_compared():
    assert told_of(has_a_nonce, text="\n".join).proof.same_response


def test_an_answer_that_is_mostly_another_each_time_proves_nothing():
    verdict = told_of(is_mostly_another, text=" ".join)
    assert verdict.proof is None
    assert "differs from one request to the next" in verdict.unproven
    assert verdict.fix is not None


def test_one_row_proves_nothing():
    Book.objects.exclude(pk=Book.objects.first().pk).delete()
    verdict = told_of(genres)
    assert verdict.unproven == "there is one row now: more rows would show it"
    assert verdict.fix.code == 'Book.objects.prefetch_related("genres")'


def test_a_request_that_asks_no_more_proves_nothing():
    runs = itertools.count()
    verdict = told_of(lambda: list(names()) if next(runs) == 0 else [])
    assert verdict.unproven == "asked again, the request did not run these queries"


def test_a_request_that_fails_the_next_time_proves_nothing():
    runs = itertools.count()
    verdict = told_of(lambda: list(names()) if next(runs) == 0 else [1 / 0])
    assert verdict.unproven.startswith("asked again: ZeroDivisionError")


def test_rows_without_an_order_may_come_in_another(monkeypatch):
    monkeypatch.setattr(Genre._meta, "ordering", [])

    def any_order() -> Iterator[str]:
        for book in Book.objects.order_by("pk"):
            found = [genre.name for genre in book.genres.all()]
            # As a database may that is asked in another way.
            if "genres" in getattr(book, "_prefetched_objects_cache", {}):
                found.reverse()
            yield "\n".join(found)

    verdict = told_of(any_order, text="\n".join)
    assert (verdict.proof.same_response, verdict.proof.reordered) == (True, True)


def test_rows_with_an_order_may_not(monkeypatch):
    monkeypatch.setattr(Genre._meta, "ordering", ["name"])

    def turned() -> Iterator[str]:
        for book in Book.objects.order_by("pk"):
            found = [genre.name for genre in book.genres.all()]
            if "genres" in getattr(book, "_prefetched_objects_cache", {}):
                found.reverse()
            yield "\n".join(found)

    verdict = told_of(turned, text="\n".join)
    assert verdict.proof is None
    assert "order" in verdict.refuted[0][1]


def shared() -> Any:
    rows = Book.objects.order_by("pk")
    return list(rows)


def of_authors() -> Iterator[str]:
    for book in shared():
        yield book.author.name


def of_publishers() -> Iterator[str]:
    for book in shared():
        yield book.publisher.name


def of_publishers_unless_loaded() -> Iterator[str]:
    for book in shared():
        yield f"{book.publisher.name} {'author' in book._state.fields_cache}"


def test_one_queryset_gets_what_all_endpoints_need_of_it():
    told = proved(of_authors, of_publishers)
    codes = {verdict.fix.code for verdict in told.verdicts}
    assert codes == {'Book.objects.select_related("author", "publisher")'}
    assert [(p.queries_before, p.queries_after) for p in told.endpoints.values()] == [(6, 1)] * 2


def test_a_fix_that_changes_the_answer_of_another_endpoint_is_refuted():
    told = proved(of_authors, of_publishers_unless_loaded, text="\n".join)
    authors, publishers = told.verdicts
    assert authors.fix is None
    [(_, reason)] = authors.refuted
    assert reason == "with it the response of of_publishers_unless_loaded is another"
    assert publishers.fix.code == 'Book.objects.select_related("publisher")'
    assert publishers.proof is not None


@pytest.fixture(autouse=True)
def rows(library):
    """All of the loops read them."""
