"""``manage.py test --queryscope`` on a small project, as its developers run it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import django
import pytest
from django.conf import settings as ours

from .projects import BOOKS, WRITERS, Project, in_memory

#: The names of Django's own runner, and of one that a project has made itself.
STOCK, MIXED = "django.test.runner.DiscoverRunner", "shop.runner.Runner"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, in_memory())


def keys(report: dict[str, Any]) -> set[str]:
    return {finding["key"] for finding in report["findings"]}


# What it finds.


@pytest.mark.parametrize(
    "environ",
    [{}, {"START_METHOD": "fork"}, {"START_METHOD": "spawn"}],
    ids=["serial", "fork", "spawn"],
)
@pytest.mark.parametrize("place", ["memory", "file"])
def test_it_finds_the_same_however_the_tests_run(project, place, environ):
    if place == "file":
        if ours.VENDOR != "sqlite":
            pytest.skip("files are SQLite's")
        if django.VERSION < (6, 0) and environ.get("START_METHOD") == "spawn":
            pytest.skip("Django 5.2 itself cannot clone files for processes that it spawns")
        project.database["TEST"] = {"NAME": str(project.folder / "test.sqlite3")}
    done, report = project.report(*(["--parallel", "2"] if environ else []), **environ)
    assert keys(report) == {WRITERS, BOOKS}
    assert {(e["name"], e["queries"]) for e in report["endpoints"]} == {
        ("GET /authors/", 1),
        ("GET /books/", 2),
        ("shop.reports.writers", 4),
        ("shop.reports.writers_async", 1),
    }
    assert (report["run"], report["whole"], done.status) == ("tests", True, 1)
    assert "Ran 5 tests" in done.out
    assert "\nOK\n" in done.out
    assert "shop.tests.test_reports.ReportTests.test_writers\n" in done.out
    assert "shop.tests.test_views.ListTests.test_books\n" in done.out
    assert "2 new findings, cured by 2 changes." in done.out


def test_requests_to_a_live_server_are_recorded(project):
    project.write(
        "shop/tests/test_live.py",
        """
import json
from urllib.request import urlopen

from django.test import LiveServerTestCase

from .rows import make


class LiveTests(LiveServerTestCase):
    def test_books(self):
        make(3)
        with urlopen(f"{self.live_server_url}/books/") as response:
            self.assertEqual(len(json.load(response)["books"]), 3)
""",
    )
    done, report = project.report("shop.tests.test_live")
    assert keys(report) == {BOOKS}
    assert [e["queries"] for e in report["endpoints"]] == [4]
    assert "shop.tests.test_live.LiveTests.test_books\n" in done.out


# What it comes to.


def test_without_the_option_nothing_is_different(project):
    project.baseline.write_text("{")
    plain, recorded = project.test(RUNNER=STOCK), project.test()
    assert (recorded.status, plain.status) == (0, 0)
    assert re.sub(r"in [\d.]+s", "", recorded.out) == re.sub(r"in [\d.]+s", "", plain.out)


@pytest.mark.any_database
def test_what_is_accepted_passes_and_what_is_new_fails(project):
    accepted = project.test("--queryscope", "--queryscope-update")
    assert (accepted.status, "2 known findings in" in accepted.out) == (0, True)
    blocks = json.loads(project.baseline.read_text())["findings"]
    assert {(block["key"], block["run"]) for block in blocks} == {
        (WRITERS, "tests"),
        (BOOKS, "tests"),
    }
    for parallel in ([], ["--parallel", "2"]):
        known = project.test("--queryscope", *parallel)
        assert (known.status, "Nothing new." in known.out) == (0, True)
    project.replace("shop/reports.py", '.select_related("author")', ".all()")
    project.replace("shop/reports.py", "book.author.name async", "book.author_id async")
    project.replace(
        "shop/views.py", "author.name for", "[author.name, author.book_set.count()] for"
    )
    project.replace(
        "shop/tests/test_views.py", '{"authors": ["Author 0"]}', '{"authors": [["Author 0", 1]]}'
    )
    new = project.test("--queryscope")
    assert (new.status, "1 new finding, cured by 1 change." in new.out, "\nOK\n" in new.out) == (
        1,
        True,
        True,
    )
    assert "Author.book_set.count() is asked for each Author row" in new.out
    assert "Book.author is loaded" not in new.out


@pytest.mark.any_database
def test_a_failing_test_fails_as_ever_and_is_no_whole_run(project):
    project.replace("shop/tests/test_views.py", '"Author 0"]]', '"Nobody"]]')
    done, report = project.report()
    assert (done.status, "FAILED (failures=1)" in done.out) == (1, True)
    assert (report["whole"], keys(report)) == (False, {WRITERS, BOOKS})


@pytest.mark.any_database
def test_a_skipped_test_is_no_whole_run_and_hides_no_fix(project):
    project.test("--queryscope", "--queryscope-update")
    project.write(
        "shop/tests/test_skipped.py",
        """
