"""The panel behind the toolbar: what it stores of a request, and shows of what is stored."""

from __future__ import annotations

import json

import pytest
from debug_toolbar import store
from debug_toolbar.store import get_store
from debug_toolbar.toolbar import DebugToolbar
from django.apps.registry import Apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from queryscope import panels, recording
from tests.serving import LOCMEM

from .conftest import MIDDLEWARE, PANEL, last_request, stored

pytestmark = pytest.mark.usefixtures("library", "toolbar")

OURS = "queryscope.middleware.QueryScopeMiddleware"


def shown(client: Client, request_id: str) -> str:
    """The panel's content, as the toolbar loads it when it is opened."""
    url = f"/__debug__/render_panel/?request_id={request_id}&panel_id={PANEL}"
    return client.get(url).json()["content"]


def test_the_findings_of_a_page_are_shown_with_their_fix(client, visit):
    data = visit("/loop/")
    assert (data["subtitle"], data["severity"]) == ("1 finding, 6 queries", "warning")
    html = shown(client, last_request())
    for text in (
        "GET /loop/",
        "Book.author is loaded for each Book row: 5 queries",
        "tests/panels/urls.py:",
        "return [book.author.name for book in Book.objects.order_by(&quot;pk&quot;)]",
        "Book.objects.select_related(",
        '<button type="button" class="qs-copy"',
        "saves 5 queries",
        "FROM &quot;testapp_author&quot;",
    ):
        assert text in html, text


def test_the_navigation_tells_how_many_and_that_it_is_serious(client):
    html = client.get("/loop/").content.decode()
    assert "1 finding, 6 queries" in html
    assert 'fill="#f2b84b"' in html


def test_a_page_without_findings_is_said_to_be_fine(client, visit):
    data = visit("/quiet/")
    assert (data["subtitle"], data["severity"], data["slow"]) == ("0 queries", "", [])
    assert "Nothing found in this request." in shown(client, last_request())


def test_what_is_stored_is_json_and_has_no_values(visit):
    data = visit("/private/?name=geheim")
    assert data == json.loads(json.dumps(data))
    assert "geheim" not in json.dumps(data)
    assert "testapp_author" in json.dumps(data)


def test_the_panel_is_made_of_the_store_alone(client, visit, monkeypatch):
    visit("/loop/")
    request_id = last_request()
    toolbar = DebugToolbar.fetch(request_id)
    monkeypatch.setattr(panels, "inspect", None)
    assert toolbar.request is None
    assert toolbar.get_panel_by_id(PANEL).nav_subtitle.split("</svg>")[1].strip() == (
        "1 finding, 6 queries"
    )
    assert "Book.author is loaded" in shown(client, request_id)


def test_the_history_panel_switches_to_a_request_that_had_no_page(client):
    response = client.get("/data/")
    request_id = response.headers["djdt-request-id"]
    client.get("/quiet/")
    listed = client.get(f"/__debug__/history_refresh/?request_id={request_id}").json()
    assert request_id in [request["id"] for request in listed["requests"]]
    switched = client.get(f"/__debug__/history_sidebar/?request_id={request_id}").json()
    assert "1 finding, 6 queries" in switched[PANEL]["button"]
    assert PANEL in switched[PANEL]["content"]
    assert "Book.author is loaded" in shown(client, request_id)


def check_store(client: Client, settings, kind: str) -> None:
    settings.DEBUG_TOOLBAR_CONFIG = {"TOOLBAR_STORE_CLASS": f"debug_toolbar.store.{kind}"}
    response = client.get("/loop/")
    assert stored()["subtitle"] == "1 finding, 6 queries"
    assert "Book.author is loaded" in shown(client, response.headers["djdt-request-id"])


def test_the_toolbars_store_in_the_database_keeps_it(client, settings):
    check_store(client, settings, "DatabaseStore")


@pytest.mark.skipif(not hasattr(store, "CacheStore"), reason="this toolbar has no such store")
def test_the_toolbars_store_in_a_cache_keeps_it(client, settings):
    settings.CACHES = LOCMEM
    check_store(client, settings, "CacheStore")


def test_panels_that_are_rendered_with_the_page_are_complete(client, settings):
    settings.DEBUG_TOOLBAR_CONFIG = {"RENDER_PANELS": True}
    html = client.get("/loop/").content.decode()
    assert "Book.author is loaded" in html
    assert 'src="/static/queryscope/panel.js"' in html


