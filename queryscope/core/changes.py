"""What a unified diff changes: lines of the new files, and what is put in place of what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

#: Files, as a diff names them, to ranges of changed lines, both ends included.
Changes = Mapping[str, tuple[tuple[int, int], ...]]

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
#: How git writes what a name in quotes cannot have: \t, \", and octal bytes of UTF-8.
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_ESCAPES = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_ESCAPES |= {b"v": b"\v"}


@dataclass(frozen=True, slots=True)
class Edit:
    """Lines next to one another that are replaced: ``removed`` old ones from line ``old`` on, by
    the ``added`` texts, which are lines ``new`` and following of the new ``file``.

    Without removed lines they are put before line ``old``.
    """

    file: str
    old: int
    removed: int
    new: int
    added: tuple[str, ...]


def changes_of(diff: str) -> dict[str, tuple[tuple[int, int], ...]]:
    """Lines that are new or other than before, of ``git diff`` with or without context."""
    changed: dict[str, list[tuple[int, int]]] = {}
    for edit in edits(diff):
        if edit.added:
            last = edit.new + len(edit.added) - 1
            changed.setdefault(edit.file, []).append((edit.new, last))
    return {file: tuple(ranges) for file, ranges in changed.items()}


def is_changed(changes: Changes, file: str, line: int) -> bool:
    return any(first <= line <= last for first, last in changes.get(file, ()))


def edits(diff: str) -> Iterator[Edit]:
    """The edits of a unified diff, in its order; what is no part of one is passed over.

    Names have git's prefixes ("a/", "b/") or none. Files that are deleted have no edits.
    """
    # Not splitlines(): a form feed, say, does not end a line of a diff.
    lines = iter(diff.split("\n"))
    before, file = "", ""
    for line in lines:
        if line.startswith("--- "):
            before = _name(line[4:])
        elif line.startswith("+++ "):
            file = _without_prefix(before, _name(line[4:]))
        elif (hunk := _HUNK.match(line)) and file:
            yield from _edits_of(hunk, lines, file)


def _edits_of(hunk: re.Match[str], lines: Iterator[str], file: str) -> Iterator[Edit]:
    """Counts decide where a hunk ends: its lines may look like headers."""
    old, new = int(hunk[1]), int(hunk[3])
    old_left, new_left = int(hunk[2] or 1), int(hunk[4] or 1)
    # Without lines of a side, the number is that of the line before.
    old, new = old + (old_left == 0), new + (new_left == 0)
    removed, added = 0, list[str]()
    while old_left > 0 or new_left > 0:
        line = next(lines, None)
        if line is None:
            break
        if line.startswith("-"):
            removed, old_left = removed + 1, old_left - 1
        elif line.startswith("+"):
            added.append(line[1:])
            new_left -= 1
        elif not line.startswith("\\"):  # "\ No newline at end of file" is of neither side
            if removed or added:
                yield Edit(file, old, removed, new, tuple(added))
            old, new = old + removed + 1, new + len(added) + 1
            old_left, new_left = old_left - 1, new_left - 1
            removed, added = 0, []
    if removed or added:
        yield Edit(file, old, removed, new, tuple(added))


def _name(text: str) -> str:
    text = text.removesuffix("\r")
    if not text.startswith('"'):
        # git ends a name that has spaces with a tab, diff puts the time after one.
        return text.partition("\t")[0]
    quoted = text[1:].rpartition('"')[0].encode("utf-8", "surrogateescape")
    return _ESCAPE.sub(_unescaped, quoted).decode("utf-8", "surrogateescape")


def _unescaped(found: re.Match[bytes]) -> bytes:
    code = found[1]
    return bytes([int(code, 8) & 0xFF]) if len(code) == 3 else _ESCAPES.get(code, code)


def _without_prefix(before: str, after: str) -> str:
    """The new file's name; "" where there is none."""
    if after == "/dev/null":
        return ""
    prefixed = before == "/dev/null" or before.startswith("a/")
    return after.removeprefix("b/") if prefixed else after
