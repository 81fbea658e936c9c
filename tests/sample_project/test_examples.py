from __future__ import annotations

import io
from collections import Counter

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from queryscope import inspect, record
from sample_project.accounts.models import Profile, Settings
from sample_project.examples.urls import EXAMPLES
from sample_project.projects.management.commands.seed import MODELS
from sample_project.projects.models import Activity, Task
from sample_project.projects.seeding.loading import empty

pytestmark = pytest.mark.django_db

NAMES = [name for name, _ in EXAMPLES]
#: What shows in plans is tried on as many rows as it takes.
PLANNED = {"slow-query", "non-sargable", "deep-offset", "disk-sort"}
PLANNED |= {"row-misestimate", "stale-statistics"}
COUNTED = [name for name in NAMES if name not in PLANNED]


@pytest.fixture(scope="module", autouse=True)
def tracker(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("seed", scale="0.3", stdout=io.StringIO())
        yield
        transaction.set_rollback(True)


def queries(client, url: str) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return [query["sql"] for query in captured]


def test_the_index_names_every_example(client):
    page = client.get("/examples/").content.decode()
    assert [name for name in NAMES if f'href="/{name}/"' in page] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_both_pages_show_the_same(client, name):
    page, fixed = client.get(f"/{name}/"), client.get(f"/{name}/fixed/")
    assert page.status_code == 200
    assert page.content == fixed.content


@pytest.mark.parametrize("name", [n for n in COUNTED if n not in ("unbounded-query", "over-fetch")])
def test_the_fixed_page_asks_less(client, name):
    assert len(queries(client, f"/{name}/fixed/")) < len(queries(client, f"/{name}/"))


@pytest.mark.parametrize("name", NAMES)
def test_both_pages_survive_an_empty_database(client, name):
    empty(MODELS, "default")
    assert client.get(f"/{name}/").status_code == 200
    assert client.get(f"/{name}/fixed/").status_code == 200


GROWING = [("n-plus-one", Profile), ("query-in-loop", Activity), ("write-in-loop", Settings)]


@pytest.mark.parametrize(("name", "model"), GROWING)
def test_rows_add_queries_until_fixed(client, name, model):
    many, many_fixed = len(queries(client, f"/{name}/")), len(queries(client, f"/{name}/fixed/"))
    model.objects.filter(pk__gt=5).delete()
    assert len(queries(client, f"/{name}/")) < many
    assert len(queries(client, f"/{name}/fixed/")) == many_fixed


def test_the_duplicate_query_is_the_same_text_each_time(client):
    assert Counter(Counter(queries(client, "/duplicate-query/")).values()) == {1: 1, 3: 1}
    assert Counter(Counter(queries(client, "/duplicate-query/fixed/")).values()) == {1: 2}


def test_the_query_over_budget_repeats_nothing(client):
    asked = queries(client, "/query-budget/")
    assert len(asked) == len(set(asked)) == 12
    assert len(queries(client, "/query-budget/fixed/")) == 1


def test_the_unbounded_query_brings_all_rows_and_its_fix_a_page(client):
    most = {}
    for url in ("/unbounded-query/", "/unbounded-query/fixed/"):
        with record() as trace:
            client.get(url)
        most[url] = trace.most_rows
    assert most == {"/unbounded-query/": Task.objects.count(), "/unbounded-query/fixed/": 20}


def test_the_fix_of_the_wide_column_leaves_it_out(client):
    assert "description" in queries(client, "/over-fetch/")[0]
    assert "description" not in queries(client, "/over-fetch/fixed/")[0]


def test_reading_the_page_that_writes_changes_nothing(client):
    before = list(Settings.objects.values())
    client.get("/write-in-loop/")
    client.get("/write-in-loop/fixed/")
    assert list(Settings.objects.values()) == before


@pytest.mark.parametrize("name", COUNTED)
def test_the_page_triggers_its_detector_only(client, name):
    assert detectors(client, f"/{name}/") == {name}


@pytest.mark.parametrize("name", NAMES)
def test_the_fixed_page_triggers_nothing(client, name):
    assert detectors(client, f"/{name}/fixed/") == set()


def detectors(client, url: str) -> set[str]:
    with record(f"GET {url}", reads=True) as trace:
        assert client.get(url).status_code == 200
    return {finding.detector for finding in inspect(trace).findings}
