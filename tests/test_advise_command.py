"""``queryscope advise`` as one types it: sources, formats, limits, errors, exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from queryscope.management.arguments import size
from tests.test_command import ALIASES, run

advised = pytest.mark.django_db(databases=ALIASES)
SLOW = 'SELECT * FROM "testapp_book" WHERE "pages" = %s'


@pytest.fixture
def books(db: None) -> None:
    """2,000 books, so that looking at all of them costs something."""
    from tests.testapp.models import Author, Book

    author = Author.objects.create(name="a", email="a@example.com")
    Book.objects.bulk_create(
        Book(title=f"{n}", author=author, pages=n, summary="x" * 200) for n in range(2000)
    )
    connection.check_constraints()  # triggers that wait for the commit forbid CREATE INDEX
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


@pytest.fixture
def workload(tmp_path: Path) -> Any:
    def write(*entries: Any) -> str:
        path = tmp_path / "workload.json"
        path.write_text(json.dumps({"queries": entries}))
        return str(path)

    return write


@pytest.fixture
def slow(books: None, workload: Any) -> str:
    return workload({"sql": SLOW, "params": [7], "calls": 1000, "name": "by pages"})


def indexes() -> set[str]:
    with connection.cursor() as cursor:
        return {
            name
            for name, made in connection.introspection.get_constraints(
                cursor, "testapp_book"
            ).items()
            if made["index"]
        }


@advised
def test_an_index_is_advised_and_nothing_is_left(slow: str) -> None:
    before = indexes()
    status, stdout, _ = run("advise", "--from", slow)
    assert status == 1
    assert 'models.Index(fields=["pages"], name="book_pages_3b2eb0_idx"),' in stdout
    assert "by pages" in stdout
    assert "CREATE INDEX " in stdout
    assert indexes() == before


@advised
def test_json(slow: str) -> None:
    status, stdout, _ = run("advise", "--from", slow, "--format", "json")
    data = json.loads(stdout)
    [index] = data["indexes"]
    assert (status, data["version"], data["method"]) == (1, 1, "measured")
    assert index["definition"]["table"] == "testapp_book"
    assert [key["name"] for key in index["definition"]["keys"]] == ["pages"]
    assert index["django"]["model"] == "testapp.Book"
    assert [query["name"] for query in index["served"]] == ["by pages"]
    assert '"params"' not in stdout


@advised
def test_the_sql_of_a_script_can_be_run(slow: str) -> None:
    stdout = run("advise", "--from", slow, "--format", "sql")[1]
    [create] = [line for line in stdout.splitlines() if line.startswith("CREATE")]
    before = indexes()
    with connection.cursor() as cursor:
        cursor.execute(create.replace("CONCURRENTLY ", "").rstrip(";"))
    assert len(indexes() - before) == 1
    assert json.loads(run("advise", "--from", slow, "--format", "json")[1])["indexes"] == []


@advised
def test_output_file(slow: str, tmp_path: Path) -> None:
    target = tmp_path / "advice.json"
    status, stdout, _ = run("advise", "--from", slow, "--format", "json", "--output", str(target))
    assert (status, stdout) == (1, "")
    assert len(json.loads(target.read_text())["indexes"]) == 1


@advised
@pytest.mark.parametrize("limit", [("--storage-budget", "0"), ("--storage-budget", "1kB")])
def test_no_room_no_index(slow: str, limit: tuple[str, ...]) -> None:
    stdout = run("advise", "--from", slow, "--format", "json", *limit)[1]
    assert json.loads(stdout)["indexes"] == []


@advised
def test_rejected_candidates_have_reasons_at_v_2(slow: str) -> None:
    stdout = run("advise", "--from", slow, "--storage-budget", "0", verbosity=2)[1]
    assert "looked at and not advised:" in stdout
    assert "testapp_book (pages)" in stdout


@advised
def test_without_what_if_nothing_is_claimed(slow: str) -> None:
    data = json.loads(run("advise", "--from", slow, "--what-if", "none", "--format", "json")[1])
    assert data["method"] == "none"
    assert data["cost_after"] is None


@advised
def test_values_that_are_missing_are_chosen(books: None, workload: Any) -> None:
    path = workload({"sql": SLOW, "calls": 1000})
    status, stdout, _ = run("advise", "--from", path, "--format", "json")
    assert (status, json.loads(stdout)["skipped"]) == (1, [])


@advised
def test_malformed_entries_are_named_in_the_advice(slow: str, books: None, workload: Any) -> None:
    path = workload({"sql": SLOW, "params": [7], "calls": 1000}, 5)
    stdout = run("advise", "--from", path)[1]
    assert 'queries[1]: not an object with "sql"' in stdout


@advised
def test_literals_are_not_shown(books: None, workload: Any) -> None:
    path = workload(
        {
            "sql": "SELECT id FROM testapp_book WHERE pages = 47110815 AND title = 'hush'",
            "calls": 99,
        }
    )
    for format_ in ("table", "json", "sql"):
        stdout = run("advise", "--from", path, "--format", format_, verbosity=2)[1]
        assert "47110815" not in stdout
        assert "hush" not in stdout


@advised
def test_the_project_s_own_requests(books: None, settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.audit.urls"
    status, stdout, stderr = run("advise", "/authors-of-books/", "--format", "json")
    data = json.loads(stdout)
    assert status in (0, 1)
    assert data["queries"] > 0
    assert stderr == "no active superuser: requests are anonymous; pass --user NAME\n"
    named = {name for index in data["indexes"] for q in index["served"] for name in q["endpoints"]}
    assert named <= {"GET /authors-of-books/"}


@advised
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--from", "none.json"), "--from 'none.json': No such file or directory"),
        (("--format", "xml"), "--format 'xml': no such format"),
        (("--what-if", "rael"), "--what-if 'rael': no such way; did you mean 'real'?"),
        (("--database", "dfault"), "--database 'dfault': no such alias; did you mean 'default'?"),
        (("--from", ""), "--from has an empty value"),
        (("--output", "/no/such/folder/x"), "--output '/no/such/folder/x': No such file"),
        (("/x/", "--from", "w.json"), "a URL is for an audit: leave it or --from w.json out"),
        (("--user", "x", "--from", "w.json"), "--user is for an audit"),
        (("--storage-budget", "a lot"), "'a lot' is not a size; give a number with kB, MB"),
        (("--max-width", "0"), "'0' is not a whole number above 0"),
        (("--max-indexes", "x"), "'x' is not a whole number above 0"),
        (("--time-limit", "-1"), "'-1' is not a number of seconds"),
        (("/missing/",), "captured no queries"),
    ],
)
def test_what_cannot_run_says_why_in_one_line(
    arguments: tuple[str, ...], reason: str, settings: Any, db: None
) -> None:
    settings.ROOT_URLCONF = "tests.audit.urls"
    status, stdout, stderr = run("advise", *arguments)
    assert reason in stderr
    assert stdout == ""
    assert status == 2 or reason.startswith("'")  # argparse itself exits with 2, call_command not
    assert len(stderr.replace("no active superuser", "").splitlines()) <= 2


@pytest.mark.django_db
def test_pg_stat_statements_says_what_is_missing() -> None:
    status, _, stderr = run("advise", "--from", "pg_stat_statements")
    assert status == 2
    expected = {
        "sqlite": "it is PostgreSQL's, this database is sqlite",
        "postgresql": "CREATE EXTENSION pg_stat_statements",
    }
    assert expected[connection.vendor] in stderr


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("4096", 4096),
        ("100MB", 100 * 1024**2),
        ("100 mb", 100 * 1024**2),
        ("1.5 GB", 1536 * 1024**2),
        ("64kB", 65536),
        ("10M", 10 * 1024**2),
        ("2MiB", 2 * 1024**2),
        ("12B", 12),
    ],
)
def test_size(text: str, number: int) -> None:
    assert size(text) == number


@pytest.mark.parametrize("text", ["", "MB", "-1MB", "1.5", "1e3", "100 M B", "1PB", "nan"])
def test_no_size(text: str) -> None:
    from argparse import ArgumentTypeError

    with pytest.raises(ArgumentTypeError, match="give a number with kB, MB, GB or TB"):
        size(text)


@advised
def test_a_migration_that_cannot_be_written_is_named(slow: str) -> None:
    status, stdout, _ = run("advise", "--from", slow, "--write-migrations")
    assert status == 1
    assert "Not written for testapp: testapp has no migrations" in stdout
    data = json.loads(run("advise", "--from", slow, "--write-migrations", "--format", "json")[1])
    assert len(data["migrations"]) == 1
