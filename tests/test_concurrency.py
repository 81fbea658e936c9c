"""Many recordings at once: each holds exactly its own queries, to the last one."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection

from queryscope import inspect, record

from .serving import connections_of_threads  # noqa: F401  (a fixture)
from .testapp import loops
from .testapp.library import build
from .testapp.models import Author, Book, Genre

MANY = 50

#: Loops, their rows and what exactly one run of each asks.
WORK = [
    (loops.forward_fk, Book.objects.all, {"testapp.Book.author": 5}, 6),
    (loops.reverse_fk, Book.objects.all, {"testapp.Book.reviews": 5}, 6),
    (loops.m2m_reverse, Genre.objects.all, {"testapp.Genre.books": 3}, 4),
    (loops.chain, Book.objects.all, {"testapp.Author.country": 10}, 11),
    (loops.reverse_one_to_one, Author.objects.all, {"testapp.Author.profile": 5}, 6),
    (loops.forward_fk, lambda: Book.objects.select_related("author"), {}, 1),
]


def work(number: int) -> tuple[int, int, dict[str, int]]:
    loop, rows, *_ = WORK[number % len(WORK)]
    with record(f"work {number}") as recording:
        for _ in range(3):
            list(loop(rows()))
    found = {f.relation: f.count for f in inspect(recording).findings if f.relation}
    return number, recording.queries, found


def expected(number: int) -> tuple[int, int, dict[str, int]]:
    _, _, found, queries = WORK[number % len(WORK)]
    return number, queries * 3, {relation: count * 3 for relation, count in found.items()}


def ask(times: int) -> None:
    with connection.cursor() as cursor:
        for _ in range(times):
            cursor.execute("SELECT 1")


@pytest.fixture
def committed(transactional_db):
    build()


def test_fifty_threads_do_not_mix(committed):
    start = threading.Barrier(MANY)

    def thread(number):
        start.wait()
        return work(number)

    with ThreadPoolExecutor(MANY) as pool:
        results = list(pool.map(thread, range(MANY)))
    assert results == [expected(number) for number in range(MANY)]


def test_fifty_tasks_do_not_mix(committed):
    async def task(number):
        loop, rows, *_ = WORK[number % len(WORK)]
        with record(f"work {number}") as recording:
            for _ in range(3):
                await asyncio.sleep(0)
                await sync_to_async(lambda: list(loop(rows())))()
        found = {f.relation: f.count for f in inspect(recording).findings if f.relation}
        return number, recording.queries, found

    async def together():
        return await asyncio.gather(*(task(number) for number in range(MANY)))

    assert async_to_sync(together)() == [expected(number) for number in range(MANY)]


def test_threads_with_a_copied_context_record_into_one(committed):
    with record() as recording:
        ask(1)
        threads = [threading.Thread(target=copy_context().run, args=(ask, n)) for n in range(1, 21)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert recording.queries == 1 + sum(range(1, 21))
    assert sum(group.count for group in recording.trace.groups) == recording.queries


def test_a_thread_without_the_context_is_not_recorded(committed):
    with record() as recording:
        # Python 3.14 can be built to start threads in the context of their parent.
        thread = threading.Thread(target=ask, args=(3,))
        thread.start()
        thread.join()
    assert recording.queries in (0, 3)


def test_an_n_plus_one_in_a_thread_is_placed(committed):
    with record() as recording:
        names = []

        def target():
            names.extend(loops.forward_fk(Book.objects.all()))

        thread = threading.Thread(target=copy_context().run, args=(target,))
        thread.start()
        thread.join()
    assert len(names) == 5
    [finding] = inspect(recording).findings
    assert (finding.relation, finding.count) == ("testapp.Book.author", 5)
    assert finding.location.function == "forward_fk"
    assert finding.origin.function.endswith("target")
    assert "Book.objects.all()" in finding.origin.code


def test_rows_of_one_thread_that_another_reads(committed):
    """The fetch in one thread is the origin of the loads in the other."""
    with record() as recording:
        rows = list(Book.objects.all())
        names = []
        thread = threading.Thread(
            target=copy_context().run,
            args=(lambda: names.extend(loops.forward_fk(rows)),),
        )
        thread.start()
        thread.join()
    [finding] = inspect(recording).findings
    assert (finding.relation, finding.count) == ("testapp.Book.author", 5)
    assert finding.origin.function == "test_rows_of_one_thread_that_another_reads"
