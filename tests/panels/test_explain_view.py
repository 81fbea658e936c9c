"""The Explain button: who may ask, for what; that nothing is written, and what is said instead."""

from __future__ import annotations

import re
from html import unescape

import pytest
from debug_toolbar.forms import SignedDataForm
from debug_toolbar.store import get_store
from django.db import connection
from django.test import Client

from queryscope import explain_view
from queryscope.explainable import Explainable, explainable
from tests.testapp.models import Author, Country

from .conftest import last_request, stored

pytestmark = pytest.mark.usefixtures("library", "toolbar")

URL = "/__debug__/queryscope/explain/"
POSTGRESQL = connection.vendor == "postgresql"


def signed(**data: str) -> str:
    return SignedDataForm.sign(data)


def of_last_request() -> str:
    """What the form of the slowest query of the last request sends."""
    return signed(request_id=last_request(), token=stored()["slow"][0]["token"])


def explained(client: Client, sql: str, **values: str) -> str:
    """What the window shows after a page asked this and somebody pressed the button."""
    client.get("/asking/", {"sql": sql, **values})
    response = client.post(URL, {"signed": of_last_request()})
    assert response.status_code == 200
    return response.json()["content"]


def test_the_button_sends_what_the_view_takes(client):
    client.get("/loop/")
    html = client.get(
        f"/__debug__/render_panel/?request_id={last_request()}&panel_id=QueryScopePanel"
    ).json()["content"]
    assert f'formaction="{URL}"' in html
    values = [unescape(value) for value in re.findall(r'name="signed" value="([^"]+)"', html)]
    plans = [client.post(URL, {"signed": value}).json()["content"] for value in values]
    assert len(plans) == 2  # books, and their authors
    assert all("Plan: " in plan and "qs-step" in plan for plan in plans)


def test_a_plan_is_of_the_values_that_ran_and_shows_none(client):
    html = explained(client, "SELECT * FROM testapp_author WHERE name = %s", value="geheim")
    assert "testapp_author" in html
    assert "geheim" not in html
    assert "tests/panels/urls.py:" in html
    if POSTGRESQL:
        assert "PostgreSQL, ran in" in html
        assert 'data-name="Rows">0<' in html.replace(" ", "").replace("data-name", " data-name")


WRITES = {
    "insert": "INSERT INTO testapp_country (name) VALUES ('new')",
    "update": "UPDATE testapp_author SET name = 'written'",
    "delete": "DELETE FROM testapp_note",
}


@pytest.mark.parametrize("sql", WRITES.values(), ids=WRITES)
def test_what_writes_is_planned_and_not_run(client, sql):
    client.get("/asking/", {"sql": sql})
    # What the page itself did.
    Country.objects.filter(name="new").delete()
    Author.objects.update(name="as it was")
    html = client.post(URL, {"signed": of_last_request()}).json()["content"]
    assert "qs-step" in html
    assert "ran in" not in html
    if POSTGRESQL:
        assert f"Not measured: {sql.split()[0]} is not a SELECT." in html
    assert not Country.objects.filter(name="new").exists()
    assert set(Author.objects.values_list("name", flat=True)) == {"as it was"}


@pytest.mark.skipif(not POSTGRESQL, reason="SQLite has neither such CTEs nor sequences")
@pytest.mark.parametrize(
    ("sql", "why"),
    [
        (
            "WITH changed AS (UPDATE testapp_author SET name = 'written' RETURNING 1)"
            " SELECT count(*) FROM changed",
            "it has UPDATE in it",
        ),
        ("SELECT nextval('testapp_country_id_seq')", "nextval"),
        ("SELECT pg_advisory_lock(4711)", "pg_advisory_lock"),
        ("SELECT * FROM testapp_country FOR UPDATE", "it locks rows"),
    ],
)
def test_what_only_looks_like_reading_is_not_run_either(client, sql, why):
    client.get("/asking/", {"sql": sql})
    Author.objects.update(name="as it was")
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM testapp_country_id_seq")
        before = cursor.fetchone()
        html = client.post(URL, {"signed": of_last_request()}).json()["content"]
        cursor.execute("SELECT last_value FROM testapp_country_id_seq")
        assert cursor.fetchone() == before
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = pg_locks.database"
            " WHERE locktype = 'advisory' AND datname = current_database()"
        )
        assert cursor.fetchone()[0] == ("advisory" in sql)  # the page's own
        cursor.execute("SELECT pg_advisory_unlock_all()")
    assert "Not measured: " in html
    assert why in html
    assert set(Author.objects.values_list("name", flat=True)) == {"as it was"}


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "no signature",
        '{"request_id": "x", "token": "y"}',
        '{"request_id": "x", "token": "y"}:bm90IGEgc2lnbmF0dXJl',
    ],
)
def test_what_was_not_signed_here_is_refused(client, forged, monkeypatch):
    monkeypatch.setattr(explain_view, "explained", None)
    assert client.post(URL, {"signed": forged}).status_code == 400


