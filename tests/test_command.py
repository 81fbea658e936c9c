"""The command as one types it: what it prints where, and its exit status."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from queryscope.core.detectors import DETECTORS, NAMES

ROOT = Path(__file__).resolve().parent.parent
ALIASES = ("default", "other")
FORMATS = "table, json, github, sarif, junit, gitlab, markdown"


@pytest.fixture
def shop(db: None, settings: Any) -> None:
    """Five books of three authors, and the URLconf of the audit's tests."""
    from tests.testapp.models import Author, Book

    settings.ROOT_URLCONF = "tests.audit.urls"
    authors = [Author.objects.create(name=n, email=f"{n}@example.com") for n in "abc"]
    for number in range(5):
        Book.objects.create(title=f"{number}", author=authors[number % 3])


def run(*arguments: str, **options: Any) -> tuple[int, str, str]:
    """Exit status, stdout, stderr."""
    stdout, stderr = io.StringIO(), io.StringIO()
    try:
        call_command("queryscope", *arguments, stdout=stdout, stderr=stderr, **options)
    except SystemExit as end:
        return int(end.code or 0), stdout.getvalue(), stderr.getvalue()
    except CommandError as error:
        return error.returncode, stdout.getvalue(), stderr.getvalue() + str(error)
    return 0, stdout.getvalue(), stderr.getvalue()


audited = pytest.mark.django_db(databases=ALIASES)


@audited
@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("/authors-of-books/",), 1),
        (("/",), 0),
        (("/authors-of-books/", "--select", "n-plus-one"), 1),
        (("/authors-of-books/", "--select", "duplicate-query,query-in-loop"), 0),
        (("/authors-of-books/", "--ignore", "n-plus-one"), 0),
        (("/authors-of-books/", "--ignore", "query-budget", "--ignore", "n-plus-one"), 0),
        (("/authors-of-books/", "/", "--endpoint", "/"), 0),
        (("/safe/",), 2),
        (("/missing/", "/forbidden/"), 2),
        (("/one-book/",), 0),
    ],
)
def test_status(shop: None, arguments: tuple[str, ...], status: int) -> None:
    assert run("audit", *arguments)[0] == status


@audited
def test_table(shop: None) -> None:
    status, stdout, _ = run("audit", "/authors-of-books/")
    assert status == 1
    assert 'Book.objects.select_related("author")' in stdout
    assert "--> tests/audit/views.py:" in stdout


@audited
def test_what_is_only_worth_knowing_is_no_failure(shop: None) -> None:
    status, stdout, _ = run("audit", "/one-book/", "--format", "json")
    assert [f["severity"] for f in json.loads(stdout)["findings"]] == ["info"]
    assert status == 0
    assert "Exit status 0: " in run("audit", "/one-book/")[1]
    assert "Exit status 1: " in run("audit", "/one-book/", "/authors-of-books/")[1]


@audited
def test_json(shop: None) -> None:
    _, stdout, _ = run("audit", "/authors-of-books/", "/prints/", "--format", "json")
    data = json.loads(stdout)
    assert data["findings"][0]["relation"] == "testapp.Book.author"
    assert [e["name"] for e in data["endpoints"]] == ["GET /authors-of-books/", "GET /prints/"]


@audited
def test_round_trip_ms(shop: None) -> None:
    _, stdout, _ = run("audit", "/authors-of-books/", "--round-trip-ms", "2.5", "--format", "json")
    assert json.loads(stdout)["round_trip_ms"] == 2.5


@audited
def test_routes_left_out_are_named_at_v_2(shop: None) -> None:
    assert "        /post/" not in run("audit", "--endpoint", "*p*")[1].splitlines()
    assert "/post/" in run("audit", "--endpoint", "*p*", verbosity=2)[1].split()


@audited
def test_anonymous_audits_say_so(shop: None) -> None:
    assert run("audit", "/")[2] == "no active superuser: requests are anonymous; pass --user NAME\n"
    assert run("audit", "/", "--anonymous")[2] == ""


