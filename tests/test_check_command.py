"""``check`` and ``baseline`` on a project that changes between two runs."""

from __future__ import annotations

import io
import json
import linecache
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import clear_url_caches

from queryscope.core.reporters import REPORTERS

ALIASES = ("default", "other")
NAME = "queryscope-baseline.json"

HEAD = """\
from django.http import HttpResponse
from django.urls import path

from tests.testapp.models import Author, Book, Country
"""
URLS = """
urlpatterns = [path("books/", books), path("authors/", authors)]
"""
AUTHORS = """
def authors(request):
    return HttpResponse(Author.objects.count())
"""
CLEAN = """
def books(request):
    return HttpResponse([book.author.name for book in Book.objects.select_related("author")])
"""
KNOWN = """
def books(request):
    return HttpResponse([book.author.name for book in Book.objects.all()])
"""
MOVED_DOWN = "\n\n# A comment.\n" + KNOWN
ANOTHER = """
def books(request):
    text = [book.author.name for book in Book.objects.all()]
    return HttpResponse(text + [len(book.reviews.all()) for book in Book.objects.order_by("pk")])
"""
TWICE = """
def books(request):
    text = [book.author.name for book in Book.objects.all()]
    return HttpResponse(text + [book.author.email for book in Book.objects.order_by("-pk")])
"""
RENAMED = """
def books(request):
    return HttpResponse(names())


def names():
    return [book.author.name for book in Book.objects.all()]
"""
BROKEN = """
def books(request):
    raise ValueError("no books today")
"""

Run = tuple[int, str, str]
pytestmark = [pytest.mark.django_db(databases=ALIASES), pytest.mark.any_database]


