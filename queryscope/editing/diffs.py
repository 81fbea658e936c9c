"""Unified diffs that ``patch -p1`` and ``git apply`` take."""

from __future__ import annotations

import difflib
import os

_NO_END = "\\ No newline at end of file"


def unified(path: str, before: str, after: str, root: str) -> str:
    """The difference of one file, named from ``root``; "" where there is none."""
    name = os.path.relpath(path, root).replace(os.sep, "/")
    # Without a date, what ends a name with a blank in it is a tab.
    end = "\t" if " " in name else ""
    lines = difflib.unified_diff(_lines(before), _lines(after), f"a/{name}{end}", f"b/{name}{end}")
    return "".join(line if line.endswith("\n") else f"{line}\n{_NO_END}\n" for line in lines)


def _lines(text: str) -> list[str]:
    """Only a newline ends a line: Python knows ten more characters that do."""
    lines = [f"{line}\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines
