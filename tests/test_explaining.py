"""Plans of what was recorded, asked for on the connection that asked: what comes, what is left."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from django.db import DatabaseError, connection, transaction

from queryscope import inspect, record
from queryscope.conf import get_settings
from queryscope.core.explained import key
from queryscope.core.workload import Sample, WorkloadQuery
from queryscope.explaining import explained

from .testapp.models import Author, Book, Country

pytestmark = pytest.mark.django_db
POSTGRESQL = connection.vendor == "postgresql"


@pytest.fixture
def everything_is_slow(settings):
    settings.QUERYSCOPE = {"SLOW_QUERY_MS": 0}


def recorded(*, times: int = 1):
    with record("GET /") as seen:
        for number in range(times):
            list(Author.objects.filter(name=f"a{number}"))
    return seen


def query(sql: str, *params: object, **values: object) -> WorkloadQuery:
    made = WorkloadQuery("d", sql, "select", (Sample(sql, params or None, 1.0),))
    return replace(made, **values)


def test_a_query_is_explained_with_the_values_it_ran_with():
    [one] = explained(recorded().workload.queries).values()
    [relation] = {node.relation for node in one.plan.root.walk() if node.relation}
    assert (relation, one.problem, one.plan.vendor) == ("testapp_author", "", connection.vendor)
    assert one.plan.analyzed is POSTGRESQL
    assert list(one.schema.tables) == ["testapp_author"]


def test_rows_that_are_not_committed_are_seen():
    Author.objects.bulk_create(Author(name="a0", email=f"{n}") for n in range(7))
    [one] = explained(recorded().workload.queries).values()
    if POSTGRESQL:
        assert one.plan.root.rows == 7.0


def test_of_several_runs_the_lightest_tells_whether_the_plan_is_the_same():
    [one] = explained(recorded(times=4).workload.queries).values()
    assert one.typical is not None
    assert (one.typical.analyzed, one.unstable) == (False, False)
    [alone] = explained(recorded().workload.queries).values()
    assert alone.typical is None


PROBLEMS = {
    "no such table": query("SELECT * FROM nowhere"),
    "no SQL": query("SELECT FROM WHERE"),
    "values that do not fit": query("SELECT %s, %s", 1),
}


@pytest.mark.parametrize("asked", PROBLEMS.values(), ids=PROBLEMS)
def test_what_cannot_be_explained_says_why_in_one_line(asked):
    fine = query("SELECT * FROM testapp_author", digest="fine")
    found = explained([asked, fine])
    assert found[key(asked)].plan is None
    assert len(found[key(asked)].problem.splitlines()) == 1
    assert found[key(fine)].plan is not None
    assert Author.objects.count() == 0  # the transaction goes on


def test_a_transaction_that_has_failed_has_no_plans():
    seen = recorded()
    with transaction.atomic():
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM nowhere")
        [one] = explained(seen.workload.queries).values()
        transaction.set_rollback(True)
    assert bool(one.problem) is POSTGRESQL  # SQLite's go on


def test_without_time_nothing_is_asked():
    assert explained(recorded().workload.queries, lambda: 0) == {}


@pytest.mark.skipif(not POSTGRESQL, reason="SQLite's plans are not run")
def test_what_took_longer_than_there_is_time_is_not_run():
    slow = query("SELECT * FROM testapp_author", samples=(Sample("SELECT 1", None, 60_000.0),))
    [one] = explained([slow]).values()
    assert (one.plan is not None, one.plan.analyzed) == (True, False)


@pytest.mark.django_db(databases=["default", "other"])
def test_each_query_is_asked_of_its_own_database():
    Country.objects.using("other").bulk_create(Country(name="x") for _ in range(3))
    with record() as seen:
        list(Country.objects.using("other").all())
    [one] = explained(seen.workload.queries).values()
    assert one.query.database == "other"
    if POSTGRESQL:
        assert one.plan.root.rows == 3.0


def test_a_database_whose_plans_are_not_read_says_so(monkeypatch):
    monkeypatch.setattr(connection, "vendor", "oracle")
    [one] = explained([query("SELECT 1")]).values()
    assert one.problem.startswith("plans of ")


def test_asking_changes_and_records_nothing():
    with record() as before:
        Country.objects.create(name="x")
        Country.objects.update(name="y")
        Author.objects.all().delete()
    with record() as seen:
        found = explained(before.workload.queries)
    assert {one.problem for one in found.values()} == {""}
    assert not any(one.plan.analyzed for one in found.values() if one.query.kind != "select")
    assert seen.queries == 0
    assert list(Country.objects.values_list("name")) == [("y",)]


# By way of inspect()


def told(*traces, **options):
    report = inspect(*traces, **options)
    return [finding for finding in report.findings if finding.detector == "slow-query"]


@pytest.mark.usefixtures("everything_is_slow")
def test_inspect_asks_for_the_plans_of_recordings():
    [finding] = told(recorded())
    assert finding.confidence == ("certain" if POSTGRESQL else "likely")
    assert (finding.message == "A query is slow") is not POSTGRESQL
    assert finding.location.function == finding.origin.function == "recorded"


@pytest.mark.usefixtures("everything_is_slow")
@pytest.mark.parametrize("way", ["a trace", "plans given", "EXPLAIN off"])
def test_sometimes_it_cannot_or_shall_not(way, settings):
    seen = recorded()
    if way == "EXPLAIN off":
        settings.QUERYSCOPE = {**settings.QUERYSCOPE, "EXPLAIN": False}
    [finding] = told(
        seen.trace if way == "a trace" else seen, plans={} if way == "plans given" else None
    )
    assert (finding.message, finding.confidence) == ("A query is slow", "likely")


def test_fast_queries_are_not_looked_at():
    settings = replace(get_settings(), slow_query_ms=3_600_000.0)
    with record() as watched:
        seen = recorded()
        assert told(seen, settings=settings) == []
    assert watched.queries == seen.queries


@pytest.mark.usefixtures("everything_is_slow")
def test_the_same_query_of_two_recordings_is_asked_for_once(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "queryscope.explaining.explained", lambda queries: asked.extend(queries) or {}
    )
    inspect(recorded(), recorded())
    assert [query.calls for query in asked] == [2]


@pytest.mark.usefixtures("everything_is_slow")
def test_a_comment_allows_a_slow_query():
    with record() as seen:
        list(Book.objects.filter(pages=1))  # queryscope: ignore[slow-query] once a year
    report = inspect(seen)
    assert not report.findings
    assert [f.detector for f in report.suppressed] == ["slow-query"]


@pytest.mark.usefixtures("everything_is_slow")
def test_in_a_coroutine_there_is_a_finding_without_a_plan():
    seen = recorded()

    async def judge():
        return told(seen)

    [finding] = asyncio.run(judge())
    assert (finding.message, finding.confidence) == ("A query is slow", "likely")
    assert finding.hint.startswith("Its plan is not known: ")
