"""Views behind the middleware, for the tests of it: what they ask the database, and no more."""

from __future__ import annotations

import asyncio
import tempfile
import threading

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission
from django.core.cache import caches
from django.db import connection
from django.db.backends.signals import connection_created
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.urls import path, re_path

from queryscope import background, middleware, recent, recording
from queryscope.conf import get_settings

OURS = "queryscope.middleware.QueryScopeMiddleware"


def query(times=1):
    with connection.cursor() as cursor:
        for _ in range(times):
            cursor.execute("SELECT 1")


def quiet(request, **kwargs):
    return HttpResponse("nothing asked")


def count(request, times, **kwargs):
    query(times)
    return HttpResponse(f"{times}")


async def count_async(request, times):
    for _ in range(times):
        await sync_to_async(query)()
        await asyncio.sleep(0)
    return HttpResponse(f"{times}")


def n_plus_one(request):
    names = [permission.content_type.model for permission in Permission.objects.all()]
    return HttpResponse(str(len(names)))


def timed(request):
    query()
    return HttpResponse(headers={"Server-Timing": 'cache;desc="hit"'})


class Asks:
    """A middleware that queries before there is a route."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        query()
        return self.get_response(request)


class Broken(Exception):
    pass


def broken(request):
    query(2)
    raise Broken("of the application")


closed: list[str] = []


def chunks(times):
    try:
        for number in range(times):
            query()
            yield f"{number},"
    finally:
        closed.append("generator")


async def chunks_async(times):
    try:
        for number in range(times):
            await sync_to_async(query)()
            yield f"{number},"
    finally:
        closed.append("generator")


def stream(request, times):
    query()
    return StreamingHttpResponse(chunks(times))


async def stream_async(request, times):
    await sync_to_async(query)()
    return StreamingHttpResponse(chunks_async(times))


def download(request):
    query()
    file = tempfile.TemporaryFile()  # noqa: SIM115  (the response closes it)
    file.write(b"x" * 10_000)
    file.seek(0)
    return FileResponse(file, filename="a.txt")


def failing_stream(request):
    def body():
        query()
        yield b"begun"
        raise Broken("half-way")

    return StreamingHttpResponse(body())


urlpatterns = [
    path("quiet/", quiet),
    path("count/<int:times>/", count),
    re_path(r"^old/(?P<times>[0-9]+)/$", lambda r, times: count(r, int(times))),
    path("reset/<int:times>/<slug:token>/", count),
    path("share/<int:times>/<path:rest>", count),
    path("order/<int:times>/<uuid:renamed>/", count),
    re_path(r"^bare/([0-9]+)/([^/]+)/$", lambda r, times, _: count(r, int(times))),
    path("acount/<int:times>/", count_async),
    path("n-plus-one/", n_plus_one),
    path("timed/", timed),
    path("broken/", broken),
    path("stream/<int:times>/", stream),
    path("astream/<int:times>/", stream_async),
    path("download/", download),
    path("failing-stream/", failing_stream),
]

LOCMEM = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "mw"}}


@pytest.fixture(autouse=True)
def connections_of_threads():
    """Close what worker threads opened: Django never closes an in-memory SQLite."""
    opened = []

    def remember(*, connection, **kwargs):
        if threading.current_thread() is not threading.main_thread():
            opened.append(connection)

    connection_created.connect(remember)
    yield
    connection_created.disconnect(remember)
    for other in opened:
        raw, other.connection = other.connection, None
        if raw is not None:
            raw.close()


@pytest.fixture(autouse=True)
def fresh(settings, db):
    settings.ROOT_URLCONF = "tests.serving"
    settings.MIDDLEWARE = [OURS]
    settings.CACHES = LOCMEM
    settings.QUERYSCOPE = {"SLOW_QUERY_MS": 3_600_000}  # nothing depends on a busy machine
    caches["default"].clear()
    middleware.logged.clear()
    middleware.analysed.clear()
    background.plans.reset()
    recent.pause.clear()
    recording._reported.clear()
    closed.clear()


def reports():
    background.worker.join()
    return [entry["report"] for entry in recent.reports(get_settings())]


def endpoints():
    return [endpoint for report in reports() for endpoint in report["endpoints"]]


def records(caplog):
    return [record for record in caplog.records if record.name == "queryscope"]