@audited
def test_output_file(shop: None, tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    status, stdout, _ = run(
        "audit", "/authors-of-books/", "--format", "json", "--output", str(target)
    )
    assert (status, stdout) == (1, "")
    assert json.loads(target.read_text())["version"] == 1


@audited
def test_an_audit_that_cannot_run_leaves_the_file_as_it_was(shop: None, tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_text("before")
    assert run("audit", "/safe/", "--output", str(target))[0] == 2
    assert (target.read_text(), os.listdir(tmp_path)) == ("before", ["report.json"])


EMPTY = "--{} has an empty value; give one or leave the option out"


@audited
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("audit", "--user", "zz"), "--user 'zz': no user of that username, e-mail or key"),
        (("audit", "/nowhere/"), "URL '/nowhere/': no route answers it"),
        (
            ("audit", "--format", "jsn"),
            f"--format 'jsn': no such format; did you mean 'json'? ({FORMATS})",
        ),
        (
            ("audit", "--select", "n-plus-two"),
            "--select 'n-plus-two': no such detector; did you mean 'n-plus-one'? "
            f"({', '.join(NAMES)})",
        ),
        (
            ("audit", "--ignore", "x,n-plus-one"),
            f"--ignore 'x': no such detector ({', '.join(NAMES)})",
        ),
        (
            ("audit", "--database", "oter"),
            "--database 'oter': no such alias; did you mean 'other'? (default, other)",
        ),
        (("audit", "--output", "/"), "--output '/': Is a directory"),
        (
            ("rule", "query-budgt"),
            "rule 'query-budgt': no such detector; did you mean "
            f"'query-budget'? ({', '.join(NAMES)})",
        ),
        (("audit", "--user", ""), EMPTY.format("user")),
        (("audit", "--output", " "), EMPTY.format("output")),
        (("audit", "--database", ""), EMPTY.format("database")),
        (("audit", "--format", ""), EMPTY.format("format")),
        (("audit", "--endpoint", "/api/*", "--endpoint", ""), EMPTY.format("endpoint")),
        (("audit", "--select", ","), EMPTY.format("select")),
        (("audit", "--ignore", ""), EMPTY.format("ignore")),
        (("audit", "/", ""), "a URL is empty; give one or none at all for every page"),
        (("audit", "/caf\udce9/"), r"URL '/caf\udce9/' is not valid UTF-8; write its bytes as %XX"),
        (("audit", "/a\x1b[31m\n/"), r"URL '/a\x1b[31m\n/': no route answers it"),
        (
            ("audit", "--user", "\udce9"),
            r"--user '\udce9': no user of that username, e-mail or key",
        ),
        (
            ("audit", "--timeout", "soon"),
            "Error: argument --timeout: 'soon' is not a number of seconds, 0 or more",
        ),
        (("audit", "--repeat", "0"), "Error: argument --repeat: '0' is not a whole number above 0"),
        (
            ("audit", "--round-trip-ms", "nan"),
            "Error: argument --round-trip-ms: 'nan' is not a number of milliseconds, 0 or more",
        ),
    ],
)
def test_bad_input(shop: None, arguments: tuple[str, ...], message: str) -> None:
    status, stdout, stderr = run(*arguments)
    assert stdout == ""
    assert stderr == message
    assert status == (1 if message.startswith("Error") else 2)  # from a shell, argparse exits 2


@audited
def test_wrong_settings_are_refused(shop: None, settings: Any) -> None:
    settings.QUERYSCOPE = {"QUERY_BUGET": 3}
    status, _, stderr = run("audit", "/")
    assert status == 2
    assert stderr == "QUERYSCOPE has no option 'QUERY_BUGET'; did you mean 'QUERY_BUDGET'?"


FAULTS = {
    "raise ValueError('of\\n  the \\x1b[31mproject')": r"ValueError: of the \x1b[31mproject",
    "import nowhere": "ModuleNotFoundError: No module named 'nowhere'",
    "raise SystemExit(0)": "SystemExit: 0",
    "import asyncio; raise asyncio.CancelledError": "CancelledError",
    "raise RecursionError": "RecursionError",
}


