"""The panel behind ASGI: the toolbar hands it a coroutine instead of the response."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient

from queryscope import panels, recording
from tests.serving import connections_of_threads  # noqa: F401  (a fixture)
from tests.testapp.library import build

from .conftest import MIDDLEWARE, stored

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("toolbar")]

OURS = "queryscope.middleware.QueryScopeMiddleware"


@pytest.mark.parametrize("middleware", [[MIDDLEWARE], [OURS, MIDDLEWARE], [MIDDLEWARE, OURS]])
@pytest.mark.parametrize(
    ("url", "subtitle"),
    [
        ("/waiting/", "1 finding, 6 queries"),
        ("/native/", "1 query"),
        ("/loop/", "1 finding, 6 queries"),
        ("/stream/", "1 finding, 6 queries"),
    ],
)
async def test_views_of_both_kinds(url, subtitle, middleware, settings):
    await sync_to_async(build)()
    settings.MIDDLEWARE = middleware
    response = await AsyncClient().get(url)
    assert response.status_code == 200
    assert stored()["subtitle"] == subtitle


async def test_requests_at_the_same_time_are_told_apart():
    await sync_to_async(build)()
    urls = ["/waiting/", "/native/", "/waiting/"]
    responses = await asyncio.gather(*[AsyncClient().get(url) for url in urls])
    found = [stored(response.headers["djdt-request-id"])["subtitle"] for response in responses]
    assert found == ["1 finding, 6 queries", "1 query", "1 finding, 6 queries"]


async def test_a_fault_of_queryscope_harms_nothing(monkeypatch):
    monkeypatch.setattr(panels, "Recording", None)
    monkeypatch.setattr(recording, "_reported", set())
    assert (await AsyncClient().get("/native/")).status_code == 200
    assert stored() == {}
