"""Whole files before and after: each in ``cases`` begins with what its fix is, and ``---`` parts
what is from what comes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from queryscope.core.repairs import Rewrite
from queryscope.editing import edits_for
from queryscope.editing.results import Edits

from .findings import finding, fix, location

CASES = sorted(Path(__file__).with_name("cases").glob("*.txt"))
RUFF = shutil.which("ruff", path=str(Path(sys.executable).parent))


def read(case: Path) -> tuple[dict[str, str], str, str]:
    """The headers of a case, the text before and the text after."""
    head, before, after = case.read_text(encoding="utf-8").split("---\n")
    headers = dict(line.split(": ", 1) for line in head.splitlines() if line)
    return headers, before, after


def edits(file: Path, headers: dict[str, str]) -> Edits:
    parts: dict[str, Any] = {"methods": headers.get("methods", ""), "code": headers.get("code", "")}
    parts["code"] = parts["code"].replace("\\n", "\n")
    parts["head"] = headers.get("head", "Book.objects")
    parts["deferral"] = headers.get("deferral", "")
    parts["drops"] = tuple(headers.get("drops", "").split())
    if "reads" in headers:
        elsewhere = headers.get("elsewhere") == "yes"
        parts["rewrite"] = Rewrite(headers["reads"], headers["becomes"], elsewhere)
    origin = location(file, headers["origin"], headers.get("function", "page"))
    where = location(file, headers["reader"]) if "reader" in headers else None
    found = finding(fix(**parts), origin, where)
    return edits_for([found], [found], str(file.parent))


@pytest.mark.parametrize("case", CASES, ids=[case.stem for case in CASES])
def test_edited(case: Path, tmp_path: Path) -> None:
    headers, before, after = read(case)
    file = tmp_path / "shown.py"
    file.write_text(before, encoding="utf-8")
    done = edits(file, headers)
    if "refused" in headers:
        assert [refusal.reason for refusal in done.refused] == [headers["refused"]]
        assert done.edit.files == {}
        return
    assert [refusal.reason for refusal in done.refused] == []
    assert done.edit.files[str(file)].decode() == after
    applied(done.edit.diff, tmp_path)
    assert file.read_text(encoding="utf-8") == after


def applied(diff: str, folder: Path) -> None:
    patch = shutil.which("patch")
    if patch is None:
        pytest.skip("needs patch")
    subprocess.run([patch, "-p1", "--quiet"], input=diff.encode(), cwd=folder, check=True)


@pytest.mark.skipif(RUFF is None, reason="needs ruff")
@pytest.mark.parametrize("case", CASES, ids=[case.stem for case in CASES])
def test_laid_out_as_ruff_does(case: Path) -> None:
    """What ruff leaves as it is before the edit, it leaves as it is after."""
    headers, before, after = read(case)
    if "refused" in headers or ruff(before) != before:
        return
    assert ruff(after) == after


def ruff(text: str) -> str:
    assert RUFF is not None
    command = [RUFF, "format", "--isolated", "--stdin-filename", "shown.py", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return done.stdout


def test_lines_of_windows_stay(tmp_path: Path) -> None:
    file = tmp_path / "shown.py"
    before = b"def page(request):\r\n    return Book.objects.all()  # \xc3\xa9\r\n"
    file.write_bytes(before)
    done = edits(file, {"methods": '.select_related("author")', "origin": "return Book"})
    expected = before.replace(b".all()", b'.select_related("author")')
    assert done.edit.files == {str(file): expected}
    assert b"-    return Book.objects.all()  # \xc3\xa9\r\n" in done.edit.diff.encode()


def test_the_encoding_stays(tmp_path: Path) -> None:
    file = tmp_path / "shown.py"
    before = b"# -*- coding: latin-1 -*-\ndef page(request):\n    return Book.objects.all()  # \xe9"
    file.write_bytes(before)
    done = edits_of_latin(file)
    expected = before.replace(b".all()", b'.select_related("author")')
    assert done.edit.files == {str(file): expected}
    assert done.edit.diff.count("\\ No newline at end of file\n") == 2


def edits_of_latin(file: Path) -> Edits:
    from queryscope.core.sightings import Location

    origin = Location(str(file), 3, "page", "return Book.objects.all()  # é")
    found = finding(fix('.select_related("author")'), origin)
    return edits_for([found], [found], str(file.parent))


#: A file, its text, and why it is left alone.
ALONE = [
    ("migrations/0001_x.py", "", "0001_x.py is a migration"),
    ("site-packages/x.py", "", "x.py is not the project's own"),
    ("x.py", "# This file is generated: DO NOT EDIT\n", "x.py is generated"),
    ("x.py", "# a\r\n", "x.py has ends of lines of several kinds"),
    ("x.py", "def (\n", "its source cannot be read as Python"),
    ("x.py", "# coding: klingon\n", "the encoding of x.py is not known"),
]


@pytest.mark.parametrize(("name", "head", "reason"), ALONE, ids=[reason for *_, reason in ALONE])
def test_left_alone(name: str, head: str, reason: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(f"{head}def page(request):\n    return Book.objects.all()\n".encode())
    done = edits(file, {"methods": '.select_related("author")', "origin": "return Book"})
    assert [refusal.reason for refusal in done.refused] == [reason]


def test_a_line_that_has_changed_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text("def page(request):\n    return Book.objects.all()\n")
    found = finding(fix('.select_related("author")'), location(file, "return Book"))
    file.write_text("def page(request):\n    return Book.objects.filter(pages=1)\n")
    done = edits_for([found], [found], str(tmp_path))
    assert [refusal.reason for refusal in done.refused] == ["line 2 of x.py has changed"]


def test_a_file_that_changed_since_it_was_loaded_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text("def page(request):\n    return Book.objects.all()\n")
    found = finding(fix('.select_related("author")'), location(file, "return Book"))
    before = file.stat().st_mtime - 1
    done = edits_for([found], [found], str(tmp_path), since=before)
    assert [refusal.reason for refusal in done.refused] == ["x.py has changed since it was loaded"]
