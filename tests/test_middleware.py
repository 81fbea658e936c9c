from __future__ import annotations

import asyncio
import copy
import io
import logging
import pickle

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ImproperlyConfigured, MiddlewareNotUsed
from django.db import connection
from django.test import AsyncClient, Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from queryscope import middleware, recording
from tests import serving
from tests.serving import (  # noqa: F401  (fixtures)
    OURS,
    Broken,
    connections_of_threads,
    count,
    endpoints,
    fresh,
    query,
    quiet,
    records,
    reports,
)

UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"

# What is recorded


@pytest.mark.parametrize(
    ("url", "name", "request_shown", "status", "queries"),
    [
        ("/count/3/", "GET /count/{times}/", "/count/3/", 200, 3),
        ("/old/2/", "GET /old/{times}/", "/old/2/", 200, 2),
        ("/broken/", "GET /broken/", "/broken/", 500, 2),
        (
            "/count/1/?project=7&status=done",
            "GET /count/{times}/",
            "/count/1/?project=*&status=*",
            200,
            1,
        ),
        ("/count/1/?bare&a=b=c", "GET /count/{times}/", "/count/1/?*&a=*", 200, 1),
        ("/reset/1/s3cret/", "GET /reset/{times}/{token}/", "/reset/1/*/", 200, 1),
        ("/share/1/s/3/cret.pdf", "GET /share/{times}/{rest}", "/share/1/*", 200, 1),
        (f"/order/1/{UUID}/", "GET /order/{times}/{renamed}/", "/order/1/*/", 200, 1),
        ("/bare/1/a@example.com/", "GET /bare/{0}/{1}/", "/bare/1/*/", 200, 1),
        ("/stream/3/", "GET /stream/{times}/", "/stream/3/", 200, 4),
        ("/download/", "GET /download/", "/download/", 200, 1),
    ],
)
def test_a_request_is_reported_by_its_route(url, name, request_shown, status, queries):
    response = Client(raise_request_exception=False).get(url)
    if response.streaming:
        b"".join(response.streaming_content)
        response.close()
    (endpoint,) = endpoints()
    assert endpoint["name"] == name
    assert endpoint["request"] == request_shown
    assert endpoint["status"] == status
    assert endpoint["queries"] == queries


def test_a_url_without_a_route_has_no_name_of_its_own(settings):
    settings.MIDDLEWARE = [OURS, "tests.serving.Asks"]
    Client().get(f"/nowhere/{UUID}/")
    (endpoint,) = endpoints()
    assert (endpoint["name"], endpoint["status"]) == ("GET (no route)", 404)
    assert endpoint["request"] == "/nowhere/*/"


def test_a_url_names_the_folder_that_the_application_is_served_from():
    Client(SCRIPT_NAME="/shop").get("/count/1/")
    assert [e["request"] for e in endpoints()] == ["/shop/count/1/"]


def test_a_long_url_is_cut():
    Client().get("/count/1/?" + "a=1&" * 1_000)
    assert len(endpoints()[0]["request"]) == 501


def test_a_request_without_queries_is_not_reported():
    assert Client().get("/quiet/")["Server-Timing"] == 'db;dur=0.0;desc="0 queries"'
    assert reports() == []


def test_the_middleware_asks_the_database_nothing():
    with CaptureQueriesContext(connection) as captured:
        Client().get("/count/2/")
    assert len(captured) == 2
    assert len(reports()) == 1


async def test_an_async_view_is_recorded():
    response = await AsyncClient().get("/acount/3/")
    assert response.content == b"3"
    assert response["Server-Timing"].endswith('desc="3 queries"')
    assert [(e["name"], e["queries"]) for e in endpoints()] == [("GET /acount/{times}/", 3)]


# Server-Timing


@pytest.mark.parametrize(
    ("url", "ends"),
    [
        ("/count/1/", 'desc="1 query"'),
        ("/count/2/", 'desc="2 queries"'),
        ("/stream/5/", 'desc="1 query"'),
    ],
)
def test_server_timing_tells_what_is_known_when_headers_are_sent(url, ends):
    name, duration, description = Client().get(url)["Server-Timing"].split(";")
    assert name == "db"
    assert float(duration.removeprefix("dur=")) >= 0
    assert description == ends


