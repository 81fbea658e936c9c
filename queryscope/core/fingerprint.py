"""SQL text -> fingerprint: the statement with its values, list lengths and layout taken out.

Two statements have the same fingerprint when they differ only in literals, parameters, the length
of IN lists and VALUES rows, savepoint names, comments or white space. Identifiers keep their case
and quotes. The scanner is a single regular expression that knows strings, quoted identifiers,
dollar quotes and comments, so a quote inside one of them never changes how the rest is read.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Literal, cast

Kind = Literal["select", "insert", "update", "delete", "transaction", "other"]

_TOKEN = re.compile(
    r"""
      (?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
    | (?P<string>\b[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z)
        |(?:\b(?:[bBxXnN]|[uU]&))?'(?:[^']|'')*(?:'|\Z))
    | (?P<dollar>\$(?P<tag>[A-Za-z_]\w*)?\$.*?(?:\$(?(tag)(?P=tag))\$|\Z))
    | (?P<identifier>"(?:[^"]|"")*(?:"|\Z)|`(?:[^`]|``)*(?:`|\Z)|[^\W\d][\w$]*)
    | (?P<placeholder>%s|%\(\w+\)s|\?\d*|\$\d+|(?<!:):[^\W\d]\w*)
    | (?P<number>(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<space>\s+)
    | (?P<operator>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_LIST = re.compile(r"\((\?(?:, ?\?)*)\)(?: ?, ?\(\?(?:, ?\?)*\))*")
_SAVEPOINT = re.compile(r'(SAVEPOINT )("?)s\d+_x\d+\2', re.IGNORECASE)
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
    return _LIST.sub("(?)", masked(sql))


def masked(sql: str) -> str:
    """The statement with every literal and parameter as ``?``, lists at their full length."""
    parts: list[str] = []
    space = False
    for match in _TOKEN.finditer(sql):
        group = match.lastgroup
        if group == "space" or group == "comment":
            space = True
            continue
        if space and parts:
            parts.append(" ")
        space = False
        parts.append(
            "?" if group in ("string", "dollar", "number", "placeholder") else match.group()
        )
    return _SAVEPOINT.sub(r"\1?", "".join(parts)).rstrip("; ")


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


_BATCH = re.compile(r"\bIN ?\( ?-?\? ?,|\bANY ?\(|\bVALUES ?\([^()]*\) ?,", re.IGNORECASE)


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
        whole = masked(sql)
        text = _LIST.sub("(?)", whole)
        batched = _BATCH.search(whole) is not None
        kind = statement_kind(text)
        writes = kind not in ("select", "transaction")
        return cls(text, digest(text), kind, tables(text), batched, writes)
