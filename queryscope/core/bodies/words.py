"""Texts: line by line, what begins with a tag, word by word. HTML, XML, CSV, strings in JSON."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from . import IN_ANOTHER_ORDER, Change, Varies, all_equal, common, mostly_common, times
from .alignment import Items, are_in_place, blocks, missing
from .excerpts import apart, quoted, same_start
from .masks import masked

#: A time, how a tag begins, a word, white space, any other character.
_TOKEN = re.compile(rf"{times.PATTERN}|</?\w[\w:-]*|\w+|\s+|[^\w\s]")
_TAG_BEGINS = re.compile(r"(?=<)")
_NOT_SPACE = re.compile(r"\w+|[^\w\s]")
_VISIBLE = re.compile(r"</?\w[\w:-]*|(\w+)")
#: Lines that are read for the words to show, of pages with more or fewer lines.
_SHOWN_LINES = 20

Texts = Sequence[str]
Pair = tuple[str, str]


def difference(base: Texts, fixed: Texts) -> Change | None:
    """What differs; None when nothing does. Raises Varies."""
    olds, news = [_lines(text) for text in base], [_lines(text) for text in fixed]
    if not all_equal(base):
        _must_be_steady(base, olds)
    try:
        return _pages(olds, news)
    except Varies:
        raise _varies(base) from None


def difference_within(base: Texts, fixed: Texts) -> Pair | None:
    """What became what in a line or a short text; None when nothing differs. Raises Varies."""
    olds, news = [masked(text) for text in base], [masked(text) for text in fixed]
    if any(text in olds for text in news):
        return None
    split = [_TAG_BEGINS.split(text) for text in olds]
    alike = _alike(split, [_TAG_BEGINS.split(text) for text in news])
    if not alike:
        return _tokens(olds, news)
    for cells in zip(*split, *alike, strict=True):
        if pair := _tokens(cells[: len(olds)], cells[len(olds) :], lone=len(fixed) == 1):
            return pair
    return None


def difference_unordered(base: Texts, fixed: Texts) -> Change | None:
    """What differs when the order of words does not matter; None when nothing does.

    Raises Varies.
    """
    olds, news = [masked(text) for text in base], [masked(text) for text in fixed]
    if not all_equal(olds):
        _must_be_steady(olds, [_lines(text) for text in olds])
    bags = [Counter(_NOT_SPACE.findall(text)) for text in olds]
    steady = common(bags)
    others = [bag.total() - steady.total() for bag in bags]
    found = [Counter(_NOT_SPACE.findall(text)) for text in news]
    for bag in found:
        if steady <= bag and min(others) <= bag.total() - steady.total() <= max(others):
            return None
    gone, more = steady - found[0], found[0] - max(bags, key=Counter.total)
    return Change("", quoted(next(iter(gone), "")), quoted(next(iter(more), "")))


def _pages(base: Sequence[Items], fixed: Sequence[Items]) -> Change | None:
    alike = _alike(base, fixed)
    if alike:
        for line, cells in enumerate(zip(*base, *alike, strict=True), 1):
            if cells.count(cells[0]) != len(cells) and (
                pair := difference_within(cells[: len(base)], cells[len(base) :])
            ):
                return Change(f"line {line:,}", quoted(pair[0]), quoted(pair[1]))
        return None
    if not all_equal(base):
        found = blocks(base)
        lost = [missing(found, page) for page in fixed]
        if None in lost:
            return None
        if lost[0] is not found[0]:
            return Change("", quoted("".join(lost[0] or ())), "")
    return _first(base[0], fixed[0])


def _tokens(base: Texts, fixed: Texts, lone: bool = False) -> Pair | None:
    """``lone``: with one text in ``fixed``, a clock may have moved on since."""
    olds, news = [_TOKEN.findall(text) for text in base], [_TOKEN.findall(text) for text in fixed]
    alike = _alike(olds, news)
    if alike:
        columns = zip(*olds, *alike, strict=True)
        if not any(_differs(cells[: len(olds)], cells[len(olds) :], lone) for cells in columns):
            return None
    elif not all_equal(olds):
        found = blocks(olds)
        if any(missing(found, new) is None for new in news):
            return None
    old, new = apart(olds[0], (alike or news)[0])
    return "".join(old), "".join(new)


def _differs(olds: Texts, news: Texts, lone: bool) -> bool:
    if olds[0] in news or not all_equal(olds):
        return False
    return not (lone and times.near(olds[0], news[0]))


def _first(old: Items, new: Items) -> Change:
    """Of pages with more or fewer lines."""
    line = 1 + same_start(old, new)
    texts = ("".join(lines[:_SHOWN_LINES]) for lines in apart(old, new))
    tokens = apart(*(_TOKEN.findall(text) for text in texts))
    return Change(f"line {line:,}", *(quoted("".join(found)) for found in tokens))


def _alike(base: Sequence[Items], fixed: Sequence[Items]) -> list[Items]:
    """Those of ``fixed`` that can be compared item by item."""
    sizes = {len(items) for items in base}
    if len(sizes) > 1 or not are_in_place(base):
        return []
    return [items for items in fixed if {len(items)} == sizes]


def _must_be_steady(base: Texts, lines: Sequence[Items]) -> None:
    # Most pages have few lines that vary; where those have much in common, pages have more so.
    bags = [Counter(each) for each in lines]
    same = common(bags)
    varying = ["\n".join((bag - same).elements()) for bag in bags]
    if not (_are_steady(varying) or _are_steady(base)):
        raise _varies(base)


def _are_steady(texts: Iterable[str]) -> bool:
    return mostly_common([Counter(_visible(masked(text))) for text in texts])


def _varies(base: Texts) -> Varies:
    counts = [len(_visible(text)) for text in base]
    other = next((count for count in counts if count != counts[0]), None)
    if other is None:
        if _are_steady(base):
            return Varies(IN_ANOTHER_ORDER)
        return Varies("most words of the body are others")
    return Varies(f"body has {counts[0]:,} words, then {other:,}")


def _lines(text: str) -> Items:
    return text.split("\n")


def _visible(text: str) -> list[str]:
    """Words that are not names of tags."""
    return [word for word in _VISIBLE.findall(text) if word]
