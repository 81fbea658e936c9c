"""Whether a request is answered alike as it is and with fixes in place.

What a response says only once (CSRF tokens, nonces, the date) is not compared, nor what differs
between responses of the request as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .bodies import Change, Varies, all_equal, documents, markup, words
from .bodies.masks import masked
from .headers import changed_cookie, changed_header, media_type

#: Characters of a body in which rows in another order are looked for; it takes its time.
MOST_REORDERED = 2_000_000

REORDERED = (
    "only the order of rows differs: order the queryset by what is unique, or name the endpoint in "
    'QUERYSCOPE["UNORDERED"] where none is meant'
)


@dataclass(frozen=True, slots=True)
class Captured:
    """A whole response; ``cookies`` are "name=value" of those it sets."""

    status: int
    headers: tuple[tuple[str, str], ...]
    cookies: tuple[str, ...]
    body: bytes
    charset: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """``reason`` is "" when they are the same, else one clause for a person: what differs, or how
    the request is answered otherwise each time (not ``comparable``). ``reordered``: only the order
    of rows differs.
    """

    same: bool
    comparable: bool = True
    reason: str = ""
    reordered: bool = False


_SAME = Comparison(same=True)


def compare(
    base: Sequence[Captured], fixed: Sequence[Captured], *, unordered: bool = False
) -> Comparison:
    """Responses of one request, in turns as it is (``base``) and with fixes (``fixed``).

    With two or more of each, what changes by itself is seen; with one ``fixed`` response, times at
    most a minute apart are taken for the same. ``unordered``: rows may come in any order.
    """
    if not base or not fixed:
        return Comparison(same=False, comparable=False, reason="there is no response to compare")
    if all_equal((*base, *fixed)):
        return _SAME
    try:
        return _compared(base, fixed, unordered)
    except Varies as varies:
        reason = f"the response differs from one request to the next: {varies}"
        return Comparison(same=False, comparable=False, reason=reason)


def _compared(base: Sequence[Captured], fixed: Sequence[Captured], unordered: bool) -> Comparison:
    reason = _changed_status(base, fixed)
    reason = reason or changed_header(
        [one.headers for one in base],
        [one.headers for one in fixed],
        same_bodies=all_equal(one.body for one in (*base, *fixed)),
    )
    reason = reason or changed_cookie([x.cookies for x in base], [x.cookies for x in fixed])
    return Comparison(same=False, reason=reason) if reason else _bodies(base, fixed, unordered)


def _changed_status(base: Sequence[Captured], fixed: Sequence[Captured]) -> str:
    before = base[0].status
    for other in base:
        if other.status != before:
            raise Varies(f"status {before}, then {other.status}")
    after = next((one.status for one in fixed if one.status != before), before)
    return "" if after == before else f"the status differs: {before} became {after}"


def _bodies(base: Sequence[Captured], fixed: Sequence[Captured], unordered: bool) -> Comparison:
    if all_equal(one.body for one in (*base, *fixed)):
        return _SAME
    kind = media_type(base[0].headers)
    if any(media_type(one.headers) != kind for one in base):
        raise Varies("the body is of another type")
    texts = [_text(one, kind) for one in (*base, *fixed)]
    if None in texts:
        return _bytes(base, fixed, kind)
    read = [text for text in texts if text is not None]
    if _is_json(kind) and (found := documents.parsed(read)) is not None:
        with suppress(RecursionError):  # deeper than the parser minds
            return _compared_as(_JSON, read, found, len(base), unordered)
    reading = _MARKUP if "html" in kind or "xml" in kind else _LINES
    return _compared_as(reading, read, read, len(base), unordered)


@dataclass(frozen=True, slots=True)
class _Reading:
    """A way to read bodies: ``canonical`` is the same for all orders of whole rows."""

    difference: Callable[[Sequence[Any], Sequence[Any]], Change | None]
    difference_unordered: Callable[[Sequence[Any], Sequence[Any]], Change | None]
    canonical: Callable[[Any], object]

    def is_in_any_order(self, bodies: Sequence[Any]) -> bool:
        """Whether the same rows came in another order."""
        return (
            not all_equal(bodies)
            # What is masked, or the order of keys, makes other bodies of the same rows too.
            and any(self.difference(bodies[:1], [other]) for other in bodies[1:])
            and all_equal(map(self.canonical, bodies))
        )

    def has_same_rows(self, base: Sequence[Any], fixed: Sequence[Any]) -> bool:
        """Whether one of ``fixed`` has the rows of ``base``, in whatever order."""
        rows = self.canonical(base[0])
        return any(self.canonical(each) == rows for each in fixed)


def _compared_as(
    reading: _Reading, texts: Sequence[str], bodies: Sequence[Any], count: int, unordered: bool
) -> Comparison:
    """``bodies`` are the ``texts`` as ``reading`` takes them, the first ``count`` of ``base``."""
    base, fixed = bodies[:count], bodies[count:]
    if unordered:
        return _told(reading.difference_unordered(base, fixed))
    small = max(map(len, texts)) <= MOST_REORDERED
    if small and reading.is_in_any_order(base):
        if reading.has_same_rows(base, fixed):
            return _SAME
        return _told(reading.difference_unordered(base, fixed) or Change("", "", ""))
    change = reading.difference(base, fixed)
    if change and small and reading.has_same_rows(base, fixed):
        return Comparison(same=False, reason=REORDERED, reordered=True)
    return _told(change)


def _elements(text: str) -> object:
    text = masked(text)
    # Elements are told apart without the white space around them, which is no row.
    return len(text), markup.canonical(text) or text


def _lines(text: str) -> list[str]:
    return sorted(masked(text).splitlines())


_JSON = _Reading(documents.difference, documents.difference_unordered, documents.canonical)
_MARKUP = _Reading(words.difference, words.difference_unordered, _elements)
_LINES = _Reading(words.difference, words.difference_unordered, _lines)


def _told(change: Change | None) -> Comparison:
    return _SAME if change is None else Comparison(same=False, reason=str(change))


def _bytes(base: Sequence[Captured], fixed: Sequence[Captured], kind: str) -> Comparison:
    before = base[0].body
    for other in base:
        if other.body != before:
            sizes = f"{len(before):,} bytes, then {len(other.body):,}"
            raise Varies(f"the body ({kind or 'of no type'}) is never the same, {sizes}")
    if any(one.body == before for one in fixed):
        return _SAME
    sizes = f"{len(before):,} bytes became {len(fixed[0].body):,}"
    return Comparison(same=False, reason=f"the body ({kind or 'of no type'}) differs: {sizes}")


_TEXTS = ("text/", "application/javascript", "application/x-javascript", "application/graphql")
_ENDINGS = ("json", "xml", "yaml", "csv", "html", "x-www-form-urlencoded")


def _is_json(kind: str) -> bool:
    return kind == "application/json" or kind.endswith("+json")


def _text(one: Captured, kind: str) -> str | None:
    """None of what is not text by its type."""
    encoded = any(name.lower() == "content-encoding" for name, _ in one.headers)
    if encoded or not (kind.startswith(_TEXTS) or kind.endswith(_ENDINGS)):
        return None
    try:
        return one.body.decode(one.charset, "backslashreplace")
    except (LookupError, ValueError):  # no such charset, or one that is not of texts
        return one.body.decode("latin-1")
