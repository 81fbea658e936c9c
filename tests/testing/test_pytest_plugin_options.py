"""Options, exit statuses, formats; wrong ones are one line."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from queryscope.testing.verdict import ChoiceError, Choices
from tests.testing.plugin_project import Project

pytestmark = pytest.mark.any_database


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--queryscope-update"], "--queryscope-update does nothing without --queryscope"),
        (["--queryscope", "--queryscope-format=sariff"], "did you mean 'sarif'?"),
        (["--queryscope", "--queryscope-baseline=broken.json", "-n1"], "broken.json:1"),
        (["--queryscope"], "queryscope-baseline.json:1"),
        (["--queryscope", "-n1"], "queryscope-baseline.json:1"),
        (["--queryscope", "--queryscope-output=no/file"], "--queryscope-output 'no/file'"),
    ],
)
def test_errors_are_one_line_and_wrong_usage(
    project: Project, options: list[str], said: str
) -> None:
    broken = "<<<<<<< ours\n"
    project.write({"broken.json": broken, "queryscope-baseline.json": broken})

    outcome = project.pytest(*options, report=False)

    assert outcome.status == pytest.ExitCode.USAGE_ERROR
    assert said in outcome.text
    assert len([line for line in outcome.text.splitlines() if line.startswith("ERROR")]) == 1
    assert "Traceback" not in outcome.text
    assert " queryscope =" not in outcome.text
    assert "passed" not in outcome.text


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"output": "nowhere/report.json"}, "No such file or directory"),
        ({"output": ""}, "--queryscope-output has an empty value"),
        ({"baseline": " "}, "--queryscope-baseline has an empty value"),
        ({"baseline": "."}, "is no file"),
        ({"format": "tables"}, "--queryscope-format 'tables' is none of table, json"),
    ],
)
def test_choices_that_cannot_be_followed(
    choice: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fine = Choices(baseline=None, update=False, strict=False, output=None, format="")

    with pytest.raises(ChoiceError, match=re.escape(said)):
        replace(fine, **choice)


def test_wrong_settings_are_one_line(project: Project) -> None:
    settings = (project.folder / "project_settings.py").read_text()
    project.write({"project_settings.py": settings.replace("SLOW_QUERY_MS", "SLOW_QUERY")})

    outcome = project.pytest("--queryscope")

    assert outcome.status == pytest.ExitCode.USAGE_ERROR, outcome.text
    assert "QUERYSCOPE has no option 'SLOW_QUERY'; did you mean 'SLOW_QUERY_MS'?" in outcome.text
    assert "Traceback" not in outcome.text


@pytest.mark.parametrize(("strict", "status"), [((), 0), (("--queryscope-strict",), 1)])
def test_is_never_green_on_nothing(project: Project, strict: tuple[str, ...], status: int) -> None:
    project.write({"tests/test_services.py": "def test_nothing(): pass\n"})

    outcome = project.pytest("--queryscope", *strict)

    assert outcome.status == status
    assert "No query was recorded" in outcome.summary


@pytest.mark.parametrize(
    ("options", "red", "said"),
    [
        ([], True, "queryscope: 1 new finding fails this run (exit status 1)"),
        (["--queryscope-update"], False, "queryscope: the baseline is up to date"),
        (["-k", "nothing"], False, "queryscope: nothing was recorded"),
        (["-k", "nothing", "--queryscope-strict"], True, "queryscope: what --queryscope-strict"),
    ],
    ids=str,
)
def test_the_last_line_says_whether_it_fails(
    project: Project, options: list[str], red: bool, said: str
) -> None:
    project.write({"tests/test_nothing.py": "def test_nothing(): pass\n"})

    outcome = project.pytest("--queryscope", "--color=yes", *options, report=False)

    last = next(line for line in outcome.text.splitlines() if "queryscope: " in line)
    assert said in last
    assert last.startswith("\x1b[31m" if red else "\x1b[32m")
    assert outcome.status == int(red)


def test_other_exit_statuses_stay(project: Project) -> None:
    nothing = project.pytest("--queryscope", "-k", "no_such_test")
    assert nothing.status == pytest.ExitCode.NO_TESTS_COLLECTED

    project.write({"tests/test_services.py": "def broken(:\n"})
    assert project.pytest("--queryscope").status == pytest.ExitCode.INTERRUPTED


def test_writes_other_formats(project: Project) -> None:
    arguments = ["--queryscope", "--queryscope-format=sarif", "--queryscope-output=out.sarif"]
    written = project.pytest(*arguments, cwd="tests", report=False)
    printed = project.pytest("--queryscope", "--queryscope-format=github", report=False)

    assert "1 new finding, cured by 1 change." in written.summary
    results = json.loads((project.folder / "tests/out.sarif").read_text())["runs"][0]["results"]
    assert [result["ruleId"] for result in results] == ["n-plus-one"]
    assert "::warning" in printed.summary
    assert "file=shop/services.py" in printed.summary
