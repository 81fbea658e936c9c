"""A statement with its values in it asks what the driver would have asked with parameters."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from queryscope.databases import database_of
from queryscope.databases.base import DatabaseError
from tests.testapp.models import Author, Book

pytestmark = pytest.mark.django_db
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="of SQLite")
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="of PostgreSQL")

TEXTS = [
    "",
    "plain",
    "it's",
    "''",
    "%s and %d and %%",
    "? and ?1 and :name and $1 and @x",
    'double " quote',
    "back\\slash \\' \\",
    "new\nline\ttab",
    "-- comment /* */ ; DROP TABLE x",
    "ünïcödé 日本 🎉",
    "$$ dollar $$",
]
VALUES: list[Any] = [
    *TEXTS,
    None,
    True,
    0,
    -1,
    2**62,
    0.1,
    -1e-300,
    1e300,
    b"\x00\xff'\\",
    memoryview(b"view"),
    datetime.date(2024, 2, 29),
    datetime.datetime(2024, 2, 29, 23, 59, 59, 123456),
    Decimal("1.10"),
    uuid.UUID(int=7).hex,
]


#: An address in an id would be another one in each of xdist's workers.
IDS = [f"{type(value).__name__}-{number}" for number, value in enumerate(VALUES)]


def both(sql: str, params: Any) -> tuple[Any, Any]:
    """What the database answers to the literal, and to the parameters."""
    text = database_of(connection).literal(sql, params)
    raw = connection.connection.cursor()
    raw.execute(text)
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return raw.fetchall(), cursor.fetchall()


@pytest.mark.parametrize("value", VALUES, ids=IDS)
def test_a_value(value: Any) -> None:
    literal, bound = both("SELECT %s, '%%s', '?'", [value])
    assert literal == bound


@pytest.mark.parametrize("value", VALUES, ids=IDS)
def test_a_named_value(value: Any) -> None:
    literal, bound = both("SELECT %(a)s, %(b)s, %(a)s, '%%', ':b'", {"a": value, "b": 1})
    assert literal == bound


@pytest.mark.parametrize(
    ("sql", "params"),
    [
        ("SELECT 5-%s", [-3]),
        ("SELECT 5-%s+%s", (-3, -4)),
        ("SELECT %s -- %% ?\n", [1]),
        ("SELECT /* ? ' */ %s", [1]),
        ('SELECT %s AS "?"', [1]),
        ("SELECT 1", []),
        ("SELECT '100%%'", ()),
        ("SELECT '100%'", None),
        ("SELECT '%s'", None),
    ],
)
def test_a_statement(sql: str, params: Any) -> None:
    literal, bound = both(sql, params)
    assert literal == bound


def test_without_parameters_nothing_is_touched() -> None:
    assert database_of(connection).literal("SELECT '%s %% ?'", None) == "SELECT '%s %% ?'"


def test_long_lists() -> None:
    values = list(range(1500))
    literal, bound = both(
        f"SELECT count(*) FROM testapp_author WHERE id IN ({', '.join(['%s'] * 1500)})", values
    )
    assert literal == bound


def test_what_the_orm_asks(django_assert_num_queries: Any) -> None:
    author = Author.objects.create(name="O'Neil %s", email="x@example.com")
    Book.objects.create(title="a?b", author=author)
    asked = Book.objects.filter(author__name="O'Neil %s", title__icontains="A?b").order_by("pk")
    sql, params = asked.values_list("title").query.sql_with_params()
    assert both(sql, params)[0] == [("a?b",)]


@pytest.mark.parametrize(
    ("sql", "params"),
    [
        ("SELECT %s, %s", [1]),
        ("SELECT %s", [1, 2]),
        ("SELECT %s", [object()]),
        ("SELECT %(a)s", {"b": 1}),
        ("SELECT %s", {"b": 1}),
        ("SELECT %s", ["\ud800"]),
    ],
)
def test_what_does_not_fit(sql: str, params: Any) -> None:
    with pytest.raises(DatabaseError, match=r"the parameters do not fit: .") as refused:
        database_of(connection).literal(sql, params)
    assert "\n" not in str(refused.value)


@on_sqlite
@pytest.mark.parametrize(
    ("sql", "params", "literal"),
    [
        ("SELECT ?, ?2, ?1", [1, 2], "SELECT 1, 2, 1"),
        ("SELECT [?], `?`, \"?\", '?''?', ? -- ?", [1], "SELECT [?], `?`, \"?\", '?''?', 1 -- ?"),
        ("SELECT %s", ["nul\0here"], "SELECT CAST(X'6E756C0068657265' AS TEXT)"),
        ("SELECT 1 WHERE 1=%sAND 2=%s", [1, 2], "SELECT 1 WHERE 1=1 AND 2=2"),
        ("SELECT %s", [2**63 - 1], "SELECT 9223372036854775807"),
    ],
)
def test_as_sqlite_writes_it(sql: str, params: Any, literal: str) -> None:
    assert database_of(connection).literal(sql, params) == literal


@on_sqlite
def test_a_number_that_sqlite_cannot_hold() -> None:
    with pytest.raises(DatabaseError, match=r"the parameters do not fit: .*too large"):
        database_of(connection).literal("SELECT %s", [2**64])


@on_postgresql
@pytest.mark.parametrize(
    "value", [[1, 2], ["a'b", None], [], datetime.time(1, 2), uuid.UUID(int=7)], ids=repr
)
def test_values_of_postgresql(value: Any) -> None:
    literal, bound = both("SELECT %s::text", [value])
    assert literal == bound


@on_postgresql
def test_a_text_that_postgresql_cannot_hold() -> None:
    with pytest.raises(DatabaseError, match=r"the parameters do not fit: .*NUL"):
        database_of(connection).literal("SELECT %s", ["nul\0here"])
