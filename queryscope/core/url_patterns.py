"""A URL regex -> the texts it stands for, with a placeholder for every captured argument.

Django can only reverse patterns it is given arguments for, and gives up on ``|``. Reading Python's
own parse of the regex shows every group, so that a URL can be written for any of them.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

#: Optional groups double the number of forms; a route with more than this is not worth a request.
MAX_FORMS = 8

_CATEGORIES = {
    op.CATEGORY_DIGIT: "1",
    op.CATEGORY_NOT_DIGIT: "x",
    op.CATEGORY_WORD: "x",
    op.CATEGORY_NOT_WORD: "-",
    op.CATEGORY_SPACE: " ",
    op.CATEGORY_NOT_SPACE: "x",
}
_REGEX_MARK = re.compile(r"[\^$\\(]")
_CONVERTER = re.compile(r"(?<!\?P)<(?:[^:<>]+:)?(\w+)>")
_REPEATS = {op.MAX_REPEAT, op.MIN_REPEAT, getattr(op, "POSSESSIVE_REPEAT", None)}


@dataclass(frozen=True, slots=True)
class Capture:
    """A captured argument; ``only`` is its text where the regex leaves no choice but to list it."""

    name: str
    only: str | None = None


Form = tuple[str | Capture, ...]


def forms(regex: str) -> list[Form]:
    """Texts that match: the plainest first, and one with each optional argument present.

    Raises ValueError when the expression cannot be read.
    """
    try:
        tree = parser.parse(regex)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    names = {index: name for name, index in tree.state.groupdict.items()}
    found = itertools.islice(_sequence(list(tree), names), MAX_FORMS)
    return [_joined(form) for form in found]


def readable(route: str, arguments: Iterable[str] = ()) -> str:
    """A route as people write it: "api/projects/<int:pk>/" and "^api/projects/(?P<pk>[0-9]+)/$"
    are both "/api/projects/{pk}/".

    ``route`` is Django's text (``ResolverMatch.route``); ``arguments`` are the names that were
    captured, which tell the forms of a route with optional arguments apart.
    """
    if not _REGEX_MARK.search(route):
        return "/" + _CONVERTER.sub(r"{\1}", route).lstrip("/")
    try:
        found = forms(_CONVERTER.sub(r"(?P<\1>.)", route))
    except ValueError:
        return "/" + route
    wanted = set(arguments)
    best = min(found, key=lambda form: len(wanted ^ names_of(form)), default=())
    return "/" + "".join(p if isinstance(p, str) else f"{{{p.name}}}" for p in best).lstrip("/")


def names_of(form: Form) -> set[str]:
    """Names of the arguments in a form."""
    return {part.name for part in form if isinstance(part, Capture)}


def _sequence(items: list[Any], names: dict[int, str]) -> Iterator[Form]:
    if not items:
        yield ()
        return
    for head in _item(items[0], names):
        for tail in _sequence(items[1:], names):
            yield head + tail


def _item(node: tuple[Any, Any], names: dict[int, str]) -> Iterator[Form]:
    kind, value = node
    if kind is op.SUBPATTERN:
        yield from _group(value, names)
    elif kind in _REPEATS:
        yield from _repeat(value, names)
    elif kind is op.BRANCH:
        # Alternatives without arguments are spellings of one endpoint; the first is enough.
        options = [list(option) for option in value[1]]
        with_groups = [option for option in options if _has_group(option)]
        for option in with_groups or options[:1]:
            yield from _sequence(option, names)
    elif kind is op.ATOMIC_GROUP:
        yield from _sequence(list(value), names)
    elif kind is op.GROUPREF:
        yield (Capture(names.get(value, str(value - 1))),)
    else:
        yield (_character(kind, value),)


def _group(value: tuple[Any, ...], names: dict[int, str]) -> Iterator[Form]:
    index, _, _, inner = value
    items = list(inner)
    # Django ignores unnamed groups when there are named ones, so they are only brackets then.
    if index is None or (names and index not in names):
        yield from _sequence(items, names)
    else:
        yield (Capture(names.get(index, str(index - 1)), _only_text(items)),)


def _repeat(value: tuple[Any, Any, Any], names: dict[int, str]) -> Iterator[Form]:
    least, _, inner = value
    items = list(inner)
    if least:
        for form in _sequence(items, names):
            yield form * int(least)
        return
    if items == [(op.LITERAL, ord("/"))]:
        # "/?$": with the slash is how such a route is linked to.
        yield ("/",)
        return
    yield ()
    if _has_group(items):
        yield from _sequence(items, names)


def _character(kind: Any, value: Any) -> str:
    if kind is op.LITERAL:
        return chr(value)
    if kind is op.ANY:
        return "x"
    if kind is op.NOT_LITERAL:
        return "x" if value != ord("x") else "y"
    if kind is op.IN:
        return _member(value)
    return ""  # anchors and look-arounds take no room


def _member(members: list[tuple[Any, Any]]) -> str:
    kind, value = members[0]
    if kind is op.NEGATE:
        excluded = {chr(v) for k, v in members if k is op.LITERAL}
        return next(c for c in "x1-_~ab" if c not in excluded)
    if kind is op.RANGE:
        return chr(value[0])
    return _CATEGORIES.get(value, "x") if kind is op.CATEGORY else chr(value)


def _has_group(items: list[Any]) -> bool:
    for kind, value in items:
        if kind is op.SUBPATTERN and (value[0] is not None or _has_group(list(value[3]))):
            return True
        if kind in _REPEATS and _has_group(list(value[2])):
            return True
        if kind is op.BRANCH and any(_has_group(list(option)) for option in value[1]):
            return True
    return False


def _only_text(items: list[Any]) -> str | None:
    """The first text of a group that lists its values, as ``(open|closed)`` does."""
    text = ""
    for kind, value in items:
        if kind is op.LITERAL:
            text += chr(value)
        elif kind is op.IN and all(k is op.LITERAL for k, _ in value):
            text += chr(value[0][1])
        elif kind is op.BRANCH:
            inner = _only_text(list(value[1][0]))
            if inner is None:
                return None
            text += inner
        elif kind is op.SUBPATTERN:
            inner = _only_text(list(value[3]))
            if inner is None:
                return None
            text += inner
        else:
            return None
    return text or None


def _joined(form: Form) -> Form:
    parts: list[str | Capture] = []
    for part in form:
        if isinstance(part, str) and parts and isinstance(parts[-1], str):
            parts[-1] += part
        elif part != "":
            parts.append(part)
    return tuple(parts)
