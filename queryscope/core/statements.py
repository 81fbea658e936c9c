"""SQL text taken apart without a grammar: a script into statements, a statement's placeholders."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .fingerprint import tokens

_POSITIONAL = re.compile(r"\?|%s|\$[0-9]+")


def pieces(sql: str) -> Iterator[tuple[str, str]]:
    """Kind and text of each token; together they are the statement, nested comments and all."""
    kind, start = "", 0
    for token in tokens(sql):
        if kind:
            yield kind, sql[start : token.start()]
        kind, start = token.lastgroup or "", token.start()
    if kind:
        yield kind, sql[start:]


def split(script: str) -> Iterator[str]:
    """The statements of a script, without their semicolons and the comments between them."""
    parts: list[str] = []
    for kind, text in pieces(script):
        if kind == "operator" and text == ";":
            yield from _joined(parts)
            parts = []
        elif parts or kind not in ("space", "comment"):
            parts.append(text)
    yield from _joined(parts)


def _joined(parts: Sequence[str]) -> Iterator[str]:
    text = "".join(parts).strip()
    if text:
        yield text


def placeholders(sql: str) -> tuple[str, ...]:
    """Placeholders (``%s``, ``%(name)s``, ``$1``, ``?``, ``:name``) as written, those in string
    literals and comments left out."""
    return tuple(text for kind, text in pieces(sql) if kind == "placeholder")


def has_values(sql: str) -> bool:
    """Whether it has a literal in it: a text or a number."""
    return any(kind in ("string", "dollar", "number") for kind, _ in pieces(sql))


def replaced(sql: str, texts: Mapping[str, str]) -> str:
    """The statement with each placeholder (``"$1"``) replaced by its text, if it has one."""
    return "".join(
        texts.get(text, text) if kind == "placeholder" else text for kind, text in pieces(sql)
    )


def numbered(sql: str) -> str:
    """``%s`` and ``?`` as ``$1``, ``$2``, ...; ``%%`` as the driver would send it."""
    parts: list[str] = []
    count = 0
    for kind, text in pieces(sql):
        if kind == "placeholder" and text in ("%s", "?"):
            count += 1
            text = f"${count}"
        parts.append(text)
    return "".join(parts).replace("%%", "%")


def driver_style(sql: str, params: Sequence[Any]) -> tuple[str, tuple[Any, ...]] | None:
    """The statement with ``%s`` for ``$1`` or ``?`` and every other ``%`` doubled, and the
    parameters in that order. None where its placeholders do not fit the parameters.
    """
    found = [text for text in placeholders(sql) if _POSITIONAL.fullmatch(text)]
    order = [int(text[1:]) - 1 if text[0] == "$" else at for at, text in enumerate(found)]
    if not found or set(order) != set(range(len(params))):
        return None
    parts = [
        "%s" if kind == "placeholder" and _POSITIONAL.fullmatch(text) else text.replace("%", "%%")
        for kind, text in pieces(sql)
    ]
    return "".join(parts), tuple(params[index] for index in order)
