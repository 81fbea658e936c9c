"""Bodies of responses to the same request: what differs, where, but for what changes by itself.

``base`` are bodies of the request as it is, ``fixed`` those of the request changed. What is not the
same in all of ``base`` changes by itself and is not compared; anything else differs where no body
of ``fixed`` has what ``base`` has there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

IN_ANOTHER_ORDER = (
    "most of the body comes in another order; if that is meant, name the endpoint in "
    'QUERYSCOPE["UNORDERED"]'
)

_Item = TypeVar("_Item", bound=Hashable)


class Varies(Exception):
    """What is the same in all of ``base`` is too little to compare; its text says how it varies."""


@dataclass(frozen=True, slots=True)
class Change:
    """The first thing that differs, cleaned and short: "" where there is nothing.

    ``where`` is "line 12" or "results[3].owner", "" for the whole or an unknown place.
    """

    where: str
    before: str
    after: str

    def __str__(self) -> str:
        """'the body differs at line 12: "In stock" became "Sold out"'"""
        place = f" at {self.where}" if self.where else ""
        if self.before and self.after:
            return f"the body differs{place}: {self.before} became {self.after}"
        if self.before or self.after:
            gone = f"{self.before} is gone" if self.before else f"{self.after} is new"
            return f"the body differs{place}: {gone}"
        return f"the body differs{place}"


def mostly_common(bags: Sequence[Counter[_Item]]) -> bool:
    """Whether at least half of what each body holds is in all of them."""
    return 2 * common(bags).total() >= max(bag.total() for bag in bags)


def common(bags: Sequence[Counter[_Item]]) -> Counter[_Item]:
    """What is in all of them."""
    found = Counter(bags[0])
    for bag in bags[1:]:
        found &= bag
    return found


def all_equal(values: Iterable[object]) -> bool:
    """Whether they are one and the same; also when there is none."""
    rest = iter(values)
    first = next(rest, None)
    return all(value == first for value in rest)
