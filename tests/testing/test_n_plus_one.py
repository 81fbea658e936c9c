"""``assert_no_n_plus_one()``: what it finds, what it lets pass, and what it says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from queryscope import record
from queryscope.testing import assert_no_n_plus_one
from tests.marks import line_of
from tests.serving import connections_of_threads  # noqa: F401  (a fixture)
from tests.testapp import loops
from tests.testapp.library import build
from tests.testapp.models import Author, Book

pytestmark = pytest.mark.django_db


@contextmanager
def found(*args: object, **kwargs: object) -> Iterator[list[str]]:
    """A block with an N+1, and the lines of what is said of it."""
    told: list[str] = []
    with pytest.raises(AssertionError) as failure, assert_no_n_plus_one(*args, **kwargs):
        yield told
    told.extend(str(failure.value).splitlines())


def test_it_tells_what_where_and_the_fix(library):
    with found() as told:
        list(loops.forward_fk(Book.objects.all()))  # <- here: books
    text = "\n".join(told)
    assert told[0] == "an N+1: Book.author is loaded for each Book row: 5 queries"
    assert "   Book.author is loaded for each Book row: 5 queries" in text
    assert f"--> tests/testapp/loops.py:{line_of(loops, 'here: forward_fk')} in forward_fk" in text
    assert f"--> tests/testing/test_n_plus_one.py:{line_of(__file__, 'here: books')}" in text
    assert 'Book.objects.select_related("author")' in text
    assert told[-1] == (
        'If it is meant to be: allow=["testapp.Book.author"], or on its line  '
        "# queryscope: ignore[n-plus-one] why"
    )


def test_one_that_waits_for_a_second_row_counts(library):
    with found() as told:
        list(loops.forward_fk(Book.objects.filter(title="Book 1")))
    assert "there is one row now" in "\n".join(told)


def test_each_is_told(library):
    with found() as told:
        list(loops.forward_fk(Book.objects.all()))
        list(loops.m2m(Book.objects.all()))
    assert told[0].startswith("2 N+1s, the worst: Book.")
    titles = [line[:13] for line in told if line[:1].isdigit()][1:]
    assert titles == ["1. n-plus-one", "2. n-plus-one"]


def nothing() -> None: ...


def one_row() -> None:
    Book.objects.get(title="Book 1").author.name  # noqa: B018


def joined() -> None:
    list(loops.forward_fk(Book.objects.select_related("author")))


def the_same_again() -> None:
    for _ in range(5):
        Book.objects.count()


def other_values() -> None:
    for number in range(5):
        Author.objects.filter(name=f"Author {number}").exists()


@pytest.mark.parametrize("work", [nothing, one_row, joined, the_same_again, other_values])
def test_what_is_none_passes(library, work):
    with assert_no_n_plus_one():
        work()


# What is allowed.


@pytest.mark.parametrize("name", ["testapp.Book.author", "testapp.Book", "testapp", "n-plus-one"])
def test_what_the_block_allows_passes(library, name):
    with assert_no_n_plus_one(allow=[name]):
        list(loops.forward_fk(Book.objects.all()))


def test_what_it_does_not_allow_is_told(library):
    with found(allow=["testapp.Book.author", "testapp.Author"]) as told:
        list(loops.forward_fk(Book.objects.all()))
        list(loops.m2m(Book.objects.all()))
    assert told[0] == "an N+1: Book.genres is loaded for each Book row: 5 queries"
    assert 'allow=["testapp.Book.genres"]' in told[-1]


def test_the_projects_settings_hold(library, settings):
    allowed = {"relation": "testapp.Book.author", "reason": "five rows"}
    settings.QUERYSCOPE = {**settings.QUERYSCOPE, "ALLOW": [allowed]}
    with assert_no_n_plus_one(allow=["testapp.Book.genres"]):
        list(loops.forward_fk(Book.objects.all()))
        list(loops.m2m(Book.objects.all()))


def test_comments_hold(library):
    with assert_no_n_plus_one():
        for book in Book.objects.all():
            book.author.name  # noqa: B018  # queryscope: ignore[n-plus-one] it is a test


@pytest.mark.parametrize(
    ("allow", "error", "says"),
    [
        ("testapp.Book.author", TypeError, r"must be a list of names, not one name: \['testapp"),
        ([3], TypeError, r"allow=\[...\] must hold names, not 3"),
        (["testapp.Book.autor"], ValueError, "testapp.Book has no 'autor'; did you mean 'author'"),
        (["testapp.Bok"], ValueError, "no model 'testapp.Bok' is .*; did you mean 'testapp.Book'"),
        (["testap"], ValueError, "no app 'testap' is installed; did you mean 'testapp'"),
        (["n-plus-two"], ValueError, "or a detector; did you mean 'n-plus-one'"),
        (["a.b.c.d"], ValueError, r"allow=\['a.b.c.d'\]: name a relation"),
        (["testapp."], ValueError, r"allow=\['testapp.'\]: name a relation"),
        ([""], ValueError, r"allow=\[''\]: name a relation"),
    ],
    ids=str,
)
def test_what_nobody_knows_cannot_be_allowed(allow, error, says):
    with pytest.raises(error, match=says):
        assert_no_n_plus_one(allow=allow)


# The block.


def test_what_the_block_raises_passes_untouched(library):
    error = ValueError("mine")

    def fail() -> None:
        list(loops.forward_fk(Book.objects.all()))
        raise error

    with pytest.raises(ValueError, match="mine") as raised, assert_no_n_plus_one():
        fail()
    assert raised.value is error


def test_others_count_the_same(library, django_assert_num_queries):
    counting = CaptureQueriesContext(connection)
    with record() as outer, django_assert_num_queries(6), counting as captured, found():
        list(loops.forward_fk(Book.objects.all()))
    assert (outer.queries, len(captured)) == (6, 6)


def test_a_slow_query_is_not_asked_for_its_plan(library, settings, django_assert_num_queries):
    settings.QUERYSCOPE = {**settings.QUERYSCOPE, "SLOW_QUERY_MS": 0, "EXPLAIN": True}
    with django_assert_num_queries(6), found():
        list(loops.forward_fk(Book.objects.all()))


@assert_no_n_plus_one()
def read_authors() -> None:
    list(loops.forward_fk(Book.objects.all()))


def test_a_decorated_function_is_named(library):
    with pytest.raises(AssertionError, match="\n   read_authors\n"):
        read_authors()


@pytest.fixture
def committed(transactional_db: None) -> None:
    build()


async def test_in_a_coroutine(committed):
    async def read() -> None:
        async for book in Book.objects.all():
            [review.text async for review in book.reviews.all()]

    with pytest.raises(AssertionError, match="is loaded for each Book row"):
        async with assert_no_n_plus_one():
            await read()
