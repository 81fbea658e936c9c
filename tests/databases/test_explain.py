"""Plans of the database that the tests run on, by queries that the ORM wrote."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, OuterRef, Subquery

from queryscope import record
from queryscope.databases import database_of
from queryscope.databases.base import DatabaseError
from tests.testapp.models import Author, Book

pytestmark = pytest.mark.django_db
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="of SQLite")
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="of PostgreSQL")

QUERYSETS = [
    Book.objects.filter(title__icontains="it's"),
    Book.objects.select_related("author").order_by("-title")[:5],
    Author.objects.annotate(n=Count("books")).filter(n__gt=1),
    Author.objects.filter(pk__in=Book.objects.filter(title="x").values("author")),
    Author.objects.annotate(
        first=Subquery(Book.objects.filter(author=OuterRef("pk")).values("title")[:1])
    ),
    Book.objects.filter(title="a").union(Book.objects.filter(title="b")),
    Author.objects.none().union(Author.objects.all()),
    Book.objects.filter(author__name__in=["a", "b"]).distinct(),
]


@pytest.mark.parametrize("queryset", QUERYSETS, ids=lambda q: str(q.query)[:40])
def test_what_the_orm_asks(queryset: Any) -> None:
    database = database_of(connection)
    statement = database.literal(*queryset.query.sql_with_params())
    plan = database.explain(statement, analyze=True)
    relations = {node.relation for node in plan.root.walk() if node.relation}
    assert relations <= {"testapp_book", "testapp_author"}
    assert relations
    assert plan.analyzed is (connection.vendor == "postgresql")
    assert plan.vendor == connection.vendor


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO testapp_author (name, email) VALUES ('x', 'y')",
        "UPDATE testapp_author SET name = 'x' WHERE id = 1",
        "DELETE FROM testapp_author WHERE id = 1",
    ],
)
def test_writes_are_explained_and_not_done(sql: str) -> None:
    Author.objects.create(pk=1, name="kept", email="k@example.com")
    plan = database_of(connection).explain(sql, analyze=True)
    assert plan.refusal
    assert list(Author.objects.values_list("name", flat=True)) == ["kept"]


def test_nothing_of_it_is_recorded() -> None:
    with record() as seen:
        database_of(connection).explain("SELECT * FROM testapp_author", analyze=True)
        database_of(connection).literal("SELECT %s", [1])
    assert seen.queries == 0


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELECT missing FROM testapp_author", "missing"),
        ("SELECT 1; DELETE FROM testapp_author", "more than one statement"),
        ("EXPLAIN SELECT 1", "EXPLAIN has no plan"),
        ("", "there is no statement"),
        ("SELECT 'open", "unterminated|unrecognized"),
        ("SELECT '\0'", "."),
        ("SELECT '\ud800'", "."),
    ],
)
def test_errors_are_one_line(sql: str, error: str) -> None:
    with pytest.raises(DatabaseError, match=error) as refused:
        database_of(connection).explain(sql)
    assert "\n" not in str(refused.value)


@on_sqlite
def test_sqlite_tells_table_alias_index_and_condition() -> None:
    plan = database_of(connection).explain(
        "SELECT a.name FROM testapp_book b JOIN testapp_author a ON a.id = b.author_id"
        " WHERE b.author_id = 7 ORDER BY b.title"
    )
    steps = [(n.kind, n.relation, n.alias, dict(n.conditions)) for n in plan.root.children]
    assert steps == [
        ("SEARCH", "testapp_author", "a", {"Index Cond": "rowid=?"}),
        ("SEARCH", "testapp_book", "b", {"Index Cond": "author_id=?"}),
        ("USE TEMP B-TREE", None, None, {}),
    ]
    assert any("author_id" in name for name in plan.indexes)


@on_sqlite
@pytest.mark.parametrize("sql", ["PRAGMA user_version = 7", "ATTACH ':memory:' AS x", "VACUUM"])
def test_sqlite_does_what_it_does_already_when_it_prepares(sql: str) -> None:
    with pytest.raises(DatabaseError, match="has no plan"):
        database_of(connection).explain(sql)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA user_version")
        assert cursor.fetchone() == (0,)


@on_postgresql
def test_values_that_are_not_known_need_generic_plans() -> None:
    database, sql = database_of(connection), "SELECT * FROM testapp_book WHERE id = $1"
    if connection.pg_version < 160000:
        with pytest.raises(DatabaseError, match="need PostgreSQL 16; this is 15"):
            database.explain(sql)
        return
    plan = database.explain(sql, analyze=True)
    assert plan.refusal == "its values are not known ($1)"
    assert plan.indexes == {"testapp_book_pkey"}
    [condition] = [text for node in plan.root.walk() for text in node.conditions.values()]
    assert "$1" in condition


@on_postgresql
def test_a_value_with_a_dollar_is_known() -> None:
    plan = database_of(connection).explain("SELECT 1 WHERE '$1' = '$1'", analyze=True)
    assert plan.analyzed


def test_other_vendors_are_named() -> None:
    mysql = SimpleNamespace(vendor="mysql", display_name="MySQL")
    with pytest.raises(DatabaseError, match="plans of MySQL are not read"):
        database_of(mysql)