def run(*arguments: str) -> Run:
    """Exit status, stdout, stderr."""
    stdout, stderr = io.StringIO(), io.StringIO()
    status = 0
    try:
        anonymous = () if "--from" in arguments else ("--anonymous",)
        call_command("queryscope", *arguments, *anonymous, stdout=stdout, stderr=stderr)
    except SystemExit as end:
        status = int(end.code or 0)
    except CommandError as error:
        return error.returncode, stdout.getvalue(), stderr.getvalue() + str(error)
    return status, stdout.getvalue(), stderr.getvalue()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Callable[..., None]:
    """Write the project's only module, in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    # It may be changed within a second, to the same size.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    settings.ROOT_URLCONF = "bookshop"

    def write(*views: str) -> None:
        code = "".join((HEAD, *views, *([] if AUTHORS in views else [AUTHORS]), URLS))
        (tmp_path / "bookshop.py").write_text(code)
        monkeypatch.delitem(sys.modules, "bookshop", raising=False)
        linecache.checkcache()
        clear_url_caches()

    return write


@pytest.fixture
def rows() -> Callable[[int], None]:
    from tests.testapp.models import Author, Book

    def make(number: int) -> None:
        for n in range(number):
            address = f"{Author.objects.count()}@example.com"
            author = Author.objects.create(name=f"{n}", email=address)
            Book.objects.create(title=f"{n}", author=author)

    return make


@pytest.mark.parametrize(
    ("before", "after", "status", "told"),
    [
        (CLEAN, CLEAN, 0, "Nothing new."),
        (CLEAN, KNOWN, 1, "1 new finding."),
        (KNOWN, KNOWN, 0, f"1 known finding, accepted in {NAME}."),
        (KNOWN, MOVED_DOWN, 0, "Nothing new."),
        (KNOWN, ANOTHER, 1, "Book.reviews is loaded for each Book row"),
        (KNOWN, TWICE, 1, "(accepted: 1)"),
        (TWICE, KNOWN, 0, "(now 1)"),
        (KNOWN, CLEAN, 0, "1 known finding fixed, to be taken out by --prune:"),
        (KNOWN, RENAMED, 1, "--accept-moved takes the new names over"),
        (KNOWN, BROKEN, 0, "1 known finding was not exercised by this run"),
    ],
)
def test_only_what_is_new_fails(
    project: Any, rows: Any, before: str, after: str, status: int, told: str
) -> None:
    rows(3)
    project(before)
    assert run("baseline")[0] == 0
    project(after)
    ended, stdout, _ = run("check")
    assert told in stdout
    assert ended == status


@pytest.mark.parametrize("number", [1, 30])
def test_rows_that_come_are_nothing_new(project: Any, rows: Any, number: int) -> None:
    rows(3)
    project(KNOWN)
    run("baseline")
    rows(number)
    assert run("check")[0] == 0


def test_one_row_hides_nothing(project: Any, rows: Any) -> None:
    rows(1)
    project(KNOWN)
    assert run("audit")[0] == 0
    status, stdout, _ = run("check")
    assert status == 1
    assert "there is one row now" in stdout
    run("baseline")
    assert run("check")[0] == 0


def test_without_a_baseline_everything_is_new_and_it_says_what_to_do(
    project: Any, rows: Any
) -> None:
    rows(3)
    project(KNOWN)
    status, stdout, _ = run("check")
    assert status == 1
    assert "There is no baseline yet" in stdout
    assert "python manage.py queryscope baseline" in stdout


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (KNOWN, CLEAN, "1 known finding fixed"),
        (TWICE, KNOWN, "(now 1)"),
        (KNOWN, BROKEN, "Strict: 1 endpoint (GET /books/) failed."),
    ],
)
def test_strict_wants_the_baseline_to_be_true(
    project: Any, rows: Any, before: str, after: str, told: str
) -> None:
    rows(3)
    project(before)
    run("baseline")
    project(after)
    status, stdout, _ = run("check", "--strict")
    assert (status, told in stdout) == (1, True)
    if after is not BROKEN:
        assert run("check", "--strict", "--prune")[0] == 0
        assert run("check", "--strict")[0] == 0


def test_a_rename_is_taken_over_when_asked(project: Any, rows: Any) -> None:
    rows(3)
    project(KNOWN)
    run("baseline")
    project(RENAMED)
    assert run("check")[0] == 1
    assert run("check", "--accept-moved")[0] == 0
    assert run("check", "--strict")[0] == 0
    assert "::names::" in Path(NAME).read_text()


def test_a_part_leaves_the_rest_of_the_baseline(project: Any, rows: Any) -> None:
    rows(3)
    project(KNOWN)
    run("baseline")
    written = Path(NAME).read_text()
    run("baseline", "/authors/")
    assert Path(NAME).read_text() == written
    assert "not exercised" in run("check", "/authors/")[1]


def test_a_baseline_that_says_the_same_is_not_written(project: Any, rows: Any) -> None:
    rows(3)
    project(KNOWN)
    run("baseline")
    path = Path(NAME)
    stat = path.stat()
    status, stdout, _ = run("baseline")
    assert (status, stdout) == (0, f"1 known finding in {NAME}, as before\n")
    assert path.stat().st_mtime_ns == stat.st_mtime_ns


def test_a_stored_report_is_judged_as_the_audit_was(project: Any, rows: Any) -> None:
    rows(3)
    project(KNOWN)
    run("audit", "--format", "json", "--output", "audit.json")
    assert run("check", "--from", "audit.json")[0] == 1
    assert run("baseline", "--from", "audit.json")[0] == 0
    assert run("check", "--from", "audit.json")[0] == 0
    assert run("check")[0] == 0


def test_the_json_of_a_check_says_what_became_of_each(project: Any, rows: Any) -> None:
    rows(3)
    project(TWICE)
    run("baseline")
    project(ANOTHER)
    status, stdout, _ = run("check", "--format", "json")
    report = json.loads(stdout)
    assert status == 1
    assert [f["relation"] for f in report["findings"]] == ["testapp.Book.reviews"]
    assert [f["relation"] for f in report["gate"]["known"]] == ["testapp.Book.author"]
    assert [accepted["count"] for accepted in report["gate"]["shrunk"]] == [1]


@pytest.mark.parametrize("name", REPORTERS)
def test_every_format_tells_what_is_new(project: Any, rows: Any, name: str) -> None:
    rows(3)
    project(KNOWN)
    status, stdout, _ = run("check", "--format", name)
    assert status == 1
    assert "Book.author" in stdout
    assert "bookshop.py" in stdout


CONFLICT = "{\n<<<<<<< HEAD\n"
MEND = "mend it, or delete it and write it anew: manage.py queryscope baseline"


@pytest.mark.parametrize("verb", ["check", "baseline"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CONFLICT, f"{NAME}:2: a merge conflict is left: keep the blocks of both sides; {MEND}"),
        ("{", f"{NAME}:1: not JSON: Expecting property name enclosed in double quotes; {MEND}"),
    ],
)
def test_a_baseline_that_cannot_be_read(project: Any, verb: str, text: str, message: str) -> None:
    project(CLEAN)
    Path(NAME).write_text(text)
    assert run(verb) == (2, "", message)
    assert Path(NAME).read_text() == text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check", "--select", "n-plus-two"), "--select 'n-plus-two': no such detector"),
        (("check", "--format", "xml"), "--format 'xml': no such format"),
        (("check", "--baseline", ""), "--baseline has an empty value"),
        (("check", "--baseline", "."), "the baseline . is no file; name one"),
        (("check", "--from", "none.json"), "none.json: no such file"),
        (
            ("check", "--from", NAME, "/books/"),
            "--from judges what is in the report: leave URLs out",
        ),
        (("check", "--changed-since=-x"), "--changed-since '-x' is no revision"),
        (("check", "--changed-since", "none"), "--changed-since 'none': "),
    ],
)
def test_bad_input(project: Any, rows: Any, arguments: tuple[str, ...], message: str) -> None:
    rows(1)
    project(CLEAN)
    status, stdout, stderr = run(*arguments)
    assert (status, stdout) == (2, "")
    assert stderr.startswith(message)


def test_what_an_environment_names_need_not_be_there(
    project: Any, rows: Any, monkeypatch: Any
) -> None:
    rows(1)
    project(CLEAN)
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    assert run("check")[0] == 0


def git(*arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run(("git", *identity, *arguments), check=True, capture_output=True)


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("[book.author.name for book in books]", "line=8"),
        ("books = Book.objects.all()", "line=7"),
    ],
)
def test_an_annotation_is_put_on_a_changed_line(
    project: Any, rows: Any, line: str, place: str
) -> None:
    view = """
