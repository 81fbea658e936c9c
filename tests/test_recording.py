"""What recording promises: every query is seen once, and the application notices nothing."""

from __future__ import annotations

import gc
import logging
import traceback
import weakref
from contextlib import suppress
from contextvars import copy_context

import pytest
from django.db import IntegrityError, OperationalError, ProgrammingError, connection, connections
from django.db.backends.signals import connection_created
from django.db.transaction import atomic
from django.test.utils import CaptureQueriesContext

from queryscope import inspect, ledger, record, recording
from queryscope.core.events import Trace

from .testapp import loops, models
from .testapp.models import Book, Novel

pytestmark = pytest.mark.django_db


def ask(times: int = 1, sql: str = "SELECT 1", params: list | None = None) -> None:
    with connection.cursor() as cursor:
        for _ in range(times):
            cursor.execute(sql, params)


# One hook on each connection.


def test_the_hook_is_put_once_however_often_it_is_installed():
    for _ in range(3):
        recording.install()
        connection_created.send(type(connection), connection=connection)
    assert connection.execute_wrappers.count(recording.hook) == 1
    with record() as seen:
        ask(2)
    assert seen.queries == 2


def test_a_connection_that_opens_inside_anothers_scope_keeps_both():
    calls = []

    def other(execute, *args):
        calls.append(args[0])
        return execute(*args)

    wrappers = connection.execute_wrappers
    wrappers.remove(recording.hook)
    with connection.execute_wrapper(other), record() as seen:
        connection_created.send(type(connection), connection=connection)
        ask(2)
    assert (len(calls), seen.queries) == (2, 2)
    assert other not in wrappers
    assert wrappers.count(recording.hook) == 1


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_reopens_is_recorded(settings):
    with record() as seen:
        ask()
        if connection.vendor != "sqlite":  # Closing an in-memory database deletes it.
            connection.close()
        ask()
    assert seen.queries == 2


@pytest.mark.django_db(databases=["default", "other"])
def test_every_alias_is_recorded_apart():
    with record() as seen:
        for alias, times in (("default", 2), ("other", 3)):
            with connections[alias].cursor() as cursor:
                for _ in range(times):
                    cursor.execute("SELECT 1")
    assert {group.database: group.count for group in seen.trace.groups} == {
        "default": 2,
        "other": 3,
    }


# Beside what else counts queries.


@pytest.mark.parametrize("recorded", [False, True], ids=["alone", "recorded"])
def test_others_count_the_same(library, recorded, django_assert_num_queries):
    context = record() if recorded else CaptureQueriesContext(connection)
    with context, CaptureQueriesContext(connection) as captured, django_assert_num_queries(6):
        list(loops.forward_fk(Book.objects.all()))
    assert len(captured) == 6
    assert all(query["sql"].startswith("SELECT") for query in captured)


def test_a_forced_debug_cursor_counts_the_same(library):
    logged = []
    for context in (CaptureQueriesContext(connection), record()):
        connection.force_debug_cursor = True
        connection.queries_log.clear()
        try:
            with context:
                connection.force_debug_cursor = True
                list(loops.forward_fk(Book.objects.all()))
                logged.append([query["sql"] for query in connection.queries])
        finally:
            connection.force_debug_cursor = False
    assert logged[0] == logged[1]
    assert len(logged[0]) == 6


def test_an_inner_wrapper_and_an_outer_one_both_see_each_query():
    seen_by = {"outer": 0, "inner": 0}

    def counting(name):
        def wrapper(execute, *args):
            seen_by[name] += 1
            return execute(*args)

        return wrapper

    with connection.execute_wrapper(counting("outer")):
        with record() as seen, connection.execute_wrapper(counting("inner")):
            ask(3)
        ask()
    assert seen_by == {"outer": 4, "inner": 3}
    assert seen.queries == 3


# Nothing changes for the application.

FAILING = [
    ("SELECT * FROM there_is_no_such_table", None, (OperationalError, ProgrammingError)),
    ("INSERT INTO testapp_author (id, name) VALUES (1, 'no email')", None, IntegrityError),
    ("SELECT %s, %s", ["one"], Exception),
]


