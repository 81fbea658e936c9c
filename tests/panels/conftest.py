"""The debug toolbar around pages of the tests: its middleware, panels and URLs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from debug_toolbar.settings import PANELS_DEFAULTS
from debug_toolbar.store import MemoryStore, get_store

from queryscope.explainable import explainable

from .browser import chromium, site, window  # noqa: F401

PANEL = "QueryScopePanel"
MIDDLEWARE = "debug_toolbar.middleware.DebugToolbarMiddleware"


@pytest.fixture
def toolbar(settings) -> Iterator[None]:
    """Shown for every request of the test client; no query is slow."""
    settings.DEBUG = True
    settings.INTERNAL_IPS = ["127.0.0.1"]
    settings.MIDDLEWARE = [MIDDLEWARE]
    settings.ROOT_URLCONF = "tests.panels.urls"
    settings.DEBUG_TOOLBAR_PANELS = [*PANELS_DEFAULTS, "queryscope.panels.QueryScopePanel"]
    settings.DEBUG_TOOLBAR_CONFIG = {}  # its own defaults
    settings.QUERYSCOPE = {"SLOW_QUERY_MS": 3_600_000}
    MemoryStore.clear()
    explainable.clear()
    yield
    MemoryStore.clear()


@pytest.fixture
def visit(toolbar, client):
    """Requests a page; what the panel stored of it, and the request's id."""

    def requested(url: str, **headers: str) -> dict:
        client.get(url, **headers)
        return stored()

    return requested


def stored(request_id: str | None = None) -> dict:
    """What the toolbar's store has of a request, the last one: JSON that was read back."""
    return get_store().panel(request_id or last_request(), PANEL)


def last_request() -> str:
    return list(get_store().request_ids())[-1]
