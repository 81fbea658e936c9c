"""A view that never answers costs the audit its time limit, and nothing else."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import signal
import threading
import time
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

from queryscope.audit.deadline import Deadline
from queryscope.audit.requests import Requester
from queryscope.audit.sandbox import quiet_surroundings
from tests.testapp.models import Country
from tests.waiting import wait_until

ALIASES = ("default", "other")
pytestmark = pytest.mark.django_db(databases=ALIASES, transaction=True)

FOREVER_S = 600
SHORT_S = 0.3
stopped: list[str] = []


@pytest.fixture(autouse=True)
def urlconf(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    stopped.clear()


def sleeps(request):
    Country.objects.create(name="Asleep")
    time.sleep(FOREVER_S)


def spins(request):
    while True:
        pass


def waits_for_a_lock(request):
    with threading.Lock() as held, threading.Lock() as lock:
        assert held
        assert lock
        own = threading.Lock()
        own.acquire()
        own.acquire()


def swallows(request):
    while True:
        try:
            time.sleep(FOREVER_S)
        except BaseException:
            stopped.append("once")
            time.sleep(FOREVER_S)


def answers_late(request):
    try:
        time.sleep(FOREVER_S)
    except BaseException:
        return HttpResponse("late")


def in_a_block(request):
    with transaction.atomic():
        Country.objects.create(name="In a block")
        time.sleep(FOREVER_S)


async def sleeps_async(request):
    try:
        await asyncio.sleep(FOREVER_S)
    finally:
        stopped.append("async")


def streams(request):
    def body():
        yield b"begun"
        time.sleep(FOREVER_S)

    return StreamingHttpResponse(body())


async def streams_async(request):
    async def body():
        yield b"begun"
        await asyncio.sleep(FOREVER_S)

    return StreamingHttpResponse(body())


def asks_the_server_to_sleep(request):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_sleep({FOREVER_S})")


def waits_for_a_row(request):
    Country.objects.select_for_update().get()


def naps(request):
    time.sleep(2 * SHORT_S)
    return HttpResponse(str(Country.objects.count()))


def counts(request):
    return HttpResponse(str(Country.objects.count()))


VIEWS = [sleeps, spins, waits_for_a_lock, swallows, answers_late, in_a_block, sleeps_async]
VIEWS += [streams, streams_async]
SERVER = [asks_the_server_to_sleep, waits_for_a_row]
urlpatterns = [path(f"{view.__name__}/", view) for view in [*VIEWS, *SERVER, naps, counts]]


def send(*views: Any, timeout_s: float = SHORT_S) -> list[Any]:
    with quiet_surroundings("localhost"):
        requester = Requester(None, ALIASES, timeout_s)
        return [requester.send("GET", f"/{view.__name__}/", view.__name__) for view in views]


def check(view: Any) -> str:
    """The problem of a view that never answers; that all is as it was for the next request."""
    handler, threads = signal.getsignal(signal.SIGALRM), set(threading.enumerate())
    answer, following = send(view, counts)
    gc.collect()  # an idle worker ends with its executor
    for thread in set(threading.enumerate()) - threads:
        thread.join(30)
        assert not thread.is_alive()
    assert answer.status is answer.trace.status is None
    assert (following.status, following.problem, following.trace.queries) == (200, None, 1)
    assert signal.getsignal(signal.SIGALRM) == handler
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert not connection.in_atomic_block
    assert answer.problem.startswith("no answer within 0.3 s")
    return answer.problem


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_a_view_that_never_answers(view: Any) -> None:
    check(view)
    assert not Country.objects.exists()


def test_the_place_where_it_was_is_named() -> None:
    line = sleeps.__code__.co_firstlineno + 2
    assert check(sleeps) == f"no answer within 0.3 s (tests/audit/test_deadline.py:{line})"


def test_an_async_view_is_cancelled() -> None:
    check(sleeps_async)
    assert stopped == ["async"]


@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_a_statement_that_the_server_never_answers() -> None:
    check(asks_the_server_to_sleep)
    # The server ends it in its own time.
    wait_until(lambda: not sleeping())


def sleeping() -> list[Any]:
    with connection.cursor() as cursor:
        # Of this database: another one's tests sleep beside these.
        cursor.execute(
            "SELECT query FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep(%'"
        )
        return cursor.fetchall()


@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_a_row_that_somebody_else_holds() -> None:
    Country.objects.create(name="Held")
    holder = connection.copy()
    try:
        with holder.cursor() as cursor:
            holder.set_autocommit(False)
            cursor.execute("SELECT 1 FROM testapp_country FOR UPDATE")
            check(waits_for_a_row)
    finally:
        holder.close()


def test_the_audit_goes_on_with_the_next_one() -> None:
    stdout = io.StringIO()
    urls = ("/sleeps/", "/counts/")
    call_command("queryscope", "audit", *urls, "--timeout=0.3", "--format=json", stdout=stdout)
    endpoints = {e["name"]: e for e in json.loads(stdout.getvalue())["endpoints"]}
    assert endpoints["GET /sleeps/"]["status"] is None
    assert endpoints["GET /sleeps/"]["problem"].startswith("no answer within 0.3 s (")
    assert endpoints["GET /counts/"]["problem"] is None


@pytest.mark.parametrize("timeout_s", [0, 60])
def test_a_view_that_answers_in_time(timeout_s: float) -> None:
    (answer,) = send(naps, timeout_s=timeout_s)
    assert (answer.status, answer.problem, answer.trace.queries) == (200, None, 1)


def test_there_is_no_limit_in_a_thread() -> None:
    answers: list[int] = []

    def work() -> None:
        with Deadline(0.01) as deadline:
            time.sleep(0.1)
        answers.append(deadline.expired)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert answers == [False]


def test_another_timer_goes_on_where_it_was() -> None:
    rung: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, FOREVER_S, 7)
        with Deadline(60):
            pass
        left, interval = signal.getitimer(signal.ITIMER_REAL)
        assert (FOREVER_S - 60 < left <= FOREVER_S, round(interval)) == (True, 7)
        signal.raise_signal(signal.SIGALRM)
        assert rung == [1]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_an_alarm_that_was_not_handled_in_time_harms_nothing() -> None:
    with Deadline(60) as deadline:
        pass
    deadline._ring(signal.SIGALRM, None)
    assert not deadline.expired