def test_server_timing_is_added_to_another():
    assert Client().get("/timed/")["Server-Timing"].startswith('cache;desc="hit", db;dur=')


def test_server_timing_can_be_left_out(settings):
    settings.QUERYSCOPE = {**settings.QUERYSCOPE, "SERVER_TIMING": False}
    assert "Server-Timing" not in Client().get("/count/1/")
    assert len(reports()) == 1


# Which requests


@pytest.mark.parametrize("options", [{"ENABLED": False}, {"SAMPLE_RATE": 0}, {"SAMPLE_RATE": 0.0}])
def test_a_middleware_that_would_do_nothing_is_left_out(settings, options):
    settings.QUERYSCOPE = options
    with pytest.raises(MiddlewareNotUsed, match="QUERYSCOPE"):
        middleware.QueryScopeMiddleware(quiet)
    assert "Server-Timing" not in Client().get("/count/1/")


def test_the_middleware_needs_its_app(settings):
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "queryscope"]
    with pytest.raises(ImproperlyConfigured, match="add 'queryscope' to INSTALLED_APPS"):
        middleware.QueryScopeMiddleware(quiet)


def test_a_wrong_setting_stops_the_server_from_starting(settings):
    settings.QUERYSCOPE = {"SAMPLE_RAT": 1}
    with pytest.raises(ImproperlyConfigured, match="did you mean 'SAMPLE_RATE'"):
        middleware.QueryScopeMiddleware(quiet)


@pytest.mark.parametrize(("url", "recorded"), [("/count/1/", False), ("/old/1/", True)])
def test_ignored_paths(settings, url, recorded):
    settings.QUERYSCOPE = {**settings.QUERYSCOPE, "IGNORE_PATHS": ["/count/"]}
    assert ("Server-Timing" in Client().get(url)) is recorded
    assert bool(reports()) is recorded


def test_the_sampling_rate_is_a_share_of_requests(settings):
    settings.QUERYSCOPE = {**settings.QUERYSCOPE, "SAMPLE_RATE": 0.5}
    client = Client()
    recorded = sum("Server-Timing" in client.get("/quiet/") for _ in range(400))
    assert 120 < recorded < 280  # eight standard deviations


# Nothing of the application's changes


def test_an_exception_of_the_view_is_the_applications():
    with pytest.raises(Broken, match="of the application"):
        Client().get("/broken/")
    assert endpoints()[0]["status"] == 500


def test_an_exception_below_the_middleware_passes_through_and_is_recorded():
    request = RequestFactory().get("/broken/")
    error = Broken()

    def view(request):
        query()
        raise error

    with pytest.raises(Broken) as caught:
        middleware.QueryScopeMiddleware(view)(request)
    assert caught.value is error
    assert [(e["status"], e["queries"]) for e in endpoints()] == [(None, 1)]


async def test_a_cancelled_request_passes_through_and_is_recorded():
    started = asyncio.Event()

    async def view(request):
        await sync_to_async(query)()
        started.set()
        await asyncio.sleep(60)

    task = asyncio.create_task(middleware.QueryScopeMiddleware(view)(RequestFactory().get("/x/")))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [(e["status"], e["queries"]) for e in endpoints()] == [(None, 1)]


@pytest.mark.parametrize(
    "broken_part", ["inspect", "Recording", "endpoint_name", "add_server_timing", "log"]
)
def test_a_fault_of_queryscope_is_logged_once_and_harms_nothing(monkeypatch, caplog, broken_part):
    def fault(*args, **kwargs):
        raise RuntimeError("of queryscope")

    monkeypatch.setattr(middleware, broken_part, fault)
    monkeypatch.setattr(recording, "_reported", set())
    client = Client()
    for _ in range(3):
        assert client.get("/n-plus-one/").status_code == 200
        middleware.logged.clear()
        middleware.analysed.clear()
    faults = [r for r in records(caplog) if r.exc_info and "of queryscope" in str(r.exc_info[1])]
    assert len(faults) == 1


CACHE = "django.middleware.cache"


