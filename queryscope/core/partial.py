"""Conditions of partial indexes: what all runs of a query ask alike, and few rows fulfil."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .access import Access, Asked
from .constants import text_literal
from .predicates import RANGES, Predicate

#: A value is rare up to this share of the rows.
RARE = 0.15
#: Above that share a condition leaves out next to nothing.
_NEARLY_ALL = 0.98
#: A column with more values than that is no status.
_MOST_STATUSES = 100
_NUMBERS = ("int", "bigint", "smallint", "numeric", "decimal", "real", "double")
#: Rows without a value are left out of an index where they are at least this share.
_MANY_NULLS = 0.3


@dataclass(frozen=True, slots=True)
class Condition:
    """``sql`` is the WHERE of an index, ``share`` of the rows fulfil it. ``fixed`` are the
    predicates of the query that it takes over, ``key`` columns that the index needs as keys for
    the query to tell its rows from others."""

    sql: str
    share: float
    fixed: frozenset[Predicate]
    why: str
    key: frozenset[str] = frozenset()


def conditions(access: Access) -> list[Condition]:
    """Conditions that the planner can see to hold whenever the query runs."""
    rare = [each for each in access.asked if is_rare(each, access)]
    structural = [each for each in access.asked if is_structural(each, access)]
    chosen: list[Sequence[Asked]] = []
    if rare and structural:
        chosen.append([*rare, *structural])
    chosen += [[each] for each in rare]
    if len(rare) > 1:
        chosen.append(rare)
    if len(structural) > 1:
        chosen.append(structural)
    chosen += [[each] for each in structural]
    for one in rare:
        chosen += [[one, each] for each in structural]
    found = {condition.sql: condition for condition in map(_condition, chosen)}
    for condition in _without_nulls(access):
        found.setdefault(condition.sql, condition)
    return list(found.values())


def is_structural(asked: Asked, access: Access) -> bool:
    """Soft deletes and flags: their meaning is fixed, whatever rows there are today."""
    predicate = asked.predicate
    if not asked.steady or predicate.term.expression or asked.share > _NEARLY_ALL:
        return False
    is_flag = access.table.columns[predicate.term.sql].type.startswith("bool")
    return predicate.operator in ("is null", "is not null") or (
        predicate.operator == "=" and is_flag
    )


def is_rare(asked: Asked, access: Access) -> bool:
    """A constant that few rows have, of a column that has few values."""
    predicate = asked.predicate
    if not asked.steady or asked.share > RARE or not predicate.condition:
        return False
    if is_structural(asked, access):
        return True
    if predicate.operator in ("?", "?|", "?&"):
        return True
    if predicate.term.expression:
        return False
    if predicate.operator in RANGES:
        # One that never moves is no date, and was seen more than once.
        return access.samples > 1 and _is_number(predicate)
    if predicate.operator not in ("=", "in", "<>", "not in"):
        return False
    return _is_status(predicate.term.sql, access)


def _is_number(predicate: Predicate) -> bool:
    return "'" not in predicate.condition


def _is_status(name: str, access: Access) -> bool:
    """Few values, and none that points at another row."""
    column = access.table.columns[name]
    if any(name in key.columns for key in access.table.foreign_keys):
        return False
    known = column.statistics
    return known is not None and known.distinct <= _MOST_STATUSES


def _condition(asked: Sequence[Asked]) -> Condition:
    ordered = sorted(asked, key=lambda each: each.predicate.condition)
    share = 1.0
    for each in ordered:
        share *= each.share
    sql = " AND ".join(dict.fromkeys(each.predicate.condition for each in ordered))
    fixed = frozenset(each.predicate for each in ordered)
    return Condition(sql, share, fixed, f"only rows with {sql}: {_percent(share)} of them")


def _without_nulls(access: Access) -> Iterator[Condition]:
    """``a = 1`` cannot hold where a is null: those rows need not be in the index."""
    for each in access.asked:
        predicate = each.predicate
        if predicate.operator not in ("=", "in", *RANGES) or not predicate.term.immutable:
            continue
        nulls = _nulls(predicate, access)
        if nulls is None or nulls < _MANY_NULLS:
            continue
        name = predicate.term.sql
        sql = name if predicate.term.expression else f'"{name}"'
        why = f"only rows that have a value: {_percent(1 - nulls)} of them"
        yield Condition(f"{sql} IS NOT NULL", 1 - nulls, frozenset(), why)


def _nulls(predicate: Predicate, access: Access) -> float | None:
    if predicate.term.expression:
        # Keys of documents are often missing, but nothing tells how often.
        return 0.5 if predicate.term.type.startswith("json") else None
    known = access.table.columns[predicate.term.sql].statistics
    return known.null_fraction if known else None


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 else "less than 1 %"


def united(accesses: Iterable[Access]) -> dict[str, tuple[str, ...]]:
    """Rare constants of one column over all queries of a table: ``status IN ('a', 'b')`` serves
    those for a, for b and for both. By column: the constants as SQL, where there are several."""
    found: dict[str, dict[str, float]] = {}
    queries: dict[str, set[str]] = {}
    for access in accesses:
        for each in access.asked:
            predicate = each.predicate
            if predicate.operator not in ("=", "in") or not is_rare(each, access):
                continue
            if is_structural(each, access):
                continue
            column = predicate.term.sql
            shares = found.setdefault(column, {})
            for value in predicate.values:
                shares[str(value)] = each.share / len(predicate.values)
            queries.setdefault(column, set()).add(predicate.condition)
    return {
        column: tuple(sorted(shares))
        for column, shares in found.items()
        if len(shares) > 1 and len(queries[column]) > 1 and sum(shares.values()) <= RARE
    }


def united_conditions(access: Access, united: dict[str, tuple[str, ...]]) -> Iterator[Condition]:
    """``status IN (…)`` with the rare values of all queries, for a query of some of them."""
    structural = [each for each in access.asked if is_structural(each, access)]
    for each in access.asked:
        predicate = each.predicate
        values = united.get(predicate.term.sql, ())
        if predicate.operator not in ("=", "in") or not is_rare(each, access):
            continue
        own = set(map(str, predicate.values))
        if not own < set(values):
            continue
        column = access.table.columns[predicate.term.sql]
        listed = ", ".join(_literal(value, column.type) for value in values)
        sql = f'"{column.name}" IN ({listed})'
        share = each.share * len(values) / len(own)
        why = f"only rows with {sql}, which several queries ask for"
        fixed: frozenset[Predicate] = frozenset()
        if structural:
            both = _condition(structural)
            sql, share, fixed = f"{sql} AND {both.sql}", share * both.share, both.fixed
        yield Condition(sql, share, fixed, why, frozenset({column.name}))


def _literal(value: str, type_: str) -> str:
    return value if type_.startswith(_NUMBERS) else text_literal(value)
