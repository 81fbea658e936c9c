"""An expression on one line, cut where it can be broken."""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import dataclass

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_IGNORED = frozenset({tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER, tokenize.INDENT})


@dataclass(frozen=True, slots=True)
class Piece:
    """A token outside of brackets, or a pair of brackets with all that they hold."""

    text: str
    start: int
    end: int

    @property
    def is_group(self) -> bool:
        return self.text[0] in _OPENING


def flat(text: str) -> str | None:
    """An expression of several lines on one; None where a comment or a string forbids it."""
    if "\n" not in text:
        return text
    tokens = _tokens(text)
    if tokens is None:
        return None
    parts: list[str] = []
    previous: tokenize.TokenInfo | None = None
    lines = f"({text}\n)".split("\n")
    for index, token in enumerate(tokens):
        if token.type == tokenize.COMMENT or token.start[0] != token.end[0]:
            return None
        following = tokens[index + 1].string if index + 1 < len(tokens) else ")"
        last = token.string == "," and following in _CLOSING and _goes_on(tokens, index)
        if last and not _is_tuple(parts):
            continue
        if previous is not None:
            parts.append(_between(previous, token, lines))
        parts.append(token.string)
        previous = token
    return "".join(parts)


def _goes_on(tokens: list[tokenize.TokenInfo], index: int) -> bool:
    return index + 1 == len(tokens) or tokens[index + 1].start[0] > tokens[index].start[0]


def _is_tuple(parts: list[str]) -> bool:
    """Whether the comma makes a tuple of one: it is the first one in plain parentheses."""
    depth, commas = 0, 0
    for position in range(len(parts) - 1, -1, -1):
        part = parts[position]
        if part in _CLOSING:
            depth += 1
        elif part in _OPENING:
            if depth == 0:
                before = parts[position - 1] if position else ""
                called = re.fullmatch(r"[\w)\]]+", before) is not None
                return part == "(" and not called and not commas
            depth -= 1
        elif part == "," and depth == 0:
            commas += 1
    return False


def _between(one: tokenize.TokenInfo, other: tokenize.TokenInfo, lines: list[str]) -> str:
    if one.end[0] == other.start[0]:
        return lines[one.end[0] - 1][one.end[1] : other.start[1]]
    tight = one.string in _OPENING or other.string in _CLOSING or other.string == "."
    return "" if tight else " "


def _tokens(text: str) -> list[tokenize.TokenInfo] | None:
    """Its tokens, as they stand in parentheses."""
    try:
        found = list(tokenize.generate_tokens(io.StringIO(f"({text}\n)").readline))
    except (tokenize.TokenError, SyntaxError):
        return None
    kept = [token for token in found if token.type not in _IGNORED]
    return kept[1:-1]


def pieces(text: str) -> list[Piece]:
    """The pieces of an expression on one line."""
    found: list[Piece] = []
    depth, start = 0, 0
    for token in _tokens(text) or []:
        begin, end = token.start[1] - 1, token.end[1] - 1
        name = tokenize.tok_name[token.type]
        opens = token.string in _OPENING and token.type == tokenize.OP
        closes = token.string in _CLOSING and token.type == tokenize.OP
        opens, closes = opens or name == "FSTRING_START", closes or name == "FSTRING_END"
        if opens:
            start = begin if depth == 0 else start
            depth += 1
        elif closes:
            depth -= 1
            if depth == 0:
                found.append(Piece(text[start:end], start, end))
        elif depth == 0:
            found.append(Piece(token.string, begin, end))
    return found


def split(text: str, *separators: str) -> list[str]:
    """The parts of an expression between separators outside of brackets."""
    parts, start = [], 0
    for piece in pieces(text):
        if piece.text in separators:
            parts.append(text[start : piece.start].strip())
            start = piece.end
    rest = text[start:].strip()
    return [*parts, rest] if rest else parts
