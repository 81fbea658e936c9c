"""Async code: the same findings, at the line that wrote ``await``."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncClient
from django.urls import path

from queryscope import inspect, record

from .marks import line_of
from .serving import connections_of_threads  # noqa: F401  (a fixture)
from .testapp import async_loops, loops
from .testapp.library import build
from .testapp.models import Book

CASES = [
    ("forward_fk", "n-plus-one", "testapp.Book.author", "select_related"),
    ("threaded", "n-plus-one", "testapp.Book.author", "select_related"),
    ("reverse_fk", "n-plus-one", "testapp.Book.reviews", "prefetch_related"),
    ("m2m", "n-plus-one", "testapp.Book.genres", "prefetch_related"),
    ("count", "n-plus-one", "testapp.Book.reviews", "annotate"),
    ("exists", "n-plus-one", "testapp.Book.genres", "annotate"),
    ("first", "n-plus-one", "testapp.Book.reviews", "prefetch_related"),
    ("streamed", "n-plus-one", "testapp.Book.reviews", "annotate"),
    ("in_a_helper", "n-plus-one", "testapp.Book.reviews", "annotate"),
    ("get_by_pk", "query-in-loop", None, "in_bulk"),
    ("get_by_unique", "query-in-loop", None, "in_bulk"),
]
ON_MAIN_THREAD = pytest.mark.django_db
ON_WORKER_THREAD = pytest.mark.django_db(transaction=True)


async def read(loop: str) -> list:
    with record("loop") as recording:
        values = [value async for value in getattr(async_loops, loop)()]
    return [inspect(recording), values, recording.queries]


def check(report, loop, detector, relation, kind):
    [finding] = report.findings
    assert (finding.detector, finding.relation, finding.count) == (detector, relation, 5)
    assert finding.fix.kind == kind
    assert finding.location.file == async_loops.__file__
    assert finding.location.line == line_of(async_loops, f"here: {loop}")
    if relation:
        assert finding.origin.line == line_of(async_loops, f"origin: {loop}")


@ON_MAIN_THREAD
@pytest.mark.parametrize(("loop", "detector", "relation", "kind"), CASES, ids=[c[0] for c in CASES])
def test_it_is_found_under_async_to_sync(library, loop, detector, relation, kind):
    check(async_to_sync(read)(loop)[0], loop, detector, relation, kind)


@ON_WORKER_THREAD
@pytest.mark.parametrize(("loop", "detector", "relation", "kind"), CASES, ids=[c[0] for c in CASES])
async def test_it_is_found_in_an_event_loop(loop, detector, relation, kind):
    await sync_to_async(build)()
    check((await read(loop))[0], loop, detector, relation, kind)


@ON_MAIN_THREAD
def test_tasks_that_gather_are_one_loop(library):
    report, values, queries = async_to_sync(read)("gathered")
    [finding] = report.findings
    assert (values, queries) == ([2] * 5, 6)
    assert (finding.relation, finding.count) == ("testapp.Book.reviews", 5)
    assert finding.origin.line == line_of(async_loops, "origin: gathered")


@ON_MAIN_THREAD
@pytest.mark.parametrize(("loop", "queries"), [("joined", 1), ("prefetched", 2)])
def test_async_code_that_loads_together_is_silent(library, loop, queries):
    report, values, asked = async_to_sync(read)(loop)
    assert (report.findings, len(values), asked) == ((), 5, queries)


# Through the ASGI handler.


async def async_view(request):
    return HttpResponse(str([name async for name in async_loops.forward_fk()]))


def sync_view(request):
    return HttpResponse(str(list(loops.forward_fk(Book.objects.all()))))


async def async_stream(request):
    async def lines():
        async for number in async_loops.count():
            yield f"{number}\n"

    return StreamingHttpResponse(lines())


async def tasks(request):
    async def one(pk):
        return (await Book.objects.select_related("author").aget(pk=pk)).author.name

    names = await asyncio.gather(
        *[asyncio.create_task(one(pk)) async for pk in Book.objects.values_list("pk", flat=True)]
    )
    return HttpResponse(str(names))


urlpatterns = [
    path("async/", async_view),
    path("sync/", sync_view),
    path("stream/", async_stream),
    path("tasks/", tasks),
]

SERVED = [
    ("async", async_loops, "forward_fk", 6),
    ("sync", loops, "forward_fk", 6),
    ("stream", async_loops, "count", 6),
]


@ON_WORKER_THREAD
@pytest.mark.urls(__name__)
@pytest.mark.parametrize(("url", "module", "loop", "queries"), SERVED, ids=[c[0] for c in SERVED])
async def test_a_view_under_asgi_is_recorded(settings, url, module, loop, queries):
    settings.MIDDLEWARE = []
    await sync_to_async(build)()
    with record(url) as recording:
        response = await AsyncClient().get(f"/{url}/")
        if response.streaming:
            _ = [part async for part in response]
    assert (response.status_code, recording.queries) == (200, queries)
    [finding] = inspect(recording).findings
    assert (finding.detector, finding.count) == ("n-plus-one", 5)
    assert finding.location.file == module.__file__
    assert finding.location.line == line_of(module, f"here: {loop}")
    built = "Book.objects.all()" in finding.origin.code
    assert built or finding.origin.line == line_of(module, f"origin: {loop}")


@ON_WORKER_THREAD
@pytest.mark.urls(__name__)
async def test_tasks_of_a_view_are_recorded_with_it(settings):
    settings.MIDDLEWARE = []
    await sync_to_async(build)()
    with record() as recording:
        await AsyncClient().get("/tasks/")
    assert recording.queries == 6
