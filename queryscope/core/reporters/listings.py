"""Code in the lines of a report: Python that can be pasted, SQL that can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator

import sqlparse

from .layout import clean, cut, plural

_MAX_SQL_LINES = 8
_MAX_SQL = 4_000


def paste_lines(code: str, room: int) -> list[str]:
    """Code as it can be pasted; a chain that is too long breaks inside its brackets, so that it
    stays one expression wherever it stands.
    """
    return [part for line in code.splitlines() for part in _broken(clean(line), room)]


def _broken(line: str, room: int) -> list[str]:
    code = line.lstrip()
    indent = line[: len(line) - len(code)]
    marks = [character for _, character in _outside_quotes(code)]
    balanced = all(marks.count(left) == marks.count(right) for left, right in ("()", "[]", "{}"))
    if len(line) <= room or not balanced or code.startswith("#"):
        return [line]
    return [indent + part for part in _broken_code(code, room - len(indent))]


def _broken_code(code: str, room: int) -> list[str]:
    broken: list[str] = []
    start = depth = 0
    for position, character in _outside_quotes(code):
        if character == "(":
            depth += 1
            if depth == 1:
                broken.append(code[start : position + 1])
                start = position + 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                broken.extend(_arguments(code[start:position], room))
                start = position
    # "()" need not be broken.
    return re.sub(r"\(\n\)", "()", "\n".join([*broken, code[start:]])).splitlines()


def _arguments(text: str, room: int) -> list[str]:
    if len(text) + 5 <= room:
        return [f"    {text},"] if text else []
    found: list[str] = []
    start = depth = 0
    for position, character in _outside_quotes(text):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            found.append(text[start:position].strip())
            start = position + 1
    arguments = [argument for argument in [*found, text[start:].strip()] if argument]
    return [f"    {line}" for argument in arguments for line in _argument(argument, room - 4)]


def _argument(code: str, room: int) -> list[str]:
    lines = [code] if len(code) < room else _broken_code(code, room)
    return [*lines[:-1], f"{lines[-1]},"]


def _outside_quotes(code: str) -> Iterator[tuple[int, str]]:
    quote = ""
    for position, character in enumerate(code):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        else:
            yield position, character


def sql_lines(fingerprint: str, room: int, most: int = _MAX_SQL_LINES) -> Iterator[str]:
    """The statement laid out by sqlparse, its column list left out and its end cut when long."""
    text = _without_columns(clean(fingerprint))[:_MAX_SQL]
    lines = [line for line in sqlparse.format(text, reindent=True).splitlines() if line.strip()]
    yield from (cut(line.rstrip(), room) for line in lines[:most])
    if len(lines) > most:
        yield f"... {plural(len(lines) - most, 'more line')}"


def _without_columns(sql: str) -> str:
    head = re.match(r"SELECT (?:DISTINCT )?", sql)
    end = _first_from(sql) if head else -1
    if head is None or end < 0 or end - head.end() <= 60:
        return sql
    return f"{head.group()}... {sql[end:]}"


def _first_from(sql: str) -> int:
    """Where the outermost FROM begins, or -1."""
    depth = 0
    for token in re.finditer(r'"(?:[^"]|"")*"|`[^`]*`|\(|\)|\bFROM\b', sql):
        if token.group() == "(":
            depth += 1
        elif token.group() == ")":
            depth -= 1
        elif token.group() == "FROM" and depth == 0:
            return token.start()
    return -1
