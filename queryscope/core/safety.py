"""What may be asked of a database without changing it: read from the statement alone.

The database has the last word (databases/postgresql.py asks it what a statement calls, and runs it
read-only). What is refused here is refused before the database sees it.
"""

from __future__ import annotations

import re
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from .fingerprint import masked, tokens

_EXPLAINABLE = frozenset(
    {"SELECT", "WITH", "VALUES", "TABLE", "INSERT", "REPLACE", "UPDATE", "DELETE", "MERGE"}
)
_READING = frozenset({"SELECT", "WITH", "VALUES", "TABLE"})
_FIRST_WORD = re.compile(r"[( ]*([A-Za-z]*)")
_CALL = re.compile(
    r'(?:"((?:[^"]|"")+)"|(?<![\w$])([A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*)) ?\('
)
_VALUE = frozenset({"string", "dollar", "number", "placeholder"})
_ESCAPED_IDENTIFIER = re.compile(r'(?<![\w$])[uU]&"')


def refusal_to_explain(sql: str) -> str | None:
    """Why not even EXPLAIN may be put before it; None when it may."""
    text = _without_values(sql)
    if not text:
        return "there is no statement"
    if _has_several(sql):
        # Of several, EXPLAIN is for the first only: the others would run.
        return "it is more than one statement"
    if _is_unclear(sql):
        return "it cannot be told where a string of it ends"
    word = _first_word(text)
    if word not in _EXPLAINABLE:
        what = word or f"what starts with {text[:10]!r}"
        return f"{what} has no plan; SELECT, INSERT, UPDATE, DELETE and MERGE have one"
    return None


def refusal_to_run(sql: str) -> str | None:
    """Why it must not run; None for a single SELECT that neither writes nor locks.

    What it calls is not judged: see :func:`called`.
    """
    text = _without_values(sql)
    word = _first_word(text)
    if _has_several(sql):
        return "it is more than one statement"
    if word not in _READING:
        return f"{word or 'it'} is not a SELECT"
    if has_placeholders(sql):
        return "its values are not known ($1)"
    if _ESCAPED_IDENTIFIER.search(text):
        return 'it has names that are written with escapes (U&"...")'
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="postgres") if tree is not None]
    except (SqlglotError, RecursionError):
        return "it cannot be read well enough to tell that it only reads"
    if len(trees) != 1:
        return "it is more than one statement"
    return _refusal_of(trees[0])


def _refusal_of(tree: Any) -> str | None:
    if not isinstance(tree, (exp.Query, exp.Values)):
        return "it is not a SELECT"
    for node in tree.walk():
        if isinstance(node, exp.Lock):
            return "it locks rows (FOR UPDATE or FOR SHARE)"
        if isinstance(node, exp.Into):
            return "it makes a table (SELECT INTO)"
        if isinstance(node, (exp.DML, exp.DDL, exp.Command)) and not isinstance(node, exp.Query):
            return f"it has {node.key.upper()} in it"
    return None


def called(text: str) -> frozenset[str]:
    """Names in SQL that a parenthesis follows: all functions that it calls, and a few more."""
    found = set()
    for quoted, plain in _CALL.findall(masked(text)):
        found.add(quoted.replace('""', '"') if quoted else plain.lower())
    return frozenset(found)


def has_placeholders(sql: str) -> bool:
    """Whether values are missing, as in the statements of pg_stat_statements: ``$1``."""
    found = (token for token in tokens(sql) if token.lastgroup == "placeholder")
    return any(token.group().startswith("$") for token in found)


def _first_word(text: str) -> str:
    found = _FIRST_WORD.match(text)
    return found[1].upper() if found else ""


def _has_several(sql: str) -> bool:
    ended = False
    for token in tokens(_as_read(sql)):
        if token.lastgroup in ("space", "comment"):
            continue
        if ended and token.group() != ";":
            return True
        ended = ended or (token.lastgroup == "operator" and token.group() == ";")
    return False


def _is_unclear(sql: str) -> bool:
    """Whether the server may read its strings otherwise: what looks like a value might run."""
    before = None
    for token in tokens(_as_read(sql)):
        kind, text = token.lastgroup, token.group()
        if kind in ("space", "comment"):
            continue
        if before is not None and before.lastgroup == "string":
            # The second part of E'..' '..' has backslashes that escape as well.
            if before.group()[0] in "eE" and text[0] == "'":
                return True
        elif (
            before is not None
            and before.lastgroup == "placeholder"
            and before.group()[0] in "%:"
            # What a driver may take for %s is % and the beginning of a name: %sE'..', %s$$.
            and before.end() == token.start()
            and kind in _VALUE
        ):
            return True
        if kind == "identifier" and text[0] == "`" and ";" in text:
            return True
        before = token
    return False


def _without_values(sql: str) -> str:
    return masked(_as_read(sql))


def _as_read(sql: str) -> str:
    """For the server a carriage return ends a comment as well."""
    return sql.replace("\r", "\n")