def raised(sql, params, *, recorded):
    """The exception and the functions that its traceback names."""
    try:
        with atomic():
            if recorded:
                with record():
                    ask(sql=sql, params=params)
            else:
                ask(sql=sql, params=params)
    except Exception as error:
        return error, [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    raise AssertionError("the query did not fail")


@pytest.mark.parametrize(("sql", "params", "kind"), FAILING, ids=["table", "integrity", "params"])
def test_an_exception_of_the_query_passes_untouched(sql, params, kind):
    plain, plain_frames = raised(sql, params, recorded=False)
    error, frames = raised(sql, params, recorded=True)
    assert isinstance(error, kind)
    assert (type(error), str(error)) == (type(plain), str(plain))
    assert type(error.__cause__) is type(plain.__cause__)
    assert type(error.__context__) is type(plain.__context__)
    assert error.__suppress_context__ == plain.__suppress_context__
    # The hook stands in both: it is on the connection whether something records or not.
    assert [name for name in frames if name != "hook"] == [n for n in plain_frames if n != "hook"]


def test_a_failed_query_is_counted_as_failed():
    with record() as seen:
        with pytest.raises((OperationalError, ProgrammingError)), atomic():
            ask(sql="SELECT * FROM there_is_no_such_table")
        ask()
    assert [group.failures for group in seen.trace.groups] == [1, 0]


BROKEN = ["walk", "signature", "first_sight", "_new_statement", "Evaluation"]


@pytest.mark.parametrize("name", BROKEN)
def test_a_fault_of_queryscope_is_logged_once_and_harms_nobody(library, monkeypatch, caplog, name):
    def broken(*args, **kwargs):
        raise ZeroDivisionError("a fault of queryscope")

    monkeypatch.setattr(ledger, name, broken)
    monkeypatch.setattr(recording, "_reported", set())
    monkeypatch.setattr(ledger, "_statements", {})
    monkeypatch.setattr(ledger, "_shared", {})
    with caplog.at_level(logging.ERROR, "queryscope"), record() as seen:
        values = list(loops.forward_fk(Book.objects.all()))
    assert len(values) == 5
    errors = [entry for entry in caplog.records if entry.name == "queryscope"]
    assert 1 <= len(errors) <= 2  # One for each place that fails, not one for each query.
    assert "the application goes on" in errors[0].message
    monkeypatch.undo()
    assert isinstance(seen.trace, Trace)
    with record() as again:
        ask()
    assert again.queries == 1


def test_nothing_is_attached_to_rows_or_querysets(library):
    def keys(rows):
        names = [set(vars(row)) | set(vars(row._state)) for row in rows]
        return names, set(vars(rows)), rows._hints

    plain = Book.objects.all()
    list(loops.chain(plain))
    recorded = Book.objects.all()
    with record():
        list(loops.chain(recorded))
    assert keys(recorded) == keys(plain)


def test_rows_that_cannot_be_compared_hashed_or_counted_are_no_trouble(library, caplog):
    with record() as seen:
        rows = list(models.Prickly.objects.all())
        names = [row.author.name for row in rows]
    assert len(names) == 5
    assert not caplog.records
    assert [f.relation for f in inspect(seen).findings] == ["testapp.Prickly.author"]


def test_results_are_the_same_with_and_without(library):
    with record():
        recorded = [list(loops.chain(Book.objects.all())), list(Novel.objects.values())]
    assert recorded == [list(loops.chain(Book.objects.all())), list(Novel.objects.values())]


@pytest.mark.parametrize("keep_trace", [False, True], ids=["dropped", "kept"])
@pytest.mark.parametrize("loop", ["forward_fk", "chain", "reverse_fk", "fk_then_many"])
def test_no_row_is_kept_alive_after_the_end(library, loop, keep_trace):
    with record() as seen:
        rows = list(Book.objects.all())
        list(getattr(loops, loop)(rows))
    trace = seen.trace if keep_trace else None
    dying = [weakref.ref(row) for row in rows] + [weakref.ref(row.author) for row in rows]
    del rows
    gc.collect()
    assert [reference() for reference in dying] == [None] * 10
    assert trace is None or trace.queries == seen.queries


def test_no_queryset_is_kept_alive_after_the_end(library):
    with record() as seen:
        rows = Book.objects.all()
        list(loops.forward_fk(rows))
    dying = weakref.ref(rows)
    del rows
    gc.collect()
    assert isinstance(dying, weakref.ref)
    assert dying() is None
    assert seen.queries == 6


def test_an_iterator_ends_when_the_application_lets_go(library):
    with record():
        rows = Book.objects.iterator()
        dying = weakref.ref(next(rows))
        rows.close()
        gc.collect()
        assert dying() is None


# Scopes.


def test_a_record_inside_another_counts_in_both():
    with record() as outer:
        ask()
        with record() as inner:
            ask(2)
        ask()
    assert (outer.queries, inner.queries) == (4, 2)


def test_what_is_not_recorded_is_not_counted():
    with record() as seen:
        pass
    ask(3)
    assert seen.queries == 0
    assert seen.closed


def test_a_context_that_leaked_records_nothing_after_the_end():
    with record() as seen:
        leaked = copy_context()
        ask()
    leaked.run(ask, 5)
    assert seen.queries == seen.trace.queries == 1


def test_a_generator_that_outlives_its_recording_ends_quietly():
    def asking():
        with record() as seen:
            yield seen
            ask()
            yield seen

    generator = asking()
    seen = next(generator)
    copy_context().run(next, generator)
    generator.close()
    ask()
    assert seen.closed
    assert recording._active.get() == ()


def test_an_exception_ends_the_recording():
    with suppress(KeyError), record() as seen:
        ask()
        raise KeyError("of the application")
    assert (seen.closed, seen.queries) == (True, 1)
    assert recording._active.get() == ()


def test_an_open_recording_shows_what_there_is_so_far():
    with record() as seen:
        ask()
        assert (seen.queries, seen.trace.queries, seen.closed) == (1, 1, False)
        ask()
        assert seen.trace.queries == 2
    assert seen.trace is seen.trace
    assert seen.database_ms > 0


def test_a_finaliser_that_queries_inside_the_recorder_does_not_hang(library, monkeypatch):
    walk = ledger.walk
    depth = []

    def collecting(frame):
        if not depth:
            depth.append(1)
            ask()  # As a __del__ does when the collector runs just here.
        return walk(frame)

    monkeypatch.setattr(ledger, "walk", collecting)
    with record() as seen:
        list(Book.objects.all())
    assert seen.queries == 2
