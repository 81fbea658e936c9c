"""SQL text -> fingerprint: the statement with its values, list lengths and layout taken out.

Two statements have the same fingerprint when they differ only in literals, parameters, the length
of IN lists, arrays and VALUES rows, savepoint names, comments or white space. Identifiers keep
their case and quotes. The scanner is a single regular expression that knows strings, quoted
identifiers, dollar quotes and comments, so a quote inside one of them never changes how the rest
is read. Its rules are PostgreSQL's and SQLite's; MySQL's backslash in a plain string is not known.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast

Kind = Literal["select", "insert", "update", "delete", "transaction", "other"]

# Quantifiers are possessive wherever they can be: no text makes the scanner go back and forth.
_TOKEN = re.compile(
    r"""
      (?P<comment>--[^\n]*+|/\*.*?(?:\*/|\Z))
    | (?P<string>[eE]'(?:[^'\\]|\\.|'')*+(?:'|\\?\Z)
        |(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*+(?:'|\Z))
    | (?P<dollar>\$(?P<tag>[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*+)?\$
        .*?(?:\$(?(tag)(?P=tag))\$|\Z))
    | (?P<identifier>"(?:[^"]|"")*+(?:"|\Z)|`(?:[^`]|``)*+(?:`|\Z)
        |[A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*+)
    | (?P<placeholder>%s|%\([^\W\d]\w*+\)s|\?[0-9]*+|\$[0-9]++
        |(?<![:\w\]?)"]):[A-Za-z_]\w*+)
    | (?P<number>0[xX][0-9a-fA-F_]++|0[oO][0-7_]++|0[bB][01_]++
        |(?:[0-9][0-9_]*+\.?[0-9_]*+|\.[0-9][0-9_]*+)(?:[eE][+-]?[0-9][0-9_]*+)?)
    | (?P<space>[ \t\n\r\f\v]++)
    | (?P<operator>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_VALUES = frozenset({"string", "dollar", "number", "placeholder"})
_COMMENT_MARK = re.compile(r"/\*|\*/")
_LIST = re.compile(r"\([-+]?\?(?:, ?[-+]?\?)*+\)(?: ?, ?\([-+]?\?(?:, ?[-+]?\?)*+\))*+")
_ARRAY = re.compile(r"\[[-+]?\?(?:, ?[-+]?\?)++\]")
#: Texts from this length on are searched for long lists before each of their values is a token.
_LONG = 200
_LONG_LIST = re.compile(
    r"\(((?:%s|[0-9]++)(?:, ?(?:%s|[0-9]++))?+)(?:, ?(?:%s|[0-9]++))*+\)"
    r"((?:, ?\((?:%s|[0-9]++)(?:, ?(?:%s|[0-9]++))*+\))?+)"
    r"(?:, ?\((?:%s|[0-9]++)(?:, ?(?:%s|[0-9]++))*+\))*+"
)
#: ``SET name = value`` and ``PRAGMA name = value``: a value without quotes is one as well.
_SETTING = re.compile(
    r"\A(SET (?:(?:SESSION|LOCAL|GLOBAL) )?[\w.]+ ?(?:=|TO\b)|PRAGMA [\w.\"]+ ?=) ?.*",
    re.IGNORECASE | re.DOTALL,
)
_SAVEPOINT = re.compile(r'(SAVEPOINT )("?)s\d+_x\d+\2(?![\w$"\x80-\U0010ffff])', re.IGNORECASE)
_TABLE = re.compile(
    r"\b(?:FROM|JOIN|INTO|UPDATE)\s+(?:ONLY\s+)?((?:\"[^\"]+\"|`[^`]+`|\w+)(?:\.(?:\"[^\"]+\"|`[^`]+`|\w+))?)",
    re.IGNORECASE,
)
_KINDS: dict[str, Kind] = {
    "SELECT": "select",
    "VALUES": "select",
    "TABLE": "select",
    "INSERT": "insert",
    "REPLACE": "insert",
    "UPDATE": "update",
    "DELETE": "delete",
    "BEGIN": "transaction",
    "START": "transaction",
    "COMMIT": "transaction",
    "END": "transaction",
    "ROLLBACK": "transaction",
    "SAVEPOINT": "transaction",
    "RELEASE": "transaction",
    "WITH": "select",
}
_WRITE_IN_CTE = re.compile(r"\b(INSERT\s+INTO|UPDATE|DELETE\s+FROM)\b", re.IGNORECASE)


def fingerprint(sql: str) -> str:
    """The statement with every literal and parameter as ``?``; lists of them as one ``?``."""
    return _without_lengths(masked(sql))


def masked(sql: str) -> str:
    """The statement with every literal and parameter as ``?``, lists at their full length."""
    parts: list[str] = []
    space = False
    for match in tokens(sql):
        group = match.lastgroup
        if group == "space" or group == "comment":
            space = True
            continue
        if space and parts:
            parts.append(" ")
        space = False
        parts.append("?" if group in _VALUES else match.group())
    text = _SAVEPOINT.sub(r"\1?", "".join(parts)).rstrip("; ")
    return _SETTING.sub(r"\1 ?", text)


def tokens(sql: str) -> Iterator[re.Match[str]]:
    """Tokens in order, their kind in ``lastgroup``; a comment in a comment does not end it."""
    position: int | None = 0
    nests = "/*" in sql
    while position is not None:
        start, position = position, None
        for match in _TOKEN.finditer(sql, start):
            yield match
            if nests and match.lastgroup == "comment" and "/*" in match.group()[2:]:
                position = _end_of_comment(sql, match.start())
                if position is not None:
                    break
                # SQLite's and MySQL's comments do not nest; to try again for each is not linear.
                nests = False


def _end_of_comment(sql: str, start: int) -> int | None:
    """Where a comment ends that may hold others; None when they are not all closed."""
    depth = 0
    for mark in _COMMENT_MARK.finditer(sql, start):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return mark.end()
    return None


def _without_lengths(text: str) -> str:
    return _ARRAY.sub("[?]", _LIST.sub("(?)", text))


def digest(text: str) -> str:
    """A short, stable name of a fingerprint: 12 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


def statement_kind(text: str) -> Kind:
    """What a fingerprint does: select, insert, update, delete, transaction or other."""
    words = text.lstrip("( ").split(" ", 1)
    kind = _KINDS.get(words[0].upper().strip(";"), "other") if words else "other"
    if kind == "select" and words[0].upper() == "WITH":
        write = _WRITE_IN_CTE.search(text)
        if write:
            return cast(Kind, write.group(1).split()[0].lower())
    return kind


def tables(text: str) -> tuple[str, ...]:
    """Table names in a fingerprint, in order of appearance, without quotes or repetition."""
    found = (re.sub(r'["`]', "", name) for name in _TABLE.findall(text))
    return tuple(dict.fromkeys(found))


def is_batched(sql: str) -> bool:
    """Whether the statement asks for several values at once, by ``IN`` or ``VALUES``."""
    return _BATCH.search(masked(sql)) is not None


_BATCH = re.compile(
    r"\bIN ?\( ?(?:[-+]?\?|\([^()]*+\)) ?,|\bANY ?\(|\bVALUES ?\([^()]*+\) ?,", re.IGNORECASE
)


@dataclass(frozen=True, eq=False, slots=True)
class Statement:
    """A statement's fingerprint and what can be read from it; compared by identity."""

    fingerprint: str
    digest: str
    kind: Kind
    tables: tuple[str, ...]
    batched: bool
    writes: bool

    @classmethod
    def of(cls, sql: str) -> Statement:
        if len(sql) >= _LONG:
            # Two values of a row and two rows tell the rest.
            sql = _LONG_LIST.sub(r"(\1)\2", sql)
        whole = masked(sql)
        text = _without_lengths(whole)
        batched = _BATCH.search(whole) is not None
        kind = statement_kind(text)
        writes = kind not in ("select", "transaction")
        return cls(text, digest(text), kind, tables(text), batched, writes)
