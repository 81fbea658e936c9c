"""An expression that is too long for its line, broken as ruff and black would."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from .imports import Style
from .pieces import Piece, pieces, split

#: What the line of a broken expression may begin with.
_CONTINUING = (
    *("if ", "else ", "or ", "and ", "async for ", "for ", "| ", "& ", "+ ", "- ", "* ", "/ "),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression begins: the ``indent`` of its line, the columns ``used`` before it and
    the ``tail`` of columns that come behind its last line. ``bracketed`` tells that brackets are
    around it, so that its lines may be broken anywhere.
    """

    style: Style
    indent: str
    used: int
    tail: int = 0
    bracketed: bool = False

    def fits(self, text: str) -> bool:
        return self.used + len(text) + self.tail <= self.style.limit

    def after(self, text: str) -> Place:
        return replace(self, used=self.used + len(text))

    def inside(self) -> Place:
        indent = self.indent + self.style.unit
        return Place(self.style, indent, width(indent), 0, True)

    def line(self) -> Place:
        """Another line of the same indentation."""
        return replace(self, used=width(self.indent), tail=0)


def width(text: str) -> int:
    return len(text.expandtabs(4))


def wrapped(text: str, at: Place) -> str:
    """An expression of one line on as many as it needs; as it is where nothing can be broken."""
    if at.fits(text):
        return text
    found = pieces(text)
    words = [piece.text for piece in found]
    if "lambda" in words:
        return text
    if "," in words:
        return text if at.bracketed else _group(f"({text})", at)
    for separators in (("if", "else"), ("or",), ("and",), ("|", "&"), ("+", "-", "*", "/")):
        if any(word in separators for word in words):
            if words[0] in separators:
                continue
            return _operators(text, found, separators, at)
    if len(found) == 1 and found[0].is_group:
        return _group(text, at)
    if words[0] == "not":
        return "not " + wrapped(text[4:].strip(), at.after("not "))
    if _is_chain(found):
        return _chain(text, found, at)
    return text


def _operators(text: str, found: list[Piece], separators: tuple[str, ...], at: Place) -> str:
    """Each operator at the beginning of a line."""
    last = found[-1]
    words = [piece.text for piece in found if piece.text in separators]
    if not at.bracketed and len(words) == 1 and last.text[0] == "(" and at.fits(text[: last.start]):
        return text[: last.start] + _group(last.text, at)
    starts = [0, *(piece.start for piece in found if piece.text in separators)]
    parts = [text[a:b].strip() for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
    return _lines(text, parts, at)


def _lines(text: str, parts: list[str], at: Place) -> str:
    """The parts of a text below one another, in parentheses unless there are some."""
    if at.bracketed:
        first, *others = parts
        done = [continued(first, at), *(continued(part, at.line()) for part in others)]
        return f"\n{at.indent}".join(done)
    inner = at.inside()
    if inner.fits(text):
        return f"(\n{inner.indent}{text}\n{at.indent})"
    lines = f"\n{inner.indent}".join(continued(part, inner) for part in parts)
    return f"(\n{inner.indent}{lines}\n{at.indent})"


def continued(text: str, at: Place) -> str:
    """A part that may begin with a keyword or a dot."""
    if at.fits(text):
        return text
    if text.startswith("."):
        return _exploded(text, pieces(f"_{text}"), 1, at) or text
    for word in _CONTINUING:
        if text.startswith(word):
            if "for " in word and (found := [p for p in pieces(text) if p.text == "in"]):
                word = text[: found[0].end + 1]
            return word + wrapped(text[len(word) :], at.after(word))
    return wrapped(text, at)


def _is_chain(found: list[Piece]) -> bool:
    """Names, dots and brackets, one after the other."""
    rest = found[1:] if found[0].text == "await" else found
    return all(p.is_group or p.text == "." or p.text.isidentifier() for p in rest) and all(
        a.end == b.start for a, b in pairwise(rest)
    )


def _breaks(found: list[Piece]) -> list[int]:
    """Where a chain of calls can go on on another line: at dots behind brackets."""
    return [
        piece.start for before, piece in pairwise(found) if piece.text == "." and before.is_group
    ]


def is_fluent(text: str) -> bool:
    """Whether a chain that takes several lines has one for each of its calls."""
    found = pieces(text)
    return bool(found) and _is_chain(found) and len(_breaks(found)) >= 2


def _chain(text: str, found: list[Piece], at: Place) -> str:
    breaks = _breaks(found)
    if len(breaks) < 2 and (hugged := _exploded(text, found, 0, at)) is not None:
        return hugged
    if not breaks:
        return text
    starts = [0, *breaks]
    parts = [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
    return _lines(text, parts, at)


def _exploded(text: str, found: list[Piece], shift: int, at: Place) -> str | None:
    """With what its last brackets hold on lines of their own; None where that is no help."""
    groups = [p for p in found if p.is_group and p.text[0] == "(" and len(p.text) > 2]
    for piece in reversed(groups):
        head, tail = text[: piece.start - shift], text[piece.end - shift :]
        if at.used + len(head) + 1 > at.style.limit:
            continue
        below = at.line().after(")")
        if tail.startswith(".") and not replace(below, tail=at.tail).fits(tail):
            tail = _exploded(tail, pieces(f"_{tail}"), 1, replace(below, tail=at.tail)) or tail
        return f"{head}{_group(piece.text, at)}{tail}"
    return None


def _group(text: str, at: Place) -> str:
    """Brackets with what they hold on lines of their own."""
    opening, body, closing = text[0], text[1:-1].strip(), text[-1]
    if not body or opening not in "([{":
        return text
    inner = at.inside()
    words = [piece.text for piece in pieces(body)]
    if "for" in words:
        content = body if inner.fits(body) else _lines(body, _clauses(body), inner)
    elif "," in words:
        items = split(body, ",")
        content = ", ".join(items)
        alone = len(items) == 1 and opening == "("
        if alone or not inner.fits(content):
            each = replace(inner, tail=1)
            content = f",\n{inner.indent}".join(_item(item, each) for item in items) + ","
    else:
        content = _item(body, inner)
    return f"{opening}\n{inner.indent}{content}\n{at.indent}{closing}"


def _clauses(body: str) -> list[str]:
    """A comprehension: what it makes, its loops and its conditions."""
    starts, looping, before = [0], False, ""
    for piece in pieces(body):
        if piece.text == "for":
            looping = True
            starts.append(piece.start if before != "async" else piece.start - len("async "))
        elif piece.text == "if" and looping:
            starts.append(piece.start)
        before = piece.text
    return [body[a:b].strip() for a, b in zip(starts, [*starts[1:], len(body)], strict=True)]


def _named(item: str) -> int | None:
    """Where the value begins in ``name=value``."""
    found = pieces(item)
    named = len(found) > 2 and found[0].text.isidentifier() and found[1].text == "="
    return found[1].end if named else None


def _item(item: str, at: Place) -> str:
    """An argument, an element or a pair of a dict."""
    if at.fits(item):
        return item
    if (start := _named(item)) is not None:
        return item[:start] + wrapped(item[start:], at.after(item[:start]))
    for piece in pieces(item):
        if piece.text == ":":
            key = item[: piece.end + 1]
            return key + wrapped(item[piece.end :].strip(), at.after(key))
    for stars in ("**", "*"):
        if item.startswith(stars):
            return stars + wrapped(item[len(stars) :], at.after(stars))
    return wrapped(item, at)
