"""What stays in lists of varying length, and whether another list has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from . import Varies, all_equal, common
from .excerpts import same_start

#: Items between the first and the last that vary; aligning more of them takes too long.
MOST_ITEMS = 2_000
#: Fewer items in a row than this may be alike by chance.
_LEAST_ITEMS = 3
#: Items in common that need not be at their places: words that many sentences have.
_MOST_LOST = 5

Items = list[str]


def blocks(runs: Sequence[Items]) -> list[Items]:
    """What all lists have in this order: how they begin, runs of items between, how they end.

    Raises Varies when the lists are too long and too unlike, or most of what they have in common
    comes in another order.
    """
    first = runs[0]
    head = min(same_start(first, run) for run in runs)
    tail = min(same_start(first[head:][::-1], run[head:][::-1]) for run in runs)
    middles = [run[head : len(run) - tail] for run in runs]
    if max(map(len, middles)) > MOST_ITEMS:
        raise Varies
    found = [first[:head], *_common(middles), first[len(first) - tail :]]
    shared = common([_counted(run) for run in runs]).total()
    placed = sum(_counted(block).total() for block in found)
    if shared - placed > max(placed, _MOST_LOST):
        raise Varies
    return found


def missing(found: Sequence[Items], run: Items) -> Items | None:
    """The first block that a list does not have in its place; None when it has all of them."""
    head, *inner, tail = found
    if run[: len(head)] != head:
        return head
    end = len(run) - len(tail)
    if end < len(head) or run[end:] != tail:
        return tail
    start = len(head)
    for block in inner:
        after = _after(block, run, start, end)
        if after is None:
            return block
        start = after
    return None


def are_in_place(runs: Sequence[Items]) -> bool:
    """Whether lists of one length may be compared place by place: what is the same in them is not
    at other places.
    """
    if all_equal(runs):
        return True
    varying = sum(cells.count(cells[0]) != len(cells) for cells in zip(*runs, strict=True))
    others = len(runs[0]) - common([Counter(run) for run in runs]).total()
    return varying <= 2 * others


def _counted(items: Items) -> Counter[str]:
    return Counter(item for item in items if item.strip())


def _common(middles: Sequence[Items]) -> list[Items]:
    first, *others = middles
    matches = SequenceMatcher(None, first, others[0]).get_matching_blocks() if others else []
    found = [first[m.a : m.a + m.size] for m in matches if m.size >= _LEAST_ITEMS]
    for other in others[1:]:
        start, kept = 0, []
        for block in found:
            after = _after(block, other, start, len(other))
            if after is not None:
                kept.append(block)
                start = after
        found = kept
    return found


def _after(block: Items, run: Items, start: int, end: int) -> int | None:
    """Where a block ends in run[start:end]."""
    last = end - len(block)
    while start <= last:
        try:
            start = run.index(block[0], start, last + 1)
        except ValueError:
            return None
        if run[start : start + len(block)] == block:
            return start + len(block)
        start += 1
    return None
