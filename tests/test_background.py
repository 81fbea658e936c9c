"""The thread that works for requests: in order, bounded, with connections of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
from django.db import connection, connections

from queryscope import background, recording
from queryscope.background import Budget, Plans, Worker
from queryscope.core.explained import Explained, key
from queryscope.core.workload import Sample, WorkloadQuery

from .serving import connections_of_threads  # noqa: F401  (a fixture)

QUERY = WorkloadQuery("d", "SELECT 1", "select", (Sample("SELECT 1", None, 1.0),))


@pytest.fixture
def worker():
    return Worker(2)


class Gate:
    """A job that waits until it may go on."""

    def __init__(self):
        self.entered = threading.Event()
        self.open = threading.Event()

    def __call__(self):
        self.entered.set()
        assert self.open.wait(30)


def test_jobs_run_one_after_the_other_on_another_thread(worker):
    ran = []
    for number in range(2):
        assert worker.submit(lambda n=number: ran.append((n, threading.current_thread())))
    worker.join()
    [thread] = {thread for _, thread in ran}
    assert [number for number, _ in ran] == [0, 1]
    assert (thread.name, thread.daemon) == ("queryscope", True)
    assert thread is not threading.current_thread()


def test_no_thread_runs_before_there_is_a_job(worker):
    assert worker._thread is None


def test_what_does_not_fit_is_refused_and_room_comes_back(worker):
    gate, ran = Gate(), []
    worker.submit(gate)
    assert gate.entered.wait(30)
    jobs = [worker.submit(lambda n=number: ran.append(n)) for number in range(4)]
    gate.open.set()
    worker.join()
    assert (jobs, ran) == ([True, True, False, False], [0, 1])
    assert worker.submit(lambda: ran.append(4))
    worker.join()
    assert ran == [0, 1, 4]


def fail():
    raise ValueError("of a job")


def test_an_error_is_logged_once_and_the_next_job_runs(worker, caplog, monkeypatch):
    monkeypatch.setattr(recording, "_reported", set())
    ran = []
    for _ in range(3):
        worker.submit(fail)
        worker.join()
    worker.submit(lambda: ran.append(1))
    worker.join()
    assert ran == [1]
    assert [str(r.exc_info[1]) for r in caplog.records if r.exc_info] == ["of a job"]


@pytest.mark.django_db(transaction=True)
def test_a_job_has_a_connection_of_its_own_which_is_closed(worker):
    seen = []

    def job():
        mine = connections["default"]
        mine.ensure_connection()
        seen.append((mine, mine.connection))

    worker.submit(job)
    worker.join()
    [(theirs, raw)] = seen
    assert theirs is not connection
    assert raw is not connection.connection
    if connection.vendor == "postgresql":  # Django keeps SQLite's in memory
        assert (theirs.connection, raw.closed) == (None, True)


FORK = """
import os, sys, threading, time
import django
django.setup()
from queryscope.background import plans, worker
held = threading.Event()
def hold():
    with worker._lock, plans._lock:
        held.set()
        time.sleep(60)
worker.submit(lambda: None)
worker.join()
threading.Thread(target=hold, daemon=True).start()
held.wait()
child = os.fork()
if not child:
    ran = []
    worker.submit(lambda: ran.append(os.getpid()))
    worker.join()
    plans.known([], 1.0)
    os._exit(0 if ran == [os.getpid()] else 3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_process_that_forks_has_a_thread_of_its_own():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


STUCK = """
import django
django.setup()
from queryscope.background import worker
import threading
begun = threading.Event()
worker.submit(lambda: (begun.set(), threading.Event().wait()))
begun.wait()
"""


def test_a_job_does_not_keep_the_process_alive():
    done = subprocess.run(
        [sys.executable, "-c", STUCK],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1_000.0

        def monotonic(self):
            return self.now

    made = Clock()
    monkeypatch.setattr(background, "time", made)
    return made


def test_a_budget_is_of_any_minute(clock):
    budget = Budget()
    for seconds in (2.0, 1.5):
        with budget.spending():
            clock.now += seconds
    assert budget.left_s(5.0) == 1.5
    clock.now += 59.0
    assert budget.left_s(5.0) == 3.5
    clock.now += 60.0
    assert budget.left_s(5.0) == 5.0


def test_what_fails_is_spent_as_well(clock):
    budget = Budget()

    def failing():
        clock.now += 2.0
        raise ValueError

    with pytest.raises(ValueError), budget.spending():  # noqa: PT011
        failing()
    assert budget.left_s(5.0) == 3.0


@pytest.fixture
def asked(monkeypatch, clock):
    """What the database is asked for; each question takes four seconds."""
    found = []

    def explained(queries, allowance):
        made = {}
        for query in queries:
            if allowance() > 0:
                found.append((query.digest, allowance()))
                made[key(query)] = Explained(query)
                clock.now += 4.0
        return made

    monkeypatch.setattr("queryscope.explaining.explained", explained)
    return found


def several(*digests: str) -> list[WorkloadQuery]:
    return [replace(QUERY, digest=digest) for digest in digests]


def test_plans_are_asked_for_within_the_budget(asked):
    plans = Plans()
    assert plans.may_ask(5.0)
    plans.ask(several("a", "b", "c"), 5.0)
    assert asked == [("a", 5_000), ("b", 1_000)]
    assert not plans.may_ask(5.0)
    assert set(plans.known(several("a", "b", "c"), 3_600)) == {("default", "a"), ("default", "b")}


def test_no_budget_is_no_question(asked):
    assert not Plans().may_ask(0.0)


def test_plans_are_known_for_an_interval_and_without_values(asked, clock):
    plans = Plans()
    plans.ask([QUERY], 5.0)
    [one] = plans.known([QUERY], 10.0).values()
    assert one.query.samples == ()
    clock.now += 10.0
    assert plans.known([QUERY], 10.0) == {}


def test_the_oldest_plans_are_forgotten(asked, clock):
    plans = Plans(2)
    for name in "abac":
        clock.now += 60
        plans.ask(several(name), 60.0)
    assert {digest for _, digest in plans.known(several(*"abc"), 9e9)} == {"a", "c"}
