"""A few words of a body, fit for one line of a report."""

from __future__ import annotations

import re
from itertools import takewhile

#: Characters of a body that a reason shows at most, of each side.
MOST = 40

_TAG = re.compile(r"<[^<>]*>")


def quoted(text: str) -> str:
    """``"In stock"``: markup left out unless there is nothing else, one line, short; "" of ""."""
    inner = clean(_TAG.sub(" ", text)) or clean(text)
    return f'"{inner}"' if inner else ""


def clean(text: str) -> str:
    """Printable, with single spaces, at most :data:`MOST` characters."""
    # Escapes for terminals and marks of direction are not printable either.
    start = "".join(letter if letter.isprintable() else " " for letter in text[: 8 * MOST])
    words = " ".join(start.split())
    return words if len(words) <= MOST else words[: MOST - 1].rstrip() + "…"


def apart(old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    """Both without what they begin and end with alike."""
    head = same_start(old, new)
    tail = same_start(old[head:][::-1], new[head:][::-1])
    return old[head : len(old) - tail], new[head : len(new) - tail]


def same_start(one: list[str], other: list[str]) -> int:
    """How many items both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
