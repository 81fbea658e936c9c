"""``manage.py queryscope explain`` as one types it."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.db import connection

from tests.test_command import run
from tests.testapp.models import Author

ALIASES = ("default", "other")
pytestmark = pytest.mark.django_db(databases=ALIASES)
POSTGRESQL = connection.vendor == "postgresql"
SQL = "SELECT name FROM testapp_author WHERE name = 'secret' ORDER BY name || email"


def test_plan() -> None:
    Author.objects.create(name="x", email="x@example.com")
    status, stdout, stderr = run("explain", SQL)
    assert (status, stderr) == (0, "")
    assert "secret" not in stdout
    assert "testapp_author" in stdout
    if POSTGRESQL:
        assert stdout.startswith("PostgreSQL, ran in ")
        assert "(name)::text = ?" in stdout
    else:
        assert stdout.startswith("SQLite, which tells neither costs nor times\n")
        assert "USE TEMP B-TREE FOR ORDER BY" in stdout


def test_json() -> None:
    status, stdout, _ = run("explain", "--format", "json", SQL)
    found = json.loads(stdout)
    assert status == 0
    assert set(found) == {"version", "plan", "tips"}
    assert found["plan"]["vendor"] == connection.vendor
    assert found["plan"]["analyzed"] is POSTGRESQL
    assert "secret" not in stdout


@pytest.mark.skipif(not POSTGRESQL, reason="SQLite's plans have no values")
@pytest.mark.parametrize("format", ["table", "json"])
def test_verbatim(format: str) -> None:
    assert "'secret'" in run("explain", "--verbatim", "--format", format, SQL)[1]


@pytest.mark.skipif(not POSTGRESQL, reason="SQLite runs nothing")
@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ((SQL,), "ran in"),
        (("--analyze", SQL), "ran in"),
        (("--no-analyze", SQL), "costs and rows as the planner guesses them\n\n"),
        (("DELETE FROM testapp_author",), "Not measured: DELETE is not a SELECT."),
        (("SELECT pg_sleep(100)",), "Not measured: it calls pg_sleep()"),
        (("--timeout", "0", "SELECT 1"), "ran in"),
    ],
)
def test_what_is_run(arguments: tuple[str, ...], shown: str) -> None:
    status, stdout, _ = run("explain", *arguments)
    assert status == 0
    assert shown in stdout


def test_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{SQL};\n"))
    assert run("explain", "-")[0] == 0


def test_on_another_alias() -> None:
    assert run("explain", "--database", "other", SQL)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((), "give one statement in quotes"),
        (("SELECT", "1"), "give one statement in quotes"),
        (("",), "the statement is empty"),
        (("SELECT 1", "--database", "nope"), "--database 'nope': no such alias"),
        (("SELECT 1", "--database", ""), "--database has an empty value"),
        (("SELECT 1", "--format", "tabel"), "no such format; did you mean 'table'"),
        (("SELECT 1", "--user", "x"), "--user is for --digest"),
        (("SELECT * FROM nowhere",), "nowhere"),
        (("SELECT 1; SELECT 2",), "more than one statement"),
        (("VACUUM",), "VACUUM has no plan"),
        (("--analyze", "DELETE FROM testapp_author"), "--analyze: "),
    ],
)
def test_errors_are_one_line_and_exit_2(arguments: tuple[str, ...], error: str) -> None:
    status, stdout, stderr = run("explain", *arguments)
    assert (status, stdout) == (2, "")
    assert error in stderr
    assert len(stderr.strip().splitlines()) == 1


class Latin(io.StringIO):
    encoding = "latin-1"


def test_a_terminal_without_lines_to_draw_with() -> None:
    from django.core.management import call_command

    stdout = Latin()
    call_command("queryscope", "explain", f"{SQL} LIMIT 1", stdout=stdout)
    assert "\\u" not in stdout.getvalue()
    assert stdout.getvalue().isascii()


@pytest.fixture
def pages(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.audit.urls"
    Author.objects.create(name="a", email="a@example.com")


def digests(*urls: str) -> dict[str, str]:
    """Digest by fingerprint of what the pages ask."""
    from queryscope.audit.progress import Progress
    from queryscope.audit.run import Options
    from queryscope.conf import get_settings
    from queryscope.workloads import from_audit

    options = Options(settings=get_settings(), urls=urls)
    workload, _ = from_audit.read(options, Progress(io.StringIO()))
    return {query.fingerprint: query.digest for query in workload.queries}


def test_digest(pages: None) -> None:
    """The page is requested, and what it asked is explained with the values it asked with."""
    from tests.testapp.models import Book

    Book.objects.create(title="1", author=Author.objects.get())
    known = digests("/authors-of-books/")
    [digest] = [
        d for text, d in known.items() if 'FROM "testapp_author"' in text and "WHERE" in text
    ]
    status, stdout, _ = run("explain", "--digest", digest, "/authors-of-books/")
    assert status == 0
    assert "testapp_author" in stdout


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            ("--digest", "0123456789ab", "/authors-of-books/"),
            "--digest '0123456789ab': none of the",
        ),
        (("--digest", "0123456789ab", "/nowhere/"), "/nowhere/"),
    ],
)
def test_an_unknown_digest(pages: None, arguments: tuple[str, ...], error: str) -> None:
    from tests.testapp.models import Book

    Book.objects.create(title="1", author=Author.objects.get())
    status, stdout, stderr = run("explain", *arguments)
    assert (status, stdout) == (2, "")
    assert error in stderr
