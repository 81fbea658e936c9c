"""Keys of B-trees that answer one access: equality first, then the order of rows or one range."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from .access import Access, Asked
from .indexes import IndexKey
from .predicates import RANGES, Order, Predicate, Term
from .schema import Schema

Role = Literal["equality", "join", "list", "range", "order", "group", "filter"]

#: An equality that leaves more than this share of the rows is better left to a condition.
UNSELECTIVE = 0.5
#: Types that a B-tree over a column is of no use for.
_NO_BTREE = ("json", "tsvector", "xml", "point", "polygon", "geometry", "geography")
_BEST = 2


@dataclass(frozen=True, slots=True)
class Key:
    """``share`` of the rows is left by what is compared with it, 1 where nothing is."""

    term: Term
    role: Role
    share: float = 1.0
    descending: bool = False
    opclass: str = ""

    @property
    def index_key(self) -> IndexKey:
        columns = self.term.columns if self.term.expression else ()
        return IndexKey(self.term.sql, self.descending, self.opclass, self.term.expression, columns)


@dataclass(frozen=True, slots=True)
class Shape:
    """Keys in their order. ``sorted_by`` tells that rows come out in the order asked for."""

    keys: tuple[Key, ...]
    sorted_by: bool = False


def shapes(
    access: Access,
    schema: Schema,
    popularity: dict[str, float],
    max_width: int,
    fixed: frozenset[Predicate] = frozenset(),
) -> list[Shape]:
    """All that could pay, each once. ``fixed`` are predicates that the index's condition already
    tests; ``popularity`` of a term is how much of the workload compares it by equality."""
    asked = [each for each in access.asked if each.predicate not in fixed]
    parts = _Parts(access, schema, asked, fixed)
    found: dict[tuple[Key, ...], Shape] = {}
    for base in _bases(parts, popularity):
        for keys in _extended(parts, base):
            keys = _once(keys)
            # A shorter index may do as well for half the price.
            for width in range(1, min(len(keys), max_width) + 1):
                short = _ascending_first(keys[:width])
                found.setdefault(short, Shape(short, _sorts(short, parts)))
    return list(found.values())


class _Parts:
    """What an access asks, by the places that an index has for it."""

    def __init__(
        self, access: Access, schema: Schema, asked: Sequence[Asked], fixed: Iterable[Predicate]
    ) -> None:
        usable = [each for each in asked if is_btree(each.term, access)]
        alone = [each for each in usable if each.predicate.join is None]
        self.equalities = _keys(alone, "equality", lambda p: p.is_equality)
        if fixed:
            # In a partial index another flag would rather be part of its condition.
            self.equalities = [key for key in self.equalities if key.share <= UNSELECTIVE]
        self.lists = _keys(alone, "list", lambda p: p.operator == "in")
        self.ranges = _ranges(alone)
        self.ranges += _prefixes(alone, access, schema)
        self.ranges.sort(key=lambda key: key.share)
        self.joins = _join_groups(usable)
        constant = {key.term for key in self.equalities}
        constant |= {p.term for p in fixed if p.is_equality}
        use = access.use
        self.orders = [_orders(use.order, constant, access)]
        self.orders += [_orders(each, constant, access) for each in use.windows]
        grouped = [use.grouping, use.distinct, *((each,) for each in use.extremes)]
        self.groups = [_group(terms, constant, access) for terms in grouped]
        self.constant = constant
        self.wanted = self.orders[0] if use.order_complete else ()


def is_btree(term: Term, access: Access) -> bool:
    """Whether a B-tree may hold the term."""
    if term.expression:
        return term.immutable and not (term.type == "json" or term.type == "tsvector")
    type_ = access.table.columns[term.sql].type
    return not type_.startswith(_NO_BTREE) and not type_.endswith("]")


def _keys(asked: Iterable[Asked], role: Role, wanted: object) -> list[Key]:
    assert callable(wanted)
    found: dict[Term, Key] = {}
    for each in asked:
        if wanted(each.predicate):
            found.setdefault(each.term, Key(each.term, role, each.share))
    return list(found.values())


def _ranges(asked: Iterable[Asked]) -> list[Key]:
    """Bounds on one term are one range."""
    shares: dict[Term, list[float]] = {}
    for each in asked:
        if each.predicate.operator in RANGES:
            shares.setdefault(each.term, []).append(each.share)
    return [Key(term, "range", _both(found)) for term, found in shares.items()]


def _both(shares: Sequence[float]) -> float:
    return max(sum(shares) - (len(shares) - 1), 0.0005)


def _prefixes(asked: Iterable[Asked], access: Access, schema: Schema) -> list[Key]:
    """LIKE 'x%' is a range where text sorts by bytes, which an operator class sees to."""
    if schema.vendor != "postgresql":
        return []
    found = []
    for each in asked:
        predicate = each.predicate
        if predicate.operator == "like" and predicate.pattern in ("prefix", "exact"):
            opclass = "" if schema.c_collation else pattern_opclass(each.term, access)
            found.append(Key(each.term, "range", each.share, opclass=opclass))
    return found


def pattern_opclass(term: Term, access: Access) -> str:
    """The operator class by which a B-tree answers LIKE 'x%'."""
    type_ = term.type if term.expression else access.table.columns[term.sql].type
    is_varchar = type_.startswith(("character varying", "varchar"))
    return "varchar_pattern_ops" if is_varchar else "text_pattern_ops"


def _join_groups(asked: Iterable[Asked]) -> list[list[Key]]:
    """Columns compared with one other table, best first."""
    groups: dict[int | None, list[Key]] = {}
    for each in asked:
        predicate = each.predicate
        if predicate.join is not None and predicate.operator in ("=", "in"):
            keys = groups.setdefault(predicate.join.use, [])
            if all(key.term != each.term for key in keys):
                keys.append(Key(each.term, "join", each.share))
    return sorted(groups.values(), key=lambda keys: min(key.share for key in keys))


def _orders(order: Sequence[Order], constant: set[Term], access: Access) -> tuple[Key, ...]:
    """Sort keys that are not fixed anyway; up to the first that no index can give."""
    keys = []
    for each in order:
        if each.term in constant:
            continue
        if not is_btree(each.term, access):
            break
        if each.nulls_first is not None and _nullable(each.term, access):
            break
        keys.append(Key(each.term, "order", descending=each.descending))
    return tuple(keys)


def _nullable(term: Term, access: Access) -> bool:
    return any(access.table.columns[name].nullable for name in term.columns)


def _group(terms: Sequence[Term], constant: set[Term], access: Access) -> tuple[Key, ...]:
    usable = [term for term in terms if term not in constant]
    if not all(is_btree(term, access) for term in usable):
        return ()
    return tuple(Key(term, "group") for term in usable)


def _bases(parts: _Parts, popularity: dict[str, float]) -> Iterator[tuple[Key, ...]]:
    """What is compared by equality, in orders that others can share."""
    shared = sorted(parts.equalities, key=lambda k: (-popularity.get(k.term.sql, 0), k.share))
    strict = sorted(parts.equalities, key=lambda k: k.share)
    sharp = [key for key in shared if key.share <= UNSELECTIVE]
    yield ()
    for keys in (shared, strict, sharp):
        yield tuple(keys)
    if len(strict) > 2:
        yield from combinations(strict[:3], 2)
    for key in strict[:3]:
        yield (key,)
    for group in parts.joins[:4]:
        yield tuple(group)
        yield (*group, *sharp)
        yield (*sharp, *group)
        yield (*shared, *group)
        for key in group if len(group) > 1 else ():
            yield (key,)
    for one, other in combinations(parts.joins[:4], 2):
        yield (*one, *other)
        yield (*other, *one)


def _extended(parts: _Parts, base: tuple[Key, ...]) -> Iterator[tuple[Key, ...]]:
    """A base with what may follow it."""
    yield base
    ranges, lists = parts.ranges[:_BEST], parts.lists[:_BEST]
    for order in parts.orders:
        if order:
            yield (*base, *order)
            filters = tuple(_filter(key) for key in (*lists, *ranges))
            yield (*base, *order, *filters)
    for listed in lists:
        yield (*base, listed)
        for tail in (*((each,) for each in ranges), *parts.orders):
            yield (*base, listed, *tail)
    if len(lists) > 1:
        yield (*base, *lists)
    for at, ranged in enumerate(ranges):
        rest = [each for i, each in enumerate(ranges) if i != at]
        yield (*base, ranged, *map(_filter, rest))
    for group in parts.groups:
        if group:
            yield (*base, *group)


def _filter(key: Key) -> Key:
    return Key(key.term, "filter", key.share, opclass=key.opclass)


def _once(keys: Sequence[Key]) -> tuple[Key, ...]:
    """Each term at its first place; a range on a sort key narrows it there."""
    found: dict[Term, Key] = {}
    for key in keys:
        known = found.get(key.term)
        if known is None:
            found[key.term] = key
        elif known.role == "order":
            found[key.term] = Key(key.term, "order", key.share, known.descending, known.opclass)
    return tuple(found.values())


def _ascending_first(keys: Sequence[Key]) -> tuple[Key, ...]:
    """Directions count only where they differ: an index is read backwards as well."""
    first = next((key for key in keys if key.role == "order"), None)
    if first is None or not first.descending:
        return tuple(keys)
    return tuple(
        Key(key.term, key.role, key.share, not key.descending, key.opclass)
        if key.role == "order"
        else key
        for key in keys
    )


def _sorts(keys: Sequence[Key], parts: _Parts) -> bool:
    """Whether rows come in the order that is asked for: sort keys follow equalities directly."""
    wanted = [key.term for key in parts.wanted]
    tail = [key for key in keys if key.role not in ("equality", "join")]
    return bool(wanted) and [key.term for key in tail[: len(wanted)]] == wanted