@pytest.mark.parametrize(
    ("before", "after", "recorded"),
    [
        # Further out a cache answers the second request itself.
        ([f"{CACHE}.UpdateCacheMiddleware", f"{CACHE}.FetchFromCacheMiddleware"], [], [2]),
        ([f"{CACHE}.UpdateCacheMiddleware"], [f"{CACHE}.FetchFromCacheMiddleware"], [2]),
        # Further in it does so below us: there is no query to report.
        ([], [f"{CACHE}.UpdateCacheMiddleware", f"{CACHE}.FetchFromCacheMiddleware"], [2]),
    ],
)
def test_a_cache_pickles_the_response_as_before(settings, before, after, recorded):
    settings.MIDDLEWARE = [*before, OURS, *after]
    client = Client()
    client.get("/count/2/")
    middleware.analysed.clear()
    assert client.get("/count/2/").content == b"2"
    assert [e["queries"] for e in endpoints()] == recorded


def answered(**attributes):
    request = RequestFactory().get("/")
    vars(request).update(attributes)
    response = middleware.QueryScopeMiddleware(lambda r: count(r, 1))(request)
    return request, response


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))])
def test_a_request_is_pickled_and_copied_as_before(duplicate):
    request, _ = answered(kept="yes")
    again = duplicate(request)
    assert again.kept == "yes"
    assert again.close == type(request).close.__get__(again)
    again.close()
    assert reports() == []
    request.close()
    assert len(reports()) == 1
    assert vars(request).keys() == vars(RequestFactory().get("/")).keys() | {"kept"}


def test_a_response_is_pickled_and_copied_as_before():
    _, response = answered()
    for again in (copy.deepcopy(response), pickle.loads(pickle.dumps(response))):
        assert vars(again).keys() == vars(count(None, 1)).keys()
        assert again.content == b"1"


def test_a_response_that_is_replaced_further_out_is_still_reported(settings):
    settings.MIDDLEWARE = ["django.middleware.http.ConditionalGetMiddleware", OURS]
    client = Client()
    etag = client.get("/count/2/")["ETag"]
    middleware.analysed.clear()
    assert client.get("/count/2/", headers={"If-None-Match": etag}).status_code == 304
    assert [e["queries"] for e in endpoints()] == [2, 2]


def test_a_request_is_closed_as_before_and_reported_once():
    request = RequestFactory().post("/", {"file": io.BytesIO(b"content")})
    uploaded = request.FILES["file"]
    middleware.QueryScopeMiddleware(lambda r: count(r, 1))(request)
    assert reports() == []
    request.close()
    assert uploaded.closed
    request.close()
    assert len(reports()) == 1
    assert "close" not in vars(request)


# The log


@pytest.fixture
def permissions():
    types = [ContentType.objects.create(app_label="x", model=f"m{n}") for n in range(3)]
    for kind in types:
        Permission.objects.create(name=kind.model, content_type=kind, codename=kind.model)


@pytest.mark.usefixtures("permissions")
def test_a_finding_is_logged_once_with_all_of_it(caplog):
    client = Client()
    for _ in range(3):
        client.get("/n-plus-one/?token=s3cret")
    (record,) = [r for r in records(caplog) if r.queryscope["detector"] == "n-plus-one"]
    finding = record.queryscope
    level = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO}
    assert record.levelno == level[finding["severity"]]
    assert finding["endpoint"] == "GET /n-plus-one/"
    assert finding["request"] == "/n-plus-one/?token=*"
    assert finding["key"].startswith("n-plus-one::")
    message = record.getMessage()
    assert "\n" not in message
    for part in (
        "n-plus-one",
        "GET /n-plus-one/",
        f"{serving.__file__}:{finding['location']['line']}",
    ):
        assert part in message
    assert "s3cret" not in message + repr(finding) + repr(reports())


@pytest.mark.usefixtures("permissions")
def test_a_finding_is_logged_again_after_the_interval(settings, caplog):
    settings.QUERYSCOPE = {**settings.QUERYSCOPE, "LOG_INTERVAL_S": 0}
    client = Client()
    for _ in range(3):
        client.get("/n-plus-one/")
    assert [r.queryscope["detector"] for r in records(caplog)].count("n-plus-one") == 3


def test_what_was_logged_is_remembered_within_bounds():
    throttle = middleware.Throttle(size=3)
    assert [throttle.passes(key, 60) for key in "aabcabcd"] == [
        True, False, True, True, False, False, False, True,
    ]  # fmt: skip
    assert len(throttle) == 3
    assert throttle.passes("a", 60)  # pushed out by d
    assert not throttle.passes("d", 60)
