"""A block or function that is judged: where it begins and ends, what it counts, what it raises."""

from __future__ import annotations

import os
import threading
from contextlib import nullcontext
from contextvars import copy_context

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from queryscope import record
from queryscope.testing import budget
from queryscope.testing.collecting import Collector
from tests.serving import connections_of_threads  # noqa: F401  (a fixture)
from tests.testapp import loops
from tests.testapp.models import Book

from .test_budgets import ask, over

pytestmark = pytest.mark.django_db


# The block.


def fail(error: Exception) -> None:
    ask()
    raise error


def test_what_the_block_raises_passes_untouched():
    error = ValueError("mine")
    with pytest.raises(ValueError, match="mine") as raised, budget(0):
        fail(error)
    assert raised.value is error
    assert raised.value.__context__ is None


def test_a_budget_may_be_used_again_but_not_inside_itself():
    twice = budget(1)
    for _ in range(2):
        with twice:
            ask()
    with twice, pytest.raises(RuntimeError, match="make another one"):
        twice.__enter__()
    with pytest.raises(AssertionError), twice:
        ask(2)


def test_blocks_inside_one_another_count_for_themselves():
    with over(5) as outer:
        ask()
        with budget(2) as within:
            ask(2)
        with over(2) as inner:
            ask(3)
    assert (outer[0], inner[0]) == ("6 queries, the budget is 5:", "3 queries, the budget is 2:")
    assert within.queries == 2


@pytest.mark.django_db(transaction=True)
def test_a_thread_in_a_copy_of_the_context_counts_and_has_blocks_of_its_own():
    seen = []

    def work():
        with budget(2) as recording:
            ask(2)
        seen.append(recording.queries)

    with budget(3) as outer:
        ask()
        thread = threading.Thread(target=copy_context().run, args=[work])
        thread.start()
        thread.join()
    assert (seen, outer.queries) == ([2], 3)


def test_others_count_the_same(library, django_assert_num_queries):
    with (
        record() as recording,
        CaptureQueriesContext(connection) as captured,
        django_assert_num_queries(6),
        budget(6) as budgeted,
        CaptureQueriesContext(connection) as inside,
    ):
        list(loops.forward_fk(Book.objects.all()))
    counted = recording.queries, len(captured), budgeted.queries, len(inside)
    assert counted == (6, 6, 6, 6)


def test_a_recorded_test_counts_the_same(library):
    collector = Collector(os.getcwd())
    collector.start()
    try:
        collector.begin("a test", whole=True)
        with collector.body(), budget(6) as recording:
            list(loops.forward_fk(Book.objects.all()))
        collector.end()
    finally:
        collector.stop()
    assert (recording.queries, collector.keeper.queries) == (6, 6)


# Asynchronous code.


async def authors() -> list[str]:
    return [book.author.name async for book in Book.objects.select_related("author")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit", [0, 1])
async def test_with_in_a_coroutine(limit):
    with nullcontext() if limit else pytest.raises(AssertionError, match="1 query"), budget(limit):
        await authors()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit", [0, 1])
async def test_async_with(limit):
    with nullcontext() if limit else pytest.raises(AssertionError, match="1 query"):
        async with budget(limit) as recording:
            await authors()
    assert recording.queries == 1


# The decorator.


def test_a_decorated_function_is_judged_at_each_call():
    @budget(2)
    def work(times: int) -> str:
        """Ask."""
        ask(times)
        return "done"

    assert (work(2), work(times=2), work.__doc__) == ("done", "done", "Ask.")
    with pytest.raises(AssertionError, match=r"3 queries, the budget is 2"):
        work(3)


def test_a_decorated_function_may_call_itself():
    @budget(3)
    def work(depth: int) -> None:
        ask()
        if depth:
            work(depth - 1)

    work(2)
    with pytest.raises(AssertionError, match=r"4 queries, the budget is 3"):
        work(3)


@pytest.mark.django_db(transaction=True)
async def test_a_decorated_coroutine_function_is_judged_when_it_is_done():
    @budget(1)
    async def work(times: int) -> str:
        for _ in range(times):
            await authors()
        return "done"

    assert await work(1) == "done"
    with pytest.raises(AssertionError, match=r"2 queries, the budget is 1"):
        await work(2)


@budget(1)
def test_a_decorated_test_has_its_fixtures(library, request):
    assert request.node.name == "test_a_decorated_test_has_its_fixtures"
    assert Book.objects.count() == 5


def generator():
    yield


async def async_generator():
    yield


@pytest.mark.parametrize("what", [type("Tests", (), {}), generator, async_generator])
def test_what_a_call_only_begins_cannot_be_decorated(what):
    with pytest.raises(TypeError, match=f"decorate test functions, not .* {what.__name__}"):
        budget(1)(what)
