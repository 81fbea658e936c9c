from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from queryscope.audit.output import Output, OutputError


def test_stdout() -> None:
    stdout = io.StringIO()
    Output(None, stdout).write("text")
    assert stdout.getvalue() == "text"


def test_stdout_that_cannot_show_a_character() -> None:
    raw = io.BytesIO()
    stdout = io.TextIOWrapper(raw, encoding="ascii")
    Output(None, stdout).write("pro\u00adject 项")
    stdout.flush()
    assert raw.getvalue() == b"pro\\xadject \\u9879"


def test_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        Output(str(tmp_path / "a.txt"), None).write("é\n")
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").read_bytes() == b"\xc3\xa9\n"
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["a.txt"]


def test_file_is_replaced_with_its_permissions_through_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "a.txt", tmp_path / "b.txt"
    target.write_text("old")
    target.chmod(0o604)
    link.symlink_to(target)
    Output(str(link), None).write("new")
    assert link.is_symlink()
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("new\n", 0o604)


def test_nothing_is_there_before_the_report_is(tmp_path: Path) -> None:
    Output(str(tmp_path / "a.txt"), None)
    assert os.listdir(tmp_path) == []


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        Output(str(pipe), None).write("text")
        assert os.read(reader, 100) == b"text\n"
    finally:
        os.close(reader)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("{tmp}", "Is a directory"),
        ("{tmp}/missing/a.txt", "No such file or directory"),
        ("{tmp}/file/a.txt", "Not a directory"),
        ("/proc/a.txt", "No such file or directory"),
    ],
)
def test_refusals(tmp_path: Path, path: str, problem: str) -> None:
    (tmp_path / "file").touch()
    path = path.format(tmp=tmp_path)
    with pytest.raises(OutputError) as caught:
        Output(path, None)
    assert str(caught.value) == f"--output {path!r}: {problem}"
