"""Plans in an audit: of which queries, when, and that asking for them costs no endpoint."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.urls import path

from queryscope import explaining, record, recording
from queryscope.audit.plans import TOP, Plans
from queryscope.audit.progress import Progress
from queryscope.audit.run import Options, audit
from queryscope.conf import get_settings
from queryscope.core.explained import Explained, key
from queryscope.core.findings import Finding
from tests.testapp.models import Author, Country, Genre

ALIASES = ("default", "other")
pytestmark = pytest.mark.django_db(databases=ALIASES)
POSTGRESQL = connection.vendor == "postgresql"

#: No query takes as long, whatever the machine does.
NEVER_MS = 3_600_000.0


def writes(request: Any) -> HttpResponse:
    Country.objects.bulk_create(Country(name="new") for _ in range(30))
    return HttpResponse(str(len(Country.objects.filter(name="new"))))


def reads(request: Any) -> HttpResponse:
    return HttpResponse(str(len(Author.objects.filter(name="x"))))


def breaks(request: Any) -> HttpResponse:
    list(Author.objects.all())
    raise ValueError


def elsewhere(request: Any) -> HttpResponse:
    list(Genre.objects.all())
    return HttpResponse(str(len(Genre.objects.using("other").all())))


urlpatterns = [
    path("writes/", writes),
    path("reads/", reads),
    path("breaks/", breaks),
    path("elsewhere/", elsewhere),
]


@pytest.fixture(autouse=True)
def ours(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__


@pytest.fixture
def asked(monkeypatch: Any) -> list[Explained]:
    found: list[Explained] = []
    ask = explaining.explained

    def explained(queries: Any) -> Any:
        made = ask(queries)
        found.extend(made.values())
        return made

    monkeypatch.setattr(explaining, "explained", explained)
    return found


def slow(*urls: str, slow_ms: float = 0.0, **options: Any) -> list[Finding]:
    settings = replace(get_settings(), slow_query_ms=slow_ms)
    chosen = Options(settings=settings, urls=urls, anonymous=True, **options)
    report = audit(chosen, Progress(io.StringIO())).report
    return [finding for finding in report.findings if finding.detector == "slow-query"]


def test_a_slow_query_is_reported_with_what_its_plan_says(asked: list[Explained]) -> None:
    [finding] = slow("/reads/")
    assert [one.problem for one in asked] == [""]
    assert finding.confidence == ("certain" if POSTGRESQL else "likely")
    assert (finding.endpoint, finding.request) == ("GET /reads/", "/reads/")


def test_the_plan_sees_what_the_request_wrote(asked: list[Explained]) -> None:
    assert len(slow("/writes/")) == 2
    rows = {one.plan.root.rows for one in asked if one.plan and one.query.kind == "select"}
    assert rows == {30.0 if POSTGRESQL else None}
    assert not any(one.plan.analyzed for one in asked if one.plan and one.query.kind == "insert")
    assert Country.objects.count() == 0


def test_what_takes_the_most_time_is_looked_at_though_it_is_fast(asked: list[Explained]) -> None:
    assert slow("/reads/", slow_ms=NEVER_MS) == []
    assert [one.query.calls for one in asked] == [1]


@pytest.mark.parametrize("way", ["--no-explain", "EXPLAIN"])
def test_plans_are_asked_for_unless_told_otherwise(way: str, asked: list[Explained]) -> None:
    settings = replace(get_settings(), slow_query_ms=0.0, explain=way != "EXPLAIN")
    chosen = Options(
        settings=settings, urls=("/reads/",), anonymous=True, explain=way != "--no-explain"
    )
    [finding] = audit(chosen, Progress(io.StringIO())).report.findings
    assert (finding.message, asked) == ("A query is slow", [])


def test_only_the_audited_database_is_asked(asked: list[Explained]) -> None:
    slow("/elsewhere/", database="other")
    assert [one.query.database for one in asked] == ["other"]


def test_a_request_that_failed_is_not_explained(asked: list[Explained]) -> None:
    slow("/breaks/", "/reads/")
    assert ["name" in one.query.samples[0].sql for one in asked] == [True]


def test_a_fault_while_asking_costs_the_plan_only(monkeypatch: Any, caplog: Any) -> None:
    monkeypatch.setattr(recording, "_reported", set())

    def fault(*args: Any) -> None:
        raise AssertionError("of queryscope")

    monkeypatch.setattr(explaining, "explained", fault)
    findings = slow("/reads/", "/writes/")
    assert {finding.message for finding in findings} == {"A query is slow"}
    assert [str(r.exc_info[1]) for r in caplog.records if r.exc_info] == ["of queryscope"]


# Of which queries, request by request


def asks(number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {number} AS column_{number}")


def recorded(*numbers: int) -> Any:
    with record() as seen:
        for number in numbers:
            asks(number)
    return seen


def timed(seen: Any, duration_ms: float) -> Any:
    """The recording as if each of its queries had taken as long."""
    for group in seen.ledger.groups.values():
        group.duration_ns = group.slowest_ns = int(duration_ms * 1e6)
        for name in ("first", "slowest", "typical"):
            if sample := getattr(group.samples, name):
                setattr(group.samples, name, replace(sample, duration_ms=duration_ms))
    return seen


def found(plans: Plans) -> set[str]:
    return {one.query.samples[0].sql.rpartition("_")[2] for one in plans.found.values()}


def test_queries_among_the_dearest_of_all_requests_so_far_are_looked_at() -> None:
    plans = Plans("default", NEVER_MS, top=2)
    for number, duration_ms in ((1, 5.0), (2, 9.0), (3, 1.0), (4, 6.0)):
        plans.look(timed(recorded(number), duration_ms))
    assert found(plans) == {"1", "2", "4"}


def test_many_short_runs_add_up() -> None:
    plans = Plans("default", NEVER_MS, top=1)
    plans.look(timed(recorded(1), 5.0))
    for _ in range(6):
        plans.look(timed(recorded(2), 1.0))
    assert found(plans) == {"1", "2"}


def test_slow_queries_are_looked_at_however_many() -> None:
    plans = Plans("default", 10.0, top=0)
    plans.look(timed(recorded(*range(TOP + 5)), 10.0))
    assert len(plans.found) == TOP + 5


def test_a_query_is_looked_at_again_when_a_run_is_much_slower(asked: list[Explained]) -> None:
    plans = Plans("default", 10.0)
    for duration_ms in (10.0, 14.0, 30.0, 20.0):
        plans.look(timed(recorded(1), duration_ms))
    assert [one.query.samples[0].duration_ms for one in asked] == [10.0, 30.0]
    assert {key(one.query) for one in asked} == set(plans.found)
