"""Who waits for a query of the async ORM, where more than one task or loop step is between."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection
from django.http import StreamingHttpResponse
from django.test import AsyncClient
from django.urls import path

from queryscope import awaiting, inspect, record

from .marks import line_of
from .serving import LOCMEM, OURS, connections_of_threads  # noqa: F401  (a fixture)
from .testapp.models import Author, Book, Country

pytestmark = pytest.mark.django_db


async def keys():
    return [pk async for pk in Book.objects.values_list("pk", flat=True)]


async def gathered():
    pks = await keys()
    await asyncio.gather(*(Book.objects.aget(pk=pk) for pk in pks))  # <- here: gathered


async def spawned():
    async def name(pk):
        return (await Book.objects.aget(pk=pk)).title  # <- here: spawned

    await asyncio.gather(*[asyncio.create_task(name(pk)) for pk in await keys()])


async def by_anext():
    rows = Author.objects.all().__aiter__()
    while (author := await anext(rows, None)) is not None:
        await author.books.acount()  # <- here: by_anext


async def by_anext_of_a_generator():
    async def counts():
        async for author in Author.objects.all():
            yield await author.books.acount()  # <- here: by_anext_of_a_generator

    read = counts()
    while await anext(read, None) is not None:
        pass


PLACED = [gathered, spawned, by_anext, by_anext_of_a_generator]


@pytest.mark.parametrize("others", [0, 100], ids=["alone", "busy"])
@pytest.mark.parametrize("read", PLACED, ids=lambda f: f.__name__)
def test_the_line_that_waits_is_named(library, read, others):
    if others and read is spawned and sys.version_info < (3, 12):
        pytest.skip("tasks do not tell their context before Python 3.12")

    async def run():
        idle = [asyncio.create_task(asyncio.sleep(60)) for _ in range(others)]
        with record() as recording:
            await read()
        for task in idle:
            task.cancel()
        return recording

    [finding] = inspect(async_to_sync(run)()).findings
    assert (finding.location.file, finding.count) == (__file__, 5)
    assert finding.location.line == line_of(__file__, f"here: {read.__name__}")


class Late(ThreadPoolExecutor):
    """Returns from ``submit()`` only when the work has asked: nobody waits for it by then."""

    def submit(self, work):
        asked = threading.Event()

        def note(execute, *args):
            asked.set()
            return execute(*args)

        def begin():
            with connection.execute_wrapper(note):
                return work()

        future = super().submit(begin)
        assert asked.wait(5)
        time.sleep(0.001)
        return future


@pytest.mark.django_db(transaction=True)
def test_a_query_that_runs_before_its_coroutine_waits_is_placed(monkeypatch):
    monkeypatch.setattr(awaiting, "_LAST_PAUSE_S", 1.0)  # however busy the machine is

    async def run():
        with record() as recording, Late(1) as executor:
            counting = sync_to_async(
                Country.objects.count, thread_sensitive=False, executor=executor
            )
            await counting()  # <- here: late
        return recording

    [group] = async_to_sync(run)().trace.groups
    assert group.location.line == line_of(__file__, "here: late")


async def body():
    async for author in Author.objects.all():
        yield str(await author.books.acount())  # <- here: body


async def stream(request):
    return StreamingHttpResponse(body())


urlpatterns = [path("stream/", stream)]


@pytest.mark.urls(__name__)
def test_the_body_of_an_async_response_is_placed_through_the_middleware(library, settings):
    settings.MIDDLEWARE, settings.CACHES = [OURS], LOCMEM

    async def run():
        with record() as recording:
            response = await AsyncClient().get("/stream/")
            assert len([part async for part in response]) == 5
        return recording

    [finding] = inspect(async_to_sync(run)()).findings
    assert finding.location.line == line_of(__file__, "here: body")
