from __future__ import annotations

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor
from wsgiref.util import FileWrapper

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from django.http import FileResponse
from django.test import AsyncClient, Client, RequestFactory

from tests.serving import Broken, closed, connections_of_threads, endpoints, fresh, query  # noqa: F401  (fixtures)

# Bodies that are streamed


def test_a_streamed_body_is_recorded_only_while_it_is_produced():
    response = Client().get("/stream/3/")
    body = iter(response.streaming_content)
    received = [next(body)]
    query(10)  # other work of the same thread between two chunks
    received += body
    response.close()
    assert b"".join(received) == b"0,1,2,"
    assert [e["queries"] for e in endpoints()] == [4]
    assert closed == ["generator"]


@pytest.mark.django_db(transaction=True)
def test_a_streamed_body_that_is_abandoned_is_closed_and_reported():
    handler = WSGIHandler()
    response = handler(RequestFactory().get("/stream/100/").environ, lambda *args: None)
    body = iter(response)
    next(body)
    assert closed == []
    response.close()
    assert closed == ["generator"]
    assert [e["queries"] for e in endpoints()] == [2]


def test_an_exception_in_a_streamed_body_passes_through():
    response = Client().get("/failing-stream/")
    with pytest.raises(Broken, match="half-way"):
        list(response.streaming_content)
    assert [e["queries"] for e in endpoints()] == [1]


async def test_an_async_streamed_body_is_recorded():
    response = await AsyncClient().get("/astream/3/")
    received = []
    async for chunk in response.streaming_content:
        received.append(chunk)
        await sync_to_async(query)()
    assert b"".join(received) == b"0,1,2,"
    assert [e["queries"] for e in endpoints()] == [4]
    assert closed == ["generator"]


@pytest.mark.django_db(transaction=True)
def test_a_file_is_left_to_the_server():
    environ = {**RequestFactory().get("/download/").environ, "wsgi.file_wrapper": FileWrapper}
    wrapper = WSGIHandler()(environ, lambda *args: None)
    assert isinstance(wrapper, FileWrapper)
    assert wrapper.blksize == FileResponse.block_size
    assert not wrapper.filelike.closed
    assert wrapper.filelike.tell() == 0
    assert len(b"".join(wrapper)) == 10_000
    wrapper.close()
    assert [e["queries"] for e in endpoints()] == [1]


# Servers


async def asgi(url, *, receive_parts=None):
    scope = {
        "type": "http", "method": "GET", "path": url, "query_string": b"", "headers": [],
        "http_version": "1.1", "server": ("testserver", 80),
    }  # fmt: skip
    server = ApplicationCommunicator(ASGIHandler(), scope)
    await server.send_input({"type": "http.request"})
    sent = []
    while True:
        sent.append(await server.receive_output(timeout=5))
        if receive_parts is not None and len(sent) > receive_parts:
            await server.send_input({"type": "http.disconnect"})
            break
        if sent[-1]["type"] == "http.response.body" and not sent[-1].get("more_body"):
            break
    await server.wait(timeout=5)
    return sent


@pytest.mark.parametrize(
    ("url", "queries"),
    [("/count/2/", 2), ("/acount/2/", 2), ("/astream/2/", 3), ("/n-plus-one/", None)],
)
@pytest.mark.django_db(transaction=True)
async def test_a_real_asgi_request_is_reported_once(url, queries):
    sent = await asgi(url)
    assert dict(sent[0]["headers"])[b"Server-Timing"].startswith(b"db;dur=")
    (endpoint,) = endpoints()
    assert queries is None or endpoint["queries"] == queries


@pytest.mark.django_db(transaction=True)
async def test_a_client_that_leaves_a_real_asgi_stream_ends_it():
    await asgi("/astream/100000/", receive_parts=3)
    for _ in range(100):  # the event loop closes a dropped generator in a task of its own
        if closed:
            break
        await asyncio.sleep(0.01)
    assert closed == ["generator"]
    (endpoint,) = endpoints()
    assert 3 <= endpoint["queries"] < 100_000


# Many at once


def counts_by_request():
    return sorted((e["request"], e["queries"]) for e in endpoints())


def expected(prefix):
    return sorted((f"/{prefix}/{times}/", times) for times in range(1, 51))


@pytest.mark.django_db(transaction=True)
def test_fifty_threads_do_not_mix():
    barrier = threading.Barrier(50)

    def serve(times):
        barrier.wait(30)
        try:
            return contextvars.copy_context().run(Client().get, f"/count/{times}/")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(50) as pool:
        responses = list(pool.map(serve, range(1, 51)))
    for times, response in enumerate(responses, 1):
        assert f'desc="{times} quer' in response["Server-Timing"]
    assert counts_by_request() == expected("count")


async def test_fifty_async_requests_do_not_mix():
    client = AsyncClient()
    responses = await asyncio.gather(*(client.get(f"/acount/{n}/") for n in range(1, 51)))
    for times, response in enumerate(responses, 1):
        assert f'desc="{times} quer' in response["Server-Timing"]
    assert counts_by_request() == expected("acount")