import unittest


class Tests(unittest.TestCase):
    @unittest.skip("for a test")
    def test(self):
        pass
""",
    )
    project.replace("shop/reports.py", 'order_by("title")', 'select_related("author")')
    done, report = project.report()
    assert (report["whole"], report["chosen"]) == (False, False)
    assert (done.status, "1 known finding fixed" in done.out) == (0, True)


@pytest.mark.any_database
@pytest.mark.parametrize(
    "chosen", [["shop.tests.test_views"], ["-k", "books"], ["--tag", "slow"]], ids=str
)
def test_a_choice_of_tests_is_no_whole_run(project, chosen):
    assert project.report(*chosen)[1]["whole"] is False


@pytest.mark.any_database
def test_a_run_that_records_nothing_says_so(project):
    lenient = project.test("--queryscope", "--tag", "none")
    assert (lenient.status, "No query was recorded" in lenient.out) == (0, True)
    strict = project.test("--queryscope", "--queryscope-strict", "--tag", "none")
    assert (strict.status, "Strict: no query was captured." in strict.out) == (1, True)


@pytest.mark.any_database
def test_a_format_is_written_instead_of_the_summary(project):
    done = project.test("--queryscope", "--queryscope-format", "json", "-v", "0")
    report = json.loads(done.out[done.out.index("{") :].partition("\n---")[0])
    assert keys(report) == {WRITERS, BOOKS}
    assert "new findings" not in done.out


@pytest.mark.any_database
def test_a_module_that_cannot_be_imported_is_told_as_ever(project):
    project.write("shop/tests/test_broken.py", "import nothing_of_that_name")
    done = project.test("--queryscope", "shop.tests.test_broken")
    assert (done.status, "No module named 'nothing_of_that_name'" in done.out) == (1, True)


@pytest.mark.any_database
def test_a_format_beside_a_file_is_that_of_the_file(project):
    done = project.test(
        "--queryscope", "--queryscope-format", "markdown", "--queryscope-output", "report.md"
    )
    assert "2 new findings, cured by 2 changes." in done.out
    assert "shop/reports.py" in (project.folder / "report.md").read_text()


# A runner of the project's own.


@pytest.mark.any_database
def test_the_mixin_records_with_a_runner_of_the_projects_own(project):
    project.write(
        "shop/runner.py",
        """
from django.test.runner import DiscoverRunner, ParallelTestSuite

from queryscope.testing import QueryScopeRunnerMixin


def run_subsuite(args):
    print("own suite", flush=True)
    return ParallelTestSuite.run_subsuite(args)


class Suite(ParallelTestSuite):
    run_subsuite = run_subsuite


class OwnRunner(DiscoverRunner):
    parallel_test_suite = Suite

    def run_suite(self, suite, **kwargs):
        print("own runner")
        return super().run_suite(suite, **kwargs)


class Runner(QueryScopeRunnerMixin, OwnRunner):
    pass
""",
    )
    project.replace("project_settings.py", '["queryscope", "shop"]', '["shop"]')
    for parallel in ([], ["--parallel", "2"]):
        done, report = project.report(*parallel, RUNNER=MIXED)
        assert keys(report) == {WRITERS, BOOKS}
        assert ("own runner" in done.out, "own suite" in done.out) == (True, bool(parallel))


# What cannot be done is said before any test runs.


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--queryscope"], "CommandError: queryscope: queryscope-baseline.json:2: not JSON"),
        (["--queryscope", "--queryscope-baseline", "."], "the baseline . is no file; name one"),
        (["--queryscope", "--queryscope-baseline", ""], "--queryscope-baseline has an empty value"),
        (["--queryscope", "--queryscope-format", "jsn"], "did you mean 'json'"),
        (["--queryscope-update"], "--queryscope-update does nothing without --queryscope"),
        (["--queryscope-output", "f"], "--queryscope-output does nothing without --queryscope"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_refused(project, options, says):
    project.baseline.write_text('{"version": 1,\n oops')
    done = project.test(*options)
    assert done.status == 2
    assert says in done.out
    assert done.out.count("\n") == 1


@pytest.mark.any_database
def test_wrong_settings_are_refused(project):
    project.replace("project_settings.py", "USE_TZ", 'QUERYSCOPE = {"BASELIN": "a"}\nUSE_TZ')
    done = project.test("--queryscope")
    assert (done.status, "did you mean 'BASELINE'" in done.out) == (2, True)
