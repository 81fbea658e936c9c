"""pg_stat_statements on a server that has it, filled by Django's own queries."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection, models

from queryscope.databases import database_of
from queryscope.workloads import WorkloadError, from_statements
from tests.testapp.models import Author, Book, Country, Genre, Publisher

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(debian_postgresql: Any) -> Any:
    with debian_postgresql.cursor() as cursor:
        cursor.execute("CREATE EXTENSION pg_stat_statements")
    with debian_postgresql.schema_editor() as editor:
        for model in (Country, Publisher, Genre, Author, Book):
            editor.create_model(model)
    authors = [Author(name=f"author {n}", email=f"a{n}@example.com") for n in range(50)]
    made = Author.objects.using("debian").bulk_create(authors)
    Book.objects.using("debian").bulk_create(
        Book(title=f"book {n}", author=made[n % 50], pages=n) for n in range(2000)
    )
    with debian_postgresql.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute(
            "SELECT pg_stat_statements_reset(0, oid, 0) FROM pg_database"
            " WHERE datname = current_database()"
        )
    return debian_postgresql


def read(alias: Any) -> Any:
    return from_statements.read(alias, database_of(alias).schema())


def test_real_queries(shop: Any) -> None:
    books = Book.objects.using("debian")
    for number in (1, 2, 3):
        list(books.filter(author_id=number))
    list(books.filter(id__in=[1, 2]))
    list(books.filter(id__in=[1, 2, 3, 4]))
    list(books.filter(title__icontains="7").select_related("author").order_by("-id")[:5])
    books.filter(author__name__startswith="auth").values("author").annotate(
        n=models.Count("id")
    ).order_by("-n").first()
    assert books.filter(title="x").exists() is False
    books.filter(title="nobody").update(title="x")
    books.filter(title="nobody")._raw_delete("debian")
    workload = read(shop)
    assert workload.skipped == ()
    assert all(s.chosen for query in workload.queries for s in query.samples)
    by_calls = {query.calls: query for query in workload.queries}
    assert by_calls[3].fingerprint.endswith('WHERE "testapp_book"."author_id" = ?')
    assert by_calls[3].total_ms is not None
    assert by_calls[2].fingerprint.endswith('WHERE "testapp_book"."id" IN (?)')
    assert {query.kind for query in workload.queries} == {"select", "update", "delete"}
    totals = [query.total_ms for query in workload.queries]
    assert totals == sorted(totals, reverse=True)
    for query in workload.queries:
        for sample in query.samples:
            with shop.cursor() as cursor:
                cursor.execute(f"EXPLAIN {sample.sql.replace('%', '%%')}", [])


def test_what_is_not_the_application_s_is_left_out(shop: Any) -> None:
    with shop.cursor() as cursor:
        for sql in ("SELECT 1", "SELECT relname FROM pg_class", "SET work_mem = '8MB'", "SHOW ALL"):
            cursor.execute(sql)
    with pytest.raises(WorkloadError, match="no statement on a table of yours"):
        read(shop)


def test_only_the_dearest(shop: Any) -> None:
    for field in ("id", "title", "author_id"):
        list(Book.objects.using("debian").filter(**{field: 1}))
    schema = database_of(shop).schema()
    assert len(from_statements.read(shop, schema, top=2).queries) == 2


def test_statements_of_others_are_hidden(shop: Any) -> None:
    list(Book.objects.using("debian").all())
    with shop.cursor() as cursor:
        cursor.execute("CREATE ROLE queryscope_reader")
        try:
            cursor.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO queryscope_reader")
            cursor.execute("SET ROLE queryscope_reader")
            with pytest.raises(WorkloadError, match="GRANT pg_read_all_stats"):
                read(shop)
        finally:
            cursor.execute("RESET ROLE")
            cursor.execute("DROP OWNED BY queryscope_reader; DROP ROLE queryscope_reader")


def test_without_the_extension(debian_postgresql: Any) -> None:
    with pytest.raises(WorkloadError, match="CREATE EXTENSION pg_stat_statements"):
        read(debian_postgresql)


def test_another_vendor() -> None:
    if connection.vendor == "postgresql":
        pytest.skip("this one is PostgreSQL")
    with pytest.raises(WorkloadError, match="it is PostgreSQL's, this database is sqlite"):
        read(connection)


def test_a_shortened_list_gets_values(shop: Any) -> None:
    text = "SELECT * FROM t WHERE a IN ($1 /*, ... */) AND b = $2"
    [sample] = [from_statements.sample(text)]
    assert sample.sql == "SELECT * FROM t WHERE a IN ($1, $3, $4, $5, $6) AND b = $2"


def test_advice_for_what_the_server_was_asked(shop: Any) -> None:
    from tests.test_command import run

    for number in range(30):
        list(Book.objects.using("debian").filter(pages=number))
    arguments = ("--from", "pg_stat_statements", "--database", "debian", "--format", "json")
    status, stdout, stderr = run("advise", *arguments)
    assert stderr == ""
    data = json.loads(stdout)
    assert data["database"] == {"alias": "debian", "vendor": "postgresql"}
    keys = [index["definition"]["keys"][0]["name"] for index in data["indexes"]]
    assert (status, keys) == (1, ["pages"])
    assert data["indexes"][0]["served"][0]["calls"] == 30