@audited
@pytest.mark.parametrize("code", FAULTS)
def test_an_unexpected_exception_is_one_line(
    shop: None, settings: Any, tmp_path: Path, monkeypatch: Any, code: str
) -> None:
    (tmp_path / "faulty_urls.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    settings.ROOT_URLCONF = "faulty_urls"
    place = f"({tmp_path}/faulty_urls.py:1)"
    line = f"audit failed: {FAULTS[code]} {place}; --traceback shows all of it"
    assert run("audit") == (2, "", line)
    status, stdout, stderr = run("audit", "--traceback")
    assert (status, stdout) == (2, "")
    assert stderr.startswith("Traceback (most recent call last):\n")
    assert f'File "{tmp_path}/faulty_urls.py", line 1' in stderr


@audited
def test_a_fault_of_queryscope_itself_is_one_line(shop: None, monkeypatch: Any) -> None:
    def fault(*args: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("queryscope.management.auditing.audit", fault)
    status, _, stderr = run("audit")
    assert (status, stderr.startswith("audit failed: AssertionError (")) == (2, True)


@pytest.mark.any_database
def test_the_exit_status_of_a_shell_is_2_with_a_traceback_too(database: str) -> None:
    done = manage(database, "queryscope", "audit", "--user", "zz", "--traceback")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Traceback")


@pytest.mark.parametrize("detector", DETECTORS, ids=NAMES)
def test_rule_prints_the_documentation(detector: Any) -> None:
    status, stdout, _ = run("rule", detector.NAME)
    assert status == 0
    assert stdout.startswith(f"{detector.NAME}: {detector.__doc__.splitlines()[0]}")
    assert "To allow one" in stdout


def test_rule_without_a_name_lists_them_all() -> None:
    status, stdout, _ = run("rule")
    listed = [line.split("  ", 1) for line in stdout.splitlines()]
    assert (status, [name.strip() for name, _ in listed]) == (0, list(NAMES))
    assert all(first.strip() for _, first in listed)


# From a shell: the sample project's manage.py on a database file of its own.


def manage(database: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    settings = {"DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "sample_project.settings"}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def database(tmp_path_factory: Any) -> str:
    """Four projects of four users."""
    url = f"sqlite:///{tmp_path_factory.mktemp('shell') / 'db.sqlite3'}"
    code = (
        "from sample_project.accounts.models import User\n"
        "from sample_project.projects.models import Project\n"
        "for n in range(4):\n"
        "    Project.objects.create(name=str(n), owner=User.objects.create_user(f'u{n}'))\n"
    )
    assert manage(url, "migrate", "-v", "0").returncode == 0
    assert manage(url, "shell", "-v", "0", "-c", code).returncode == 0
    return url


@pytest.mark.any_database
@pytest.mark.parametrize(
    "options",
    [
        "--traceback --settings sample_project.settings --pythonpath . --no-color",
        "-v 2 --force-color",
        "--verbosity=2",
    ],
)
def test_options_of_django_are_taken_before_and_after_the_verb(database: str, options: str) -> None:
    rest = ("--endpoint", "/api/projects/", "--endpoint", "/admin/", "--user", "u1")
    after = manage(database, "queryscope", "audit", *rest, *options.split())
    before = manage(database, "queryscope", *options.split(), "audit", *rest)
    for done in (after, before):
        assert (done.returncode, done.stderr) == (1, "")
        verbose = options.startswith(("-v", "--verbosity"))
        assert ("-v 2" not in done.stdout) is verbose


@pytest.mark.any_database
def test_help_tells_the_exit_status(database: str) -> None:
    text = " ".join(manage(database, "queryscope", "audit", "--help").stdout.split())
    assert "1 findings of severity error or warning; 2 the audit could not run" in text


@pytest.mark.any_database
def test_json_and_nothing_else(database: str) -> None:
    arguments = ("/api/projects/", "--user", "u1", "--format", "json")
    done = manage(database, "queryscope", "audit", *arguments)
    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads(done.stdout)["summary"]["endpoints"] == 1


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("arguments", "last_line"),
    [
        (("audit", "--user", "u1", "/api/nowhere/"), "CommandError: URL '/api/nowhere/'"),
        (("audit", "--repeat", "no"), "manage.py queryscope audit: error: argument"),
        (("adit",), "manage.py queryscope: error: argument COMMAND: invalid choice"),
        (("audit", "--user", "u1", "--anonymous"), "manage.py queryscope audit: error:"),
    ],
)
def test_refusals(database: str, arguments: tuple[str, ...], last_line: str) -> None:
    done = manage(database, "queryscope", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith(last_line)


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("file", "first", "last"),
    [
        ("new.sqlite3", "CommandError: database 'default' has ", "...): run manage.py migrate"),
        ("no/x.sqlite3", "CommandError: cannot reach database 'default' (", "database file"),
    ],
)
def test_database_that_cannot_be_used(tmp_path: Path, file: str, first: str, last: str) -> None:
    done = manage(f"sqlite:///{tmp_path / file}", "queryscope", "audit")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(first)
    assert line.endswith(last)
