"""Runs that are remembered with their values: which, how many, and that nothing lives on."""

from __future__ import annotations

import datetime
import decimal
import gc
import ipaddress
import json
import uuid
import weakref

import pytest
from django.db import DatabaseError, connection, models
from django.db.transaction import atomic
from django.utils.safestring import mark_safe

from queryscope import inspect, record
from queryscope.samples import MAX_SQL, MAX_TEXT, MAX_VALUES, sample_of

from .testapp.models import Author, Country

pytestmark = pytest.mark.django_db

DAY = datetime.datetime(2026, 5, 1, 12, tzinfo=datetime.UTC)
KEY = uuid.UUID(int=7)


class Status(models.TextChoices):
    DONE = "done"


class Level(models.IntegerChoices):
    HIGH = 3


class Own:
    """Of the application: nobody knows what it holds."""


KEPT = [
    (None, None),
    ((), ()),
    ([], ()),
    ((1, 2.5, True, None), (1, 2.5, True, None)),
    (["a", 7], ("a", 7)),
    (
        (DAY, DAY.date(), KEY, decimal.Decimal("1.5")),
        (DAY, DAY.date(), KEY, decimal.Decimal("1.5")),
    ),
    ((ipaddress.ip_address("::1"),), (ipaddress.ip_address("::1"),)),
    ((Status.DONE, Level.HIGH, mark_safe("x")), ("done", 3, "x")),
    ((b"a", bytearray(b"b"), memoryview(b"c")), (b"a", b"b", b"c")),
    (([1, [2]], ("a", "b")), ([1, [2]], ("a", "b"))),
    ({"name": "x", "of": {"a": [1]}}, {"name": "x", "of": {"a": [1]}}),
]


@pytest.mark.parametrize(("params", "kept"), KEPT, ids=[str(n) for n in range(len(KEPT))])
def test_plain_values_are_kept(params, kept):
    sample = sample_of("SELECT", params, 2_000_000)
    assert (sample.params, sample.duration_ms) == (kept, 2.0)
    assert repr(sample.params) == repr(kept)  # "done" equals Status.DONE


LEFT = {
    "unknown object": (Own(),),
    "inside of a list": ([1, Own()],),
    "inside of a dict": ({"a": Own()},),
    "too many": tuple(range(MAX_VALUES + 1)),
    "too many inside": (list(range(MAX_VALUES + 1)),),
    "too long": ("x" * (MAX_TEXT + 1),),
    "too long together": ("x" * MAX_TEXT, "y"),
    "too many bytes": (memoryview(bytes(MAX_TEXT + 1)),),
    "neither list nor dict": iter([1]),
    "a name that is none": {1: 2},
}


@pytest.mark.parametrize("params", LEFT.values(), ids=LEFT)
def test_others_are_not(params):
    assert sample_of("SELECT", params, 1) is None


def test_a_text_that_is_too_long_is_not_kept():
    assert sample_of("x" * (MAX_SQL + 1), (), 1) is None


def test_values_of_psycopg_are_kept_as_they_are():
    psycopg = pytest.importorskip("psycopg")
    number, json_ = psycopg.types.numeric.Int4(7), psycopg.types.json.Jsonb({"a": [1]})
    between = psycopg.types.range.Range(1, 5)
    sample = sample_of("SELECT", (number, json_, between), 1)
    assert [type(value) for value in sample.params] == [type(number), type(json_), type(between)]
    assert (sample.params[0], sample.params[1].obj, sample.params[2]) == (7, {"a": [1]}, between)
    assert sample.params[1].obj is not json_.obj
    for value in (psycopg.types.json.Jsonb(Own()), psycopg.types.range.Range(Own(), None)):
        assert sample_of("SELECT", (value,), 1) is None


# In a recording


def test_of_a_hundred_runs_three_are_kept_the_slowest_first():
    with record("GET /") as seen:
        for number in range(100):
            list(Country.objects.filter(pk=number))
    [query] = seen.workload.queries
    assert (query.calls, query.kind, query.database) == (100, "select", "default")
    assert (query.endpoints, query.location.function) == (
        ("GET /",),
        "test_of_a_hundred_runs_three_are_kept_the_slowest_first",
    )
    times = [sample.duration_ms for sample in query.samples]
    assert 2 <= len(times) <= 3
    assert times == sorted(times, reverse=True)
    assert times[0] == pytest.approx(seen.slowest_ms)
    assert query.total_ms == pytest.approx(seen.database_ms)
    # The first, and the eighth or a later one, which may be the slowest as well.
    assert {sample.params for sample in query.samples} >= {(0,), (31,)}


def test_what_the_application_changes_later_does_not_change_the_sample():
    params = ["before"]
    with record() as seen, connection.cursor() as cursor:
        cursor.execute("SELECT name FROM testapp_country WHERE name = %s", params)
        params[0] = "after"
    assert [sample.params for sample in seen.workload.queries[0].samples] == [("before",)]


class Text(str):
    pass


def test_nothing_of_the_application_lives_on_by_it():
    value = Text("x")
    gone = weakref.ref(value)
    with record() as seen:
        list(Author.objects.filter(name=value))
    del value
    gc.collect()
    assert gone() is None
    assert seen.workload.queries[0].samples[0].params == ("x",)


def many(cursor):
    cursor.executemany("INSERT INTO testapp_country (name) VALUES (%s)", [("a",), ("b",)])


def failed(cursor):
    with pytest.raises(DatabaseError), atomic():
        cursor.execute("SELECT nothing FROM testapp_country")


def unknown(cursor):
    with pytest.raises(Exception, match="Own"), atomic():
        cursor.execute("SELECT id FROM testapp_country WHERE name = %s", [Own()])


@pytest.mark.parametrize("run", [many, failed, unknown])
def test_some_runs_give_no_sample_and_say_so(run):
    with record() as seen, connection.cursor() as cursor:
        run(cursor)
    [group] = seen.trace.groups
    assert seen.workload.queries == ()
    assert seen.workload.skipped == (f"{group.digest}: no run of it had values that can be kept",)


def from_one_place():
    list(Country.objects.filter(name="a"))


def from_another():
    list(Country.objects.filter(name="b"))


def test_a_query_of_two_places_is_one_of_the_workload():
    with record() as seen:
        from_one_place()
        from_another()
    [query] = seen.workload.queries
    assert len(seen.trace.groups) == 2
    assert (query.calls, {sample.params for sample in query.samples}) == (2, {("a",), ("b",)})


def test_transaction_control_and_commands_are_no_workload():
    with record() as seen, connection.cursor() as cursor, atomic():
        cursor.execute("ANALYZE testapp_country")
    assert (seen.workload.queries, seen.workload.skipped) == ((), ())


#: Put together here, so that it is in no line of source that a location quotes.
SECRET = "".join(["a ", "se", "cret"])


def test_no_serial_form_has_a_value_of_it(settings):
    settings.QUERYSCOPE = {"SLOW_QUERY_MS": 0}
    with record("secrets") as seen:
        for _ in range(4):
            list(Author.objects.filter(name=SECRET))
            list(Author.objects.filter(name__icontains=SECRET))
    assert SECRET in repr(seen.workload)
    report = inspect(seen)
    assert "slow-query" in {finding.detector for finding in report.findings}
    assert SECRET not in json.dumps(seen.as_dict())
    assert SECRET not in json.dumps(report.as_dict())
    assert SECRET not in repr(report)