def books(request):
    books = Book.objects.all()
    return HttpResponse([book.author.name for book in books])
"""
    rows(3)
    project(view.replace(line, line.replace("book", "beek")))
    git("init", "--initial-branch=main")
    git("add", "bookshop.py")
    git("commit", "--message=before")
    project(view)
    status, stdout, _ = run("check", "--format", "github", "--changed-since", "main")
    assert status == 1
    assert f"::warning file=bookshop.py,{place}," in stdout


def test_budgets_are_told_over_and_under(project: Any, rows: Any, settings: Any) -> None:
    settings.QUERYSCOPE = {
        **settings.QUERYSCOPE,
        "QUERY_BUDGETS": {"/books/": {"queries": 2}, "/authors/": 5},
    }
    rows(3)
    project(KNOWN)
    status, stdout, _ = run("check", "--select", "query-budget", "-v", "2")
    assert status == 1
    assert "1 budget exceeded:" in stdout
    assert "1 budget kept:" in stdout
    run("baseline", "--select", "query-budget")
    assert run("check", "--select", "query-budget")[0] == 0
    rows(1)
    assert run("check", "--select", "query-budget")[0] == 1


def test_a_ratio_is_of_the_recorded_run(project: Any, rows: Any, settings: Any) -> None:
    settings.QUERYSCOPE = {
        **settings.QUERYSCOPE,
        "QUERY_BUDGETS": {"/books/": {"database_ratio": 2}},
    }
    rows(3)
    project(KNOWN)
    run("baseline")
    data = json.loads(Path(NAME).read_text())
    assert list(data["recorded"]) == ["GET /books/"]
    assert "1 budget kept" in run("check")[1]


def test_what_depends_on_the_machine_is_judged_when_named(
    project: Any, rows: Any, settings: Any
) -> None:
    settings.QUERYSCOPE = {"SLOW_QUERY_MS": 0}
    rows(3)
    project(CLEAN)
    assert run("check")[0] == 0
    assert run("check", "--select", "slow-query")[0] == 1


@pytest.mark.parametrize(("folder", "place"), [(".", "bookshop.py"), ("back", "back/bookshop.py")])
@pytest.mark.parametrize("name", ["github", "sarif", "gitlab"])
def test_hosts_name_files_from_the_root_of_the_repository(
    tmp_path: Path, rows: Any, monkeypatch: Any, settings: Any, name: str, folder: str, place: str
) -> None:
    below = tmp_path / folder
    below.mkdir(exist_ok=True)
    (below / "bookshop.py").write_text(HEAD + KNOWN + AUTHORS + URLS)
    monkeypatch.chdir(below)
    monkeypatch.syspath_prepend(below)
    monkeypatch.delitem(sys.modules, "bookshop", raising=False)
    settings.ROOT_URLCONF = "bookshop"
    clear_url_caches()
    git("init", str(tmp_path))
    rows(3)
    status, stdout, _ = run("check", "--format", name)
    assert status == 1
    assert ("back/bookshop.py" in stdout) is (folder == "back")
    assert place in stdout


def test_an_empty_database_fixes_nothing(project: Any, rows: Any) -> None:
    from tests.testapp.models import Book

    rows(3)
    project(KNOWN)
    run("baseline")
    written = Path(NAME).read_text()
    Book.objects.all().delete()
    status, stdout, _ = run("check", "--prune")
    assert (status, "not exercised" in stdout) == (0, True)
    assert Path(NAME).read_text() == written


def test_a_stored_report_is_judged_by_the_budgets_of_today(
    project: Any, rows: Any, settings: Any
) -> None:
    rows(3)
    project(KNOWN)
    run("audit", "--format", "json", "--output", "audit.json")
    run("baseline", "--from", "audit.json")
    settings.QUERYSCOPE = {**settings.QUERYSCOPE, "QUERY_BUDGETS": {"/books/": 1}}
    status, stdout, _ = run("check", "--from", "audit.json")
    assert (status, "4 queries, the budget is 1" in stdout) == (1, True)
    assert run("check", "--from", "audit.json", "--ignore", "query-budget")[0] == 0


def test_a_ratio_that_nothing_was_recorded_for_fails_when_strict(
    project: Any, rows: Any, settings: Any
) -> None:
    rows(3)
    project(CLEAN)
    run("baseline")
    settings.QUERYSCOPE = {
        **settings.QUERYSCOPE,
        "QUERY_BUDGETS": {"/books/": {"database_ratio": 2}},
    }
    assert run("check")[0] == 0
    status, stdout, _ = run("check", "--strict")
    told = "Strict: 1 ratio budget (GET /books/) without a recorded time."
    assert (status, told in stdout) == (1, True)


@pytest.mark.parametrize("option", ["--user=anna", "--admin", "--repeat=2", "--endpoint=/books/"])
def test_what_a_stored_report_does_not_take(project: Any, option: str) -> None:
    status, stdout, stderr = run("check", "--from", "audit.json", option)
    assert (status, stdout) == (2, "")
    assert stderr.startswith("--from judges what is in the report: leave --")


def test_prune_writes_no_baseline_where_there_is_none(project: Any, rows: Any) -> None:
    rows(3)
    project(CLEAN)
    assert run("check", "--prune", "--accept-moved")[0] == 0
    assert not Path(NAME).exists()