def test_what_was_altered_is_refused(client, monkeypatch):
    monkeypatch.setattr(explain_view, "explained", None)
    client.get("/loop/")
    whole = of_last_request()
    altered = whole.replace(last_request(), last_request()[::-1])
    assert altered != whole
    assert client.post(URL, {"signed": altered}).status_code == 400
    assert client.post(URL, {"signed": whole[:-1]}).status_code == 400
    assert client.post(URL, {}).status_code == 400


def test_what_another_panel_signed_is_refused(client):
    assert (
        client.post(URL, {"signed": signed(request_id="a", djdt_query_id="b")}).status_code == 400
    )


def test_it_takes_a_post(client):
    client.get("/loop/")
    assert client.get(URL, {"signed": of_last_request()}).status_code == 405


def test_it_is_for_those_who_are_shown_the_toolbar(client, settings):
    client.get("/loop/")
    form = {"signed": of_last_request()}
    settings.INTERNAL_IPS = []
    assert client.post(URL, form).status_code == 404


def test_the_signature_stands_for_a_csrf_token_as_in_the_toolbar(settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.csrf.CsrfViewMiddleware"]
    client = Client(enforce_csrf_checks=True)
    client.get("/loop/")
    assert client.post(URL, {"signed": of_last_request()}).status_code == 200
    assert client.post(URL, {"signed": "forged"}).status_code == 400


def test_a_site_that_demands_a_login_does_not_demand_it_here(client, settings):
    login = "django.contrib.auth.middleware.LoginRequiredMiddleware"
    client.get("/loop/")
    form = {"signed": of_last_request()}
    settings.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        login,
    ]
    assert client.post(URL, form).status_code == 200


def test_a_request_that_the_toolbar_forgot(client):
    client.get("/loop/")
    form = {"signed": of_last_request()}
    get_store().clear()
    content = client.post(URL, form).json()["content"]
    assert "The toolbar has forgotten this request" in content
    assert "Reload the page" in content


def test_values_that_another_process_has_or_nobody_any_more(client):
    client.get("/loop/")
    form = {"signed": of_last_request()}
    explainable.clear()
    content = client.post(URL, form).json()["content"]
    assert "The values of this query are gone." in content
    assert "SELECT" in content


def test_a_plan_that_the_database_refuses(client):
    client.get("/asking/", {"sql": "SELECT * FROM testapp_author"})
    row = stored()["slow"][0]
    query = explainable.get(row["token"])
    with connection.schema_editor(atomic=False) if POSTGRESQL else connection.cursor() as does:
        does.execute("ALTER TABLE testapp_author RENAME TO renamed")
    try:
        content = client.post(URL, {"signed": of_last_request()}).json()["content"]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE renamed RENAME TO testapp_author")
    assert query is not None
    assert "testapp_author" in content
    assert "qs-step" not in content


def test_transaction_control_and_schema_have_no_button(visit):
    assert visit("/asking/?sql=CREATE+TEMPORARY+TABLE+t+(a+int)")["slow"] == []


def test_no_buttons_where_plans_are_not_wanted(client, settings):
    settings.QUERYSCOPE = {**settings.QUERYSCOPE, "EXPLAIN": False}
    client.get("/loop/")
    assert {row["token"] for row in stored()["slow"]} == {""}
    assert len(explainable) == 0


def test_the_oldest_values_go():
    kept = Explainable(size=2)
    tokens = [kept.keep(object()) for _ in range(3)]
    assert [kept.get(token) is not None for token in tokens] == [False, True, True]
    assert (len(kept), len(set(tokens)), kept.get("")) == (2, 3, None)
