"""What a trace holds of the queries that ran: counts, no values, and not too much."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.db.transaction import atomic

from queryscope import inspect, ledger, record, recording
from queryscope.core.events import Trace

from .testapp import loops
from .testapp.models import Author, Book, Country, Note

pytestmark = pytest.mark.django_db


def test_executemany_is_one_query():
    with record() as seen, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO testapp_country (name) VALUES (%s)", [("a",), ("b",), ("c",)]
        )
    [group] = seen.trace.groups
    assert (seen.queries, group.kind, group.tables) == (1, "insert", ("testapp_country",))


@pytest.mark.parametrize("times", [1, 2])
def test_the_aliases_that_were_asked_are_named(times):
    with record() as seen:
        for _ in range(times):
            list(Country.objects.all())
    assert seen.quiet is (times == 1)
    for trace in (seen, seen.trace):
        assert inspect(trace).database == {"aliases": {"default": connection.vendor}}


def test_savepoints_are_no_queries():
    with record() as seen:
        for _ in range(3):
            with atomic():
                Country.objects.create(name="x")
    assert seen.queries == 3
    assert {group.kind for group in seen.trace.groups} == {"insert"}


#: Put together here, so that it is in no line of source that a location quotes.
SECRET = "".join(["a ", "se", "cret"])

PARAMETERS = [
    lambda: list(Author.objects.filter(name=SECRET)),
    lambda: list(Author.objects.filter(name__in=[SECRET, "other"])),
    lambda: list(Author.objects.raw(f"SELECT * FROM testapp_author WHERE name = '{SECRET}'")),
    lambda: list(Author.objects.extra(where=[f"name = '{SECRET}'"])),
    lambda: Country.objects.create(name=SECRET),
    lambda: Country.objects.bulk_create([Country(name=SECRET), Country(name="b")]),
    lambda: Country.objects.filter(pk=0).update(name=SECRET),
]


@pytest.mark.parametrize("run", PARAMETERS)
def test_no_value_is_in_the_serial_form(run):
    with record("secrets") as seen:
        for _ in range(4):
            run()
    assert seen.queries == 4
    assert SECRET not in json.dumps(seen.as_dict())
    assert SECRET not in json.dumps(inspect(seen).as_dict())


@pytest.mark.parametrize(
    ("loop", "rows"),
    [
        (loops.forward_fk, Book.objects.all),
        (loops.nested_m2m, lambda: Book.objects.none()),
        (loops.generic_fk, Note.objects.all),
        (loops.deferred, lambda: Book.objects.defer("summary")),
        (loops.fk_then_many, lambda: Book.objects.select_related("author").iterator()),
    ],
    ids=["fk", "empty", "generic", "deferred", "streamed"],
)
def test_a_trace_goes_through_json_and_says_the_same(library, loop, rows):
    with record("GET /books/", "/books/?page=1") as seen:
        list(loop(rows()))
    trace = Trace.from_dict(json.loads(json.dumps(seen.as_dict())))
    assert trace == seen.trace
    assert inspect(trace).findings == inspect(seen).findings


def test_the_timeline_holds_the_first_queries_in_order(library):
    with record() as seen:
        list(loops.two_relations(Book.objects.all()))
    tables = [seen.trace.groups[entry.group].tables[0] for entry in seen.trace.timeline]
    assert tables == ["testapp_book", *["testapp_author", "testapp_review"] * 5]
    starts = [entry.start_ns for entry in seen.trace.timeline]
    assert starts == sorted(starts)
    assert all(entry.duration_ns > 0 for entry in seen.trace.timeline)


def test_lists_of_every_length_are_one_group(library):
    keys = list(Book.objects.values_list("pk", flat=True))
    with record() as seen:
        for length in range(1, 6):
            list(Book.objects.filter(pk__in=keys[:length]))
    assert seen.trace.distinct == 1
    assert [group.count for group in seen.trace.groups if group.batched] == [4]
    assert sum(group.count for group in seen.trace.groups) == 5


# More queries than anybody has, on a hook that is given them without a database.


class Connection:
    alias, vendor = "default", "sqlite"


def feed(number: int, sql) -> recording.Recording:
    with record() as seen:
        for n in range(number):
            context = {"connection": Connection}
            recording.hook(lambda *args: None, sql(n), (n,), False, context)
    return seen


def test_a_hundred_thousand_statements_stay_within_the_limits():
    seen = feed(100_000, lambda n: f"SELECT column_{n} FROM wide")
    trace = seen.trace
    assert (trace.queries, len(trace.groups)) == (100_000, ledger.MAX_GROUPS)
    assert trace.truncated == 100_000 - ledger.MAX_GROUPS
    assert len(trace.timeline) == ledger.MAX_TIMELINE
    assert trace.distinct == len(seen.ledger.sights) == ledger.MAX_GROUPS
    assert len(ledger._statements) <= ledger.MAX_STATEMENTS
    assert len(ledger._shared) <= ledger.MAX_STATEMENTS


def test_a_hundred_thousand_repeats_are_one_group():
    [group] = feed(100_000, lambda n: "SELECT * FROM tall WHERE id = %s").trace.groups
    assert group.count == 100_000
    assert len(group.repeats) <= ledger.MAX_DISTINCT


def test_literals_of_every_kind_are_one_group():
    [group] = feed(5_000, lambda n: f"SELECT * FROM tall WHERE id = {n}").trace.groups
    assert (group.count, group.fingerprint) == (5_000, "SELECT * FROM tall WHERE id = ?")


# Known limits: what Django sends past the wrapper.

LIMITS = {
    "callproc": lambda cursor: cursor.callproc("pg_backend_pid"),
    "copy": lambda cursor: cursor.copy("COPY (SELECT 1) TO STDOUT").__enter__().read(),
}


@pytest.mark.skipif("connection.vendor != 'postgresql'")
@pytest.mark.parametrize("case", LIMITS)
def test_what_bypasses_the_wrapper_is_not_seen(case):
    with connection.cursor() as cursor, record() as seen:
        LIMITS[case](cursor)
    assert seen.queries == 0
