"""Which lines a diff changes. One line a case."""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryscope.core.changes import Edit, changes_of, edits, is_changed

HEAD = "diff --git a/shop/views.py b/shop/views.py\nindex 1..2 100644\n"
NAMES = "--- a/shop/views.py\n+++ b/shop/views.py\n"


@pytest.mark.parametrize(
    ("body", "ranges"),
    [
        ("@@ -3 +3 @@ def f():\n-a\n+b\n", ((3, 3),)),
        ("@@ -3,0 +4,2 @@\n+a\n+b\n", ((4, 5),)),
        ("@@ -3,2 +2,0 @@\n-a\n-b\n", ()),
        ("@@ -0,0 +1,3 @@\n+a\n+b\n+c\n", ((1, 3),)),
        ("@@ -1 +1 @@\n-a\n+b\n@@ -9 +9,2 @@\n-c\n+d\n+e\n", ((1, 1), (9, 10))),
        ("@@ -1,5 +1,6 @@\n a\n-b\n+B\n+b\n c\n d\n-e\n+E\n", ((2, 3), (6, 6))),
        ("@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n", ((1, 1),)),
        ("@@ -1,2 +1,2 @@\n--- a/x.py\n-b\n+++ b/y.py\n+c\n", ((1, 2),)),
        ("@@ -1 +1 @@\n-a\r\n+b\x0cc\u2028d\r\n", ((1, 1),)),
        ("@@ -1,9 +1,9 @@\n+cut short", ((1, 1),)),
    ],
)
def test_changed_lines(body: str, ranges: object) -> None:
    assert changes_of(HEAD + NAMES + body) == ({"shop/views.py": ranges} if ranges else {})


@pytest.mark.parametrize(
    ("names", "file"),
    [
        (NAMES, "shop/views.py"),
        ("--- /dev/null\n+++ b/new.py\n", "new.py"),
        ("--- a/old.py\n+++ b/new.py\n", "new.py"),
        ("--- views.py\n+++ views.py\n", "views.py"),
        ("--- b/views.py\n+++ b/views.py\n", "b/views.py"),
        ("--- a/two words.py\t\n+++ b/two words.py\t\n", "two words.py"),
        ('--- "a/caf\\303\\251\\t\\".py"\n+++ "b/caf\\303\\251\\t\\".py"\n', 'café\t".py'),
        ("--- a/x.py\t2026-01-01 10:00:00\n+++ b/x.py\t2026-01-01 10:00:00\n", "x.py"),
    ],
)
def test_names(names: str, file: str) -> None:
    assert changes_of(f"{names}@@ -1 +1 @@\n-a\n+b\n") == {file: ((1, 1),)}


@pytest.mark.parametrize(
    "diff",
    [
        "",
        "nothing of a diff\n",
        "diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n",
        "diff --git a/x.png b/x.png\nBinary files a/x.png and b/x.png differ\n",
        "--- a/x.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n",
        "@@ -1 +1 @@\n-no\n+name\n",
    ],
)
def test_no_lines(diff: str) -> None:
    assert changes_of(diff) == {}


def test_edits() -> None:
    body = "@@ -4,0 +5 @@\n+new\n@@ -7,2 +9 @@\n-a\n-b\n+c\n@@ -12,3 +13,2 @@\n x\n-y\n z\n"
    body += "@@ -20,0 +20 @@\n+form\x0cfeed\u2028\n"
    assert list(edits(NAMES + body)) == [
        Edit("shop/views.py", 5, 0, 5, ("new",)),
        Edit("shop/views.py", 7, 2, 9, ("c",)),
        Edit("shop/views.py", 13, 1, 14, ()),
        Edit("shop/views.py", 21, 0, 20, ("form\x0cfeed\u2028",)),
    ]


@pytest.mark.parametrize(
    ("file", "line", "changed"),
    [("a.py", 3, True), ("a.py", 5, True), ("a.py", 6, False), ("b.py", 3, False)],
)
def test_is_changed(file: str, line: int, changed: bool) -> None:
    assert is_changed({"a.py": ((1, 1), (3, 5))}, file, line) is changed


TEXTS = st.lists(st.sampled_from(["a", "b", "", "--- a/x", "+++ b/y", "@@ -1 +1 @@", "-", "+"]))


@given(old=TEXTS, new=TEXTS, context=st.integers(0, 3))
def test_edits_make_the_new_file_of_the_old_one(
    old: list[str], new: list[str], context: int
) -> None:
    diff = "\n".join(difflib.unified_diff(old, new, "x.py", "x.py", lineterm="", n=context))
    made, taken = list[str](), 0
    for edit in edits(diff):
        made += [*old[taken : edit.old - 1], *edit.added]
        assert made[edit.new - 1 :] == list(edit.added)
        taken = edit.old - 1 + edit.removed
    assert made + old[taken:] == new


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_diff_of_git(tmp_path: Path) -> None:
    names = ["two words.py", 'café "x".py', "plain.py"]
    for name in names:
        (tmp_path / name).write_text("one\ntwo\nthree\n", encoding="utf-8")

    # Of git's own variables only these: inside a hook they name another repository.
    ours = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    ours |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}

    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        command = ["git", *identity, *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=ours, capture_output=True, check=True)
        return done.stdout.decode()

    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "before")
    for name in names:
        (tmp_path / name).write_text("zero\none\nTWO\nthree\n", encoding="utf-8")
    assert changes_of(git("diff", "--unified=0", "HEAD")) == dict.fromkeys(names, ((1, 1), (3, 3)))
