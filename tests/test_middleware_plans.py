"""Slow queries behind the middleware: their plans are asked for elsewhere, later, and seldom."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext

from queryscope import background, explaining, middleware, recording

from .serving import (  # noqa: F401  (fixtures)
    closed,
    connections_of_threads,
    fresh,
    records,
    reports,
)

SLOW = {"SLOW_QUERY_MS": 0}


@pytest.fixture(autouse=True)
def everything_is_slow(fresh, settings):  # noqa: F811
    settings.QUERYSCOPE = SLOW


@pytest.fixture
def asked(monkeypatch):
    """The threads that asked for plans, each with the digests."""
    found = []
    ask = explaining.explained

    def explained(queries, allowance):
        queries = list(queries)
        found.append((threading.current_thread().name, len(queries)))
        return ask(queries, allowance)

    monkeypatch.setattr(explaining, "explained", explained)
    return found


def slow(report):
    return [f for f in report["findings"] if f["detector"] == "slow-query"]


def wait():
    background.worker.join()


def test_the_plan_is_asked_for_by_another_thread_and_is_in_the_report(asked, caplog):
    with CaptureQueriesContext(connection) as captured:
        Client().get("/count/1/")
    [report] = reports()
    [finding] = slow(report)
    assert len(captured) == 1
    assert asked == [("queryscope", 1)]
    assert finding["endpoint"] == "GET /count/{times}/"
    assert finding["hint"].startswith("Its plan shows no step to spare")
    [logged] = [r for r in records(caplog) if "slow-query: " in r.message]
    assert logged.queryscope["key"] == finding["key"]


def test_asked_once_in_an_interval_it_is_known_to_further_requests(asked, caplog):
    for _ in range(3):
        Client().get("/count/1/")
        wait()
        middleware.analysed.clear()
    assert asked == [("queryscope", 1)]
    assert [slow(report)[0]["hint"] for report in reports()] == [slow(reports()[0])[0]["hint"]] * 3
    assert len([r for r in records(caplog) if "slow-query: " in r.message]) == 1


def test_after_the_interval_it_is_asked_for_again(asked, settings):
    settings.QUERYSCOPE = SLOW | {"LOG_INTERVAL_S": 0}
    for _ in range(2):
        Client().get("/count/1/")
        wait()
    assert len(asked) == 2


@pytest.mark.parametrize(
    "options", [{"EXPLAIN": False}, {"EXPLAIN_SECONDS_PER_MINUTE": 0}, {"SLOW_QUERY_MS": 3_600_000}]
)
def test_where_it_is_not_wanted_the_report_comes_without(options, asked, settings, monkeypatch):
    settings.QUERYSCOPE = SLOW | options
    monkeypatch.setattr(background.worker, "submit", None)
    Client().get("/count/1/")
    [report] = reports()
    hints = [finding["hint"] for finding in slow(report)]
    assert all(hint.startswith("Look at its plan: ") for hint in hints)
    assert (len(hints), asked) == ("SLOW_QUERY_MS" not in options, [])


def test_where_too_much_waits_the_report_comes_without(asked, monkeypatch):
    monkeypatch.setattr(background.worker, "submit", lambda job: False)
    Client().get("/count/1/")
    assert slow(reports()[0])[0]["hint"].startswith("Look at its plan: ")
    assert asked == []


def test_a_fault_while_asking_costs_the_plan_only(monkeypatch, caplog):
    monkeypatch.setattr(recording, "_reported", set())

    def fault(*args):
        raise AssertionError("of queryscope")

    monkeypatch.setattr(explaining, "explained", fault)
    for _ in range(2):
        assert Client().get("/count/1/").status_code == 200
        wait()
        middleware.analysed.clear()
    assert len(reports()) == 2
    assert slow(reports()[0])[0]["message"].startswith("A query is slow")
    assert [str(r.exc_info[1]) for r in records(caplog) if r.exc_info] == ["of queryscope"]


async def test_behind_asgi_it_is_the_same(asked):
    await AsyncClient().get("/acount/2/")
    assert len(slow(reports()[0])) == 1
    assert asked == [("queryscope", 1)]


def test_a_slow_request_is_analysed_though_a_fast_one_just_was(asked, settings):
    settings.QUERYSCOPE = {"SLOW_QUERY_MS": 3_600_000}
    Client().get("/count/1/")
    settings.QUERYSCOPE = SLOW
    Client().get("/count/1/")
    assert sorted(len(slow(report)) for report in reports()) == [0, 1]
