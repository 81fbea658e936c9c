"""``queryscope diff`` as one types it. Without a mark for it, no test here may ask a database."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from queryscope.core.findings import Report
from queryscope.core.gate import Gate
from queryscope.core.reporters import REPORTERS
from tests.core.reporters import comparisons, reports
from tests.test_command import audited, run, shop  # noqa: F401


@pytest.fixture
def stored(tmp_path: Path) -> Any:
    def write(name: str, report: Report, encoding: str = "utf-8") -> str:
        path = tmp_path / name
        path.write_text(REPORTERS["json"](report), encoding=encoding)
        return str(path)

    return write


@pytest.fixture
def pair(stored: Any) -> tuple[str, str]:
    before, after = comparisons.REGRESSION
    return stored("before.json", before), stored("after.json", after)


@audited
def test_two_audits_of_a_page_that_grew(shop: None, tmp_path: Path) -> None:  # noqa: F811
    from tests.testapp.models import Author, Book

    before, after = str(tmp_path / "before.json"), str(tmp_path / "after.json")
    page = ("audit", "/authors-of-books/", "/", "--format", "json", "--output")
    assert run(*page, before)[0] == 1
    author = Author.objects.create(name="d", email="d@example.com")
    for number in range(3):
        Book.objects.create(title=f"more {number}", author=author)
    assert run(*page, after)[0] == 1
    status, stdout, _ = run("diff", before, after)
    assert status == 0
    assert stdout.startswith("+3 queries on 1 endpoint")
    assert "GET /authors-of-books/" in stdout
    assert "fixed" not in stdout
    assert "finding" not in stdout.partition(".")[0]  # more rows, the same N+1
    assert run("diff", after, before)[1].startswith("-3 queries on 1 endpoint")
    assert run("diff", after, after)[1].startswith("Nothing changed: 2 endpoints, ")


@audited
def test_an_n_plus_one_that_comes_and_goes(shop: None, tmp_path: Path) -> None:  # noqa: F811
    before, after = str(tmp_path / "before.json"), str(tmp_path / "after.json")
    page = ("audit", "/authors-of-books/", "--format", "json", "--output")
    run(*page, before, "--ignore", "n-plus-one")
    run(*page, after)
    stdout = run("diff", before, after)[1]
    assert stdout.startswith("1 new finding.")
    assert 'Book.objects.select_related("author")' in stdout
    assert "--> tests/audit/views.py:" in stdout
    assert run("diff", after, before)[1].startswith("1 finding fixed.")


def test_it_tells_and_does_not_judge(pair: tuple[str, str]) -> None:
    status, stdout, stderr = run("diff", *pair)
    assert (status, stderr) == (0, "")
    assert stdout.startswith("+50 queries on 1 endpoint, 1 new finding.\n")
    assert run("diff", *pair[::-1])[0] == 0


@pytest.mark.parametrize(
    ("style", "start"),
    [("table", "+50 queries"), ("markdown", "### queryscope: "), ("json", '{\n  "version": 1,')],
)
def test_formats(pair: tuple[str, str], tmp_path: Path, style: str, start: str) -> None:
    status, stdout, _ = run("diff", *pair, "--format", style)
    assert (status, stdout.startswith(start)) == (0, True)
    out = tmp_path / "out"
    assert run("diff", *pair, "--format", style, "--output", str(out)) == (0, "", "")
    assert out.read_text(encoding="utf-8").rstrip("\n") == stdout.rstrip("\n")


def test_verbosity(stored: Any) -> None:
    rows = tuple(reports.endpoint(f"GET /{n}/", n) for n in range(100, 200))
    files = stored("a", comparisons.run(endpoints=())), stored("b", comparisons.run(endpoints=rows))
    assert "and 60 more endpoints (-v 2 names them)" in run("diff", *files)[1]
    assert run("diff", *files, "-v", "2")[1].count("GET /1") == 100


def test_a_check_is_compared_with_all_that_it_knew(stored: Any) -> None:
    found, known = reports.DUPLICATE, reports.finding()
    gate = Gate("queryscope-baseline.json", known=(known,))
    before = stored("before.json", comparisons.run(found, known))
    after = stored("after.json", replace(comparisons.run(found), gate=gate))
    assert run("diff", before, after)[1].startswith("Nothing changed: ")


def test_the_report_of_a_copy_elsewhere(tmp_path: Path) -> None:
    here = os.path.join(os.getcwd(), "shop", "views.py")
    found = reports.finding(location=reports.Location(here, 3, "f"), origin=None)
    local = REPORTERS["json"](comparisons.run(found))
    (tmp_path / "local").write_text(local)
    (tmp_path / "ci").write_text(local.replace(os.getcwd(), "/builds/acme/shop"))
    for pair in (("local", "ci"), ("ci", "local")):
        stdout = run("diff", *(str(tmp_path / name) for name in pair))[1]
        assert stdout == "Nothing changed: 2 endpoints, 104 queries, 1 finding.\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_files_as_shells_of_windows_write_them(stored: Any, encoding: str) -> None:
    report = comparisons.run(reports.finding(message="naïve 项目"))
    files = stored("a.json", report), stored("b.json", report, encoding)
    assert run("diff", *files) == (0, "Nothing changed: 2 endpoints, 104 queries, 1 finding.\n", "")


# What ends with exit status 2, in one line.

WHOLE = REPORTERS["json"](reports.FULL)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"queryscope 0.1.0, sqlite", ":1: not JSON (Expecting value)"),
        (WHOLE[:900].encode(), "not JSON (it ends too early)"),
        (b"\xff\xfe\x00", "not a text file"),
        (b'{"a": "\xe9"}', "not a text file"),
        (b"\x89PNG\r\n\x1a\n", "not a text file"),
        (b"[]", "not a queryscope report"),
        (b"[" * 200_000, "not the JSON of a report"),
        (WHOLE.replace('"version": 1', '"version": 7', 1).encode(), "a report of version 7"),
        (WHOLE.replace('"count": 50', '"count": "50"').encode(), "findings[0].count"),
        (b'{"migrations": [], "rejected": [], "droppable": []}', "the JSON of advise"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_what_is_no_report(
    stored: Any, tmp_path: Path, content: bytes, why: str, first: bool
) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    files = [str(path), stored("good.json", reports.FULL)]
    status, stdout, stderr = run("diff", *(files if first else files[::-1]))
    assert (status, stdout) == (2, "")
    assert stderr.startswith(f"{path}")
    assert why in stderr
    assert "\n" not in stderr


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("missing.json", "after.json"), "missing.json: no such file; write it with: audit "),
        (("{pair}", "missing.json"), "missing.json: no such file"),
        (("{pair}", "{folder}"), "cannot be read: Is a directory"),
        (("{pair}", "a\0b"), "cannot be read: embedded null byte"),
        (("{pair}", ""), "after has an empty value: diff BEFORE.json AFTER.json"),
        (("{pair}", "{pair}", "--format", "tabel"), "did you mean 'table'?"),
        (("{pair}", "{pair}", "--format", ""), "format has an empty value"),
        (("{pair}", "{pair}", "--output", "{folder}"), "Is a directory"),
        (("{pair}",), "AFTER.json"),
    ],
)
def test_what_cannot_run(
    pair: tuple[str, str], tmp_path: Path, arguments: tuple[str, ...], why: str
) -> None:
    given = [a.replace("{pair}", pair[0]).replace("{folder}", str(tmp_path)) for a in arguments]
    status, stdout, stderr = run("diff", *given)
    assert (status, stdout) == (2, "") if len(arguments) > 1 else status != 0
    assert why in stderr


def test_json_is_for_programs(pair: tuple[str, str]) -> None:
    data = json.loads(run("diff", *pair, "--format", "json")[1])
    assert [row["kind"] for row in data["endpoints"]] == ["changed"]
    assert [(row["kind"], row["before"], row["after"]) for row in data["findings"]] == [
        ("new", 0, 1)
    ]
