"""``budget()``: what it counts, when it fails, and what it says then."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connections
from django.db.transaction import atomic
from django.template import Context, Origin, Template

from queryscope.testing import budget
from tests.marks import line_of
from tests.serving import connections_of_threads  # noqa: F401  (a fixture)
from tests.testapp import loops
from tests.testapp.models import Author, Book

pytestmark = pytest.mark.django_db


def ask(times: int = 1, sql: str = "SELECT 1", alias: str = "default") -> None:
    with connections[alias].cursor() as cursor:
        for _ in range(times):
            cursor.execute(sql)  # <- here: ask


@contextmanager
def over(*args: object, **limits: object) -> Iterator[list[str]]:
    """A block that goes over its budget, and the lines of what is said then."""
    told: list[str] = []
    with pytest.raises(AssertionError) as failure, budget(*args, **limits):
        yield told
    told.extend(str(failure.value).splitlines())


# The limits.


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"queries": 3}, None),
        ({"queries": 2}, "3 queries, the budget is 2:"),
        ({"queries": 0}, "3 queries, the budget is 0:"),
        ({"distinct": 2}, None),
        ({"distinct": 1}, "2 distinct queries, the budget is 1:"),
        ({"database_ms": 600_000}, None),
        ({"queries": 3, "distinct": 1}, "2 distinct queries, the budget is 1:"),
        (
            {"queries": 2, "distinct": 1},
            "3 queries, the budget is 2; 2 distinct queries, the budget is 1:",
        ),
    ],
    ids=str,
)
def test_a_block_fails_over_a_limit_and_not_at_it(limits, says):
    with over(**limits) if says else budget(**limits) as told:
        ask(2)
        ask(sql="SELECT 1 AS other, 2")
    if says:
        assert told[0] == says


@pytest.mark.parametrize(
    ("limits", "error", "says"),
    [
        ({}, TypeError, r"budget\(\) needs a limit: queries, distinct or database_ms"),
        ({"queries": -1}, ValueError, r"budget\(queries=...\) must be at least 0, not -1"),
        ({"queries": True}, TypeError, r"budget\(queries=...\) must be a whole number, not True"),
        ({"queries": 1.5}, TypeError, r"budget\(queries=...\) must be a whole number, not 1.5"),
        ({"queries": "3"}, TypeError, r"budget\(queries=...\) must be a whole number, not '3'"),
        ({"distinct": -2}, ValueError, r"budget\(distinct=...\) must be at least 0, not -2"),
        ({"distinct": False}, TypeError, r"budget\(distinct=...\) must be a whole number"),
        ({"database_ms": -0.1}, ValueError, r"budget\(database_ms=...\) must be at least 0"),
        ({"database_ms": float("nan")}, ValueError, r"must be at least 0, not nan"),
        ({"database_ms": True}, TypeError, r"budget\(database_ms=...\) must be a number, not True"),
        ({"database_ms": "1"}, TypeError, r"budget\(database_ms=...\) must be a number, not '1'"),
    ],
    ids=str,
)
def test_what_is_no_limit_is_refused(limits, error, says):
    with pytest.raises(error, match=says):
        budget(**limits)


@pytest.mark.django_db(databases=["default", "other"])
def test_all_databases_count():
    with over(2) as told:
        ask(2)
        ask(alias="other")
    assert told[0] == "3 queries, the budget is 2:"


def test_transaction_control_does_not_count():
    with budget(1) as recording, atomic():
        ask()
    assert recording.queries == 1


def test_it_hands_out_the_recording():
    with budget(5) as recording:
        ask(2)
        assert recording.queries == 2
    assert (recording.trace.queries, recording.trace.distinct) == (2, 1)


# What it says.


def test_it_names_what_is_asked_again_and_again_worst_first(library):
    book = Book.objects.get(title="Book 0")
    with over(3) as told:
        list(loops.forward_fk(Book.objects.all()))
        for _ in range(2):
            book.genres.count()  # <- here: counted
        ask(3)
    author = line_of(loops, "here: forward_fk")
    counted, asked = line_of(__file__, "here: counted"), line_of(__file__, "here: ask")
    assert told == [
        "11 queries, the budget is 3:",
        f"     5 x  testapp.Book.author  tests/testapp/loops.py:{author}",
        f"     3 x  SELECT ?             tests/testing/test_budgets.py:{asked}",
        f"     2 x  testapp.Book.genres  tests/testing/test_budgets.py:{counted}",
    ]


def test_a_long_statement_is_told_without_its_columns(library):
    with over(1) as told:
        for pages in range(2):
            list(Book.objects.filter(pages__gt=pages))
    assert told[1].startswith(
        '     2 x  SELECT ... FROM "testapp_book" WHERE "testapp_book"."page...  '
    )


def test_where_nothing_repeats_all_places_are_named(library):
    with over(1) as told:
        Author.objects.first()
        Book.objects.count()
    assert [line[:10] for line in told[1:]] == ["     1 x  ", "     1 x  "]


def test_time_is_told_where_time_is_over(library):
    with over(database_ms=0) as told:
        ask(500)
        ask(2, "SELECT 1, 2")
    assert re.fullmatch(r"database time [\d,.]+ ms, the budget is 0 ms:", told[0])
    # All places, the one that takes most of the time first.
    assert [line.split()[:2] for line in told[1:]] == [["500", "x"], ["2", "x"]]
    assert all(re.match(r" +\d+ x +[\d.]+ ms  SELECT", line) for line in told[1:])


def test_ten_places_are_named(library):
    with over(0) as told:
        for number in range(13):
            ask(2, "SELECT 1" + ", 1" * number)
    assert len(told) == 12
    assert told[-1] == "        and 6 queries from 3 more places"


def test_a_template_is_named(library):
    text = "{% for book in books %}\n{{ book.author.name }}{% endfor %}"
    template = Template(text, origin=Origin("list.html"))
    with over(1) as told:
        template.render(Context({"books": Book.objects.all()}))
    assert told[1].split() == ["5", "x", "testapp.Book.author", "list.html:2"]


# The package.


def test_importing_it_imports_no_django():
    code = "import sys, queryscope.testing; print('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_what_it_does_not_have_is_an_attribute_error():
    import queryscope.testing

    with pytest.raises(AttributeError, match="no attribute 'budgets_of'"):
        queryscope.testing.budgets_of  # noqa: B018
