"""Querysets changed for one request: in its context only, and put back whatever happens."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.db.models.query import QuerySet, RawQuerySet
from django.test.utils import CaptureQueriesContext

from queryscope.proving.changes import Change
from queryscope.proving.spots import Spots
from queryscope.proving.trial import Halved, Trial, tried
from queryscope.recording import record
from tests.serving import connections_of_threads  # noqa: F401  (a fixture)
from tests.testapp.models import Author, Book

pytestmark = pytest.mark.django_db

PLACES = [
    *((QuerySet, name) for name in ("_fetch_all", "_iterator", "aiterator", "count", "exists")),
    (RawQuerySet, "iterator"),
]


def originals() -> list[Any]:
    return [vars(owner)[name] for owner, name in PLACES]


def evaluate(rows: Any) -> list[Book]:
    return list(rows)


def books() -> list[Book]:
    return evaluate(Book.objects.order_by("pk"))


def trial_for(function: Callable[[], Any], change: Change | Halved) -> Trial:
    """The change put on the first queryset that a function evaluates."""
    with record() as recording:
        function()
    [spot, *_] = Spots(recording).of(recording.trace.groups[0])
    if isinstance(change, Halved):
        return Trial(halved={spot: change})
    return Trial({spot: change})


def loaded(rows: list[Book]) -> bool:
    return all("author" in row._state.fields_cache for row in rows)


JOIN = Change(methods='.select_related("author")')


def test_it_changes_what_is_evaluated(library):
    with tried(trial_for(books, JOIN)) as trial:
        assert loaded(books())
    assert len(trial.met) == 1
    assert not loaded(books())


def test_another_line_asks_as_it_is(library):
    with tried(trial_for(books, JOIN)):
        assert not loaded(list(Book.objects.order_by("pk")))


def test_another_statement_of_the_same_line_asks_as_it_is(library):
    def both() -> list[list[Book]]:
        return [evaluate(rows) for rows in (Book.objects.order_by("pk"), Book.objects.all()[:2])]

    with tried(trial_for(both, JOIN)):
        assert [loaded(rows) for rows in both()] == [True, False]


def test_the_queryset_itself_keeps_what_it_asks(library):
    rows = Book.objects.order_by("pk")
    before = str(rows.query)
    with tried(trial_for(books, JOIN)):
        assert loaded(evaluate(rows))
    assert str(rows.query) == before
    assert not loaded(list(rows.all()))


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_it_is_put_back_whatever_raises(library, error):
    def raises() -> None:
        with tried(Trial()):
            assert originals() != before
            raise error

    before = originals()
    with pytest.raises(error):
        raises()
    assert originals() == before


def test_overlapping_blocks_are_put_back_by_the_last(library):
    before, entered, leave = originals(), threading.Event(), threading.Event()

    def other() -> None:
        with tried(Trial()):
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with tried(Trial()):
        thread.start()
        entered.wait(10)
    assert originals() != before
    leave.set()
    thread.join()
    assert originals() == before


def test_what_another_put_there_meanwhile_stays(library, monkeypatch):
    def counted(self: Any) -> int:
        return 42

    before = originals()
    with tried(Trial()):
        monkeypatch.setattr(QuerySet, "count", counted)
    assert Book.objects.count() == 42
    monkeypatch.undo()
    with tried(Trial()):
        assert Book.objects.count() == 5
    assert originals() == before


@pytest.mark.django_db(transaction=True)
def test_a_thread_with_a_context_of_its_own_is_not_concerned(library):
    found: list[bool] = []

    def other() -> None:
        found.append(loaded(books()))
        connection.close()

    with tried(trial_for(books, JOIN)):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert found == [False]


async def over_queryset() -> list[Book]:
    return [book async for book in Book.objects.order_by("pk")]


async def over_aiterator() -> list[Book]:
    return [book async for book in Book.objects.order_by("pk").aiterator()]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("connections_of_threads")
@pytest.mark.parametrize("asking", [over_queryset, over_aiterator])
def test_asynchronous_iteration_is_changed(library, asking):
    trial = trial_for(lambda: async_to_sync(asking)(), JOIN)
    with tried(trial):
        assert loaded(async_to_sync(asking)())


@pytest.mark.parametrize("first", [0, 1])
def test_half_of_the_rows_and_what_is_prefetched_for_them(library, first):
    def fetched() -> list[Book]:
        return list(Book.objects.order_by("pk").prefetch_related("reviews"))

    everything = fetched()
    with tried(trial_for(fetched, Halved(first))), CaptureQueriesContext(connection) as captured:
        half = fetched()
        assert half == everything[first::2]
        assert all(list(book.reviews.all()) is not None for book in half)
    assert len(captured) == 2


def test_half_of_what_streams(library):
    def streamed() -> list[Book]:
        return list(Book.objects.order_by("pk").iterator(2))

    everything = streamed()
    with tried(trial_for(streamed, Halved(0))):
        assert streamed() == everything[::2]


def test_methods_come_before_a_slice(library):
    def sliced() -> list[Book]:
        return list(Book.objects.all()[1:3])

    change = Change(methods='.annotate(n=Count("reviews")).order_by("-pk")')
    with tried(trial_for(sliced, change)):
        rows = sliced()
    assert rows == list(Book.objects.order_by("-pk")[1:3])
    assert [row.n for row in rows] == [2, 2]


def test_what_is_dropped(library):
    def eager() -> list[Book]:
        return list(Book.objects.select_related("author__country", "publisher").order_by("pk"))

    with tried(trial_for(eager, Change(drops=frozenset({"author__country"})))):
        [book, *_] = eager()
    assert set(book._state.fields_cache) == {"author", "publisher"}
    assert "country" not in book.author._state.fields_cache


def test_a_name_that_is_not_known_there(library):
    trial = trial_for(books, Change(methods=".filter(pk=nowhere)"))
    with tried(trial):
        assert len(books()) == 5
    assert list(trial.unfit.values()) == ["the code uses a name that is not known there (nowhere)"]
    assert not trial.met


def test_a_relation_to_itself_is_changed_once(library):
    def authors() -> list[Author]:
        return list(Author.objects.order_by("pk"))

    with tried(trial_for(authors, Change(methods='.prefetch_related("friends")'))):
        assert [len(author.friends.all()) for author in authors()] == [4, 1, 1, 1, 1]
