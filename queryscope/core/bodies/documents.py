"""JSON, value by value: the order of an object's keys means nothing, that of a list does."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from . import IN_ANOTHER_ORDER, Change, Varies, all_equal, common, mostly_common, times
from .excerpts import clean, quoted
from .masks import without_tokens
from .words import difference_within


class _Absent:
    """What an object has for a key that it has not."""


ABSENT = _Absent()
#: Values that may be elsewhere in another response by chance.
_MOST_MOVED = 5
#: A place with its values in ``base`` and in ``fixed``.
_Spot = tuple[str, Sequence[Any], Sequence[Any]]
#: Places ("results[*].name") and values, with how often they are there.
_Bag = Counter[tuple[str, Hashable]]


def parsed(texts: Sequence[str]) -> list[Any] | None:
    """The documents; None where one is not JSON, or too deep.

    Numbers are ("number", "1.50"): compared exactly, and never equal to true or a string.
    """
    try:
        found = {text: _parsed(without_tokens(text.removeprefix("\ufeff"))) for text in {*texts}}
        return [found[text] for text in texts]
    except (ValueError, RecursionError):
        return None


def difference(base: Sequence[Any], fixed: Sequence[Any]) -> Change | None:
    """What differs; None when nothing does. Raises Varies."""
    if not all_equal(base):
        _must_be_steady(base)
    spots: list[_Spot] = [("", base, fixed)]
    while spots:
        where, olds, news = spots.pop()
        old = olds[0]
        if not all(type(other) is type(old) for other in olds):
            continue
        alike = [new for new in news if type(new) is type(old)]
        if not alike:
            return Change(where, _shown(old), _shown(news[0]))
        if isinstance(old, dict):
            spots.extend(reversed([*_values(where, olds, alike)]))
        elif isinstance(old, list):
            sizes = _sizes(where, olds)
            same_size = [new for new in alike if len(new) == sizes]
            if not same_size:
                return Change(where, _items(old), _items(alike[0]))
            spots.extend(reversed([*_rows(where, olds, same_size)]))
        elif change := _scalars(where, olds, alike, lone=len(fixed) == 1):
            return change
    return None


def difference_unordered(base: Sequence[Any], fixed: Sequence[Any]) -> Change | None:
    """What differs when lists have no order; None when nothing does. Raises Varies."""
    bags = [Counter(_leaves(document)) for document in base]
    varying = frozenset(where for bag in bags for where, _ in (bag - bags[0]) + (bags[0] - bag))
    if not mostly_common(bags):
        raise Varies("most values of the body are others")
    olds = [canonical(document, varying) for document in base]
    if not all_equal(olds):
        raise Varies("other values stand together")
    if any(canonical(document, varying) == olds[0] for document in fixed):
        return None
    return _moved(bags[0], Counter(_leaves(fixed[0])), varying)


def canonical(value: Any, varying: frozenset[str] = frozenset(), where: str = "") -> str:
    """One text for all orders of lists and keys, without the values at some places."""
    if isinstance(value, dict):
        held = [f"{k!r}:{canonical(v, varying, _at(where, k))}" for k, v in value.items()]
        return "{" + ",".join(sorted(held)) + "}"
    if isinstance(value, list):
        place = f"{where}[*]"
        return "[" + ",".join(sorted([canonical(row, varying, place) for row in value])) + "]"
    return "" if where in varying else repr(value)


def _parsed(text: str) -> Any:
    return json.loads(text, parse_int=_number, parse_float=_number, parse_constant=_number)


def _number(text: str) -> tuple[str, str]:
    return "number", text


def _must_be_steady(base: Sequence[Any]) -> None:
    varying = sum(_varying(base))
    values = sum(1 for _ in _leaves(base[0]))
    if varying > _MOST_MOVED:
        bags = [Counter(_leaves(document)) for document in base]
        if varying > 2 * (values - common(bags).total()):
            raise Varies(IN_ANOTHER_ORDER)
    if 2 * varying > values:
        raise Varies("most values of the body are others")


def _varying(documents: Sequence[Any]) -> Iterator[int]:
    """How many values are not the same in all, part by part. Raises Varies."""
    spots: list[_Spot] = [("", documents, ())]
    while spots:
        where, values, _ = spots.pop()
        if not all(type(value) is type(values[0]) for value in values):
            yield max(sum(1 for _ in _leaves(value)) for value in values)
        elif isinstance(values[0], dict):
            spots.extend(_values(where, values, ()))
        elif isinstance(values[0], list):
            _sizes(where, values)
            spots.extend(_rows(where, values, ()))
        else:
            yield 1


def _leaves(document: Any) -> Iterator[tuple[str, Hashable]]:
    """Every value that holds no others, with its place: "results[*].name"."""
    values = [("", document)]
    while values:
        where, value = values.pop()
        if isinstance(value, dict) and value:
            values.extend((_at(where, key), inner) for key, inner in value.items())
        elif isinstance(value, list) and value:
            place = f"{where}[*]"
            values.extend((place, inner) for inner in value)
        else:
            yield where, type(value) if isinstance(value, (dict, list)) else value


def _moved(old: _Bag, new: _Bag, varying: frozenset[str]) -> Change:
    """The first place with a value that only one of two bodies has."""
    gone, more = old - new, new - old
    for where in (where for where, _ in (*gone, *more) if where not in varying):
        texts = (next((_shown(v) for w, v in bag if w == where), "") for bag in (gone, more))
        return Change(where, *texts)
    return Change("", "", "")  # the same values, together in other rows


def _values(where: str, olds: Sequence[Any], news: Sequence[Any]) -> Iterator[_Spot]:
    for key in dict.fromkeys(chain(*olds, *news)):
        cells = [document.get(key, ABSENT) for document in (*olds, *news)]
        if not all_equal(cells):
            yield _at(where, key), cells[: len(olds)], cells[len(olds) :]


def _rows(where: str, olds: Sequence[Any], news: Sequence[Any]) -> Iterator[_Spot]:
    for index, cells in enumerate(zip(*olds, *news, strict=True)):
        if not all_equal(cells):
            yield f"{where}[{index}]", cells[: len(olds)], cells[len(olds) :]


def _sizes(where: str, lists: Sequence[Any]) -> int:
    size = len(lists[0])
    for other in lists:
        if len(other) != size:
            raise Varies(f"{where or 'the list'} has {_items(lists[0])}, then {len(other):,}")
    return size


def _scalars(where: str, olds: Sequence[Any], news: Sequence[Any], *, lone: bool) -> Change | None:
    if isinstance(olds[0], str):
        try:
            pair = difference_within(olds, news)
        except Varies:  # long and never the same
            return None
        return Change(where, *(quoted(text) for text in pair)) if pair else None
    old, new = olds[0], news[0]
    if old in news or not all_equal(olds):
        return None
    if lone and isinstance(old, tuple) and times.near(old[1], new[1]):
        return None
    return Change(where, _shown(old), _shown(new))


@lru_cache(maxsize=4_096)
def _at(where: str, key: str) -> str:
    if not key.isidentifier():
        return f"{where}[{json.dumps(clean(key), ensure_ascii=False)}]"
    return f"{where}.{clean(key)}" if where else clean(key)


def _items(values: Sequence[object]) -> str:
    return f"{len(values):,} item{'' if len(values) == 1 else 's'}"


def _shown(value: Any) -> str:
    if value is ABSENT:
        return ""
    if isinstance(value, str):
        return quoted(value) or '""'
    if isinstance(value, tuple):
        return clean(value[1])
    if isinstance(value, (dict, list, type)):
        return "an object" if value is dict or isinstance(value, dict) else "a list"
    return json.dumps(value)