@pytest.mark.parametrize("inner", [(), (OURS,)])
@pytest.mark.parametrize("outer", [(), (OURS,)])
def test_with_and_without_the_middleware_it_is_the_same(client, settings, outer, inner):
    settings.MIDDLEWARE = [*outer, MIDDLEWARE, *inner]
    assert client.get("/loop/").status_code == 200
    assert stored()["subtitle"] == "1 finding, 6 queries"


def test_an_async_view_behind_wsgi(visit):
    assert visit("/waiting/")["subtitle"] == "1 finding, 6 queries"


def test_a_redirect_is_in_the_history(visit):
    assert visit("/moved/")["subtitle"] == "1 finding, 6 queries"


def test_a_streamed_body_is_not_seen_and_it_says_so(visit):
    data = visit("/stream/")
    assert data["subtitle"] == "1 finding, 6 queries"
    assert data["notes"] == ["The response is streamed: what its body asks is not in here."]


def test_a_view_that_fails():
    assert Client(raise_request_exception=False).get("/failing/").status_code == 500
    assert stored()["subtitle"] == "1 finding, 6 queries"


def test_switched_off_by_the_cookie_it_does_nothing(client, monkeypatch):
    monkeypatch.setattr(panels, "Recording", None)
    client.cookies["djdtQueryScopePanel"] = "off"
    assert client.get("/loop/").status_code == 200
    assert stored() == {}


def test_where_the_toolbar_is_not_shown_it_does_nothing(client, settings, monkeypatch):
    monkeypatch.setattr(panels, "Recording", None)
    settings.INTERNAL_IPS = []
    assert client.get("/loop/").status_code == 200
    assert list(get_store().request_ids()) == []


def test_it_asks_the_database_nothing(client):
    with CaptureQueriesContext(connection) as captured:
        client.get("/loop/")
    assert len(captured) == 6
    sql = get_store().panel(last_request(), "SQLPanel")
    assert len(sql["queries"]) == 6
    with CaptureQueriesContext(connection) as captured:
        shown(client, last_request())
    assert len(captured) == 0


@pytest.mark.parametrize("part", ["Recording", "inspect", "page", "endpoint_name"])
def test_a_fault_of_queryscope_harms_nothing_and_is_logged_once(client, caplog, monkeypatch, part):
    def fault(*args, **kwargs):
        raise ArithmeticError("of queryscope")

    monkeypatch.setattr(panels, part, fault)
    monkeypatch.setattr(recording, "_reported", set())
    for _ in range(2):
        response = client.get("/loop/")
        assert (response.status_code, b"Author 0" in response.content) == (200, True)
    faults = [r for r in caplog.records if r.exc_info and "of queryscope" in str(r.exc_info[1])]
    assert len(faults) == 1
    if part != "Recording":
        assert stored() == {"fault": "ArithmeticError"}
        assert "queryscope failed to look at this request (ArithmeticError)" in shown(
            client, last_request()
        )


def test_wrong_settings_harm_nothing(client, settings, monkeypatch):
    monkeypatch.setattr(recording, "_reported", set())
    settings.QUERYSCOPE = {"SLOW": 1}
    assert client.get("/loop/").status_code == 200
    assert stored() == {"fault": "ImproperlyConfigured"}


def test_urls_are_kept_as_routes(visit):
    assert visit("/book/7/a-token/")["endpoint"] == "GET /book/{pk}/{token}/"


def test_what_a_project_allows_is_counted_only(client, settings):
    settings.QUERYSCOPE = {
        "ALLOW": [{"detector": "n-plus-one", "endpoint": "GET /loop/", "reason": "a test"}]
    }
    client.get("/loop/")
    assert (stored()["subtitle"], stored()["allowed"]) == ("6 queries", 1)
    assert "1 allowed, by comments" in shown(client, last_request())


def test_the_toolbar_checks_that_the_app_is_there(monkeypatch):
    assert panels.QueryScopePanel.run_checks() == []
    monkeypatch.setattr(panels, "apps", Apps(["django.contrib.contenttypes"]))
    assert [check.id for check in panels.QueryScopePanel.run_checks()] == ["queryscope.E003"]
