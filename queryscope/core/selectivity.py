"""Which share of a table's rows a predicate matches, by what the planner knows of its columns.

Only good enough to put candidates in order and to tell rare values from frequent ones: what an
index is worth the database says.
"""

from __future__ import annotations

import datetime
from bisect import bisect_left
from decimal import Decimal, InvalidOperation

from .predicates import RANGES, Predicate
from .schema import Column, ColumnStatistics, Table

#: Shares where nothing is known, much as PostgreSQL has them.
_EQUALITY = 0.005
_RANGE = 0.33
_BOUNDED = 0.005
_PATTERN = 0.01
_CONTAINS = 0.01
_NULL = 0.05
_TEXTS = ("text", "character", "varchar", "citext", "uuid", "enum")


def selectivity(predicate: Predicate, table: Table) -> float:
    """Between 0 and 1."""
    column = None
    if not predicate.term.expression:
        column = table.columns.get(predicate.term.sql)
    statistics = column.statistics if column is not None else None
    share = _share(predicate, column, statistics)
    return min(1.0, max(share, 1.0 / max(table.rows, 1.0) / 10))


def _share(predicate: Predicate, column: Column | None, known: ColumnStatistics | None) -> float:
    operator, values = predicate.operator, predicate.values
    nulls = known.null_fraction if known else _NULL
    if operator == "is null":
        return nulls
    if operator == "is not null":
        return 1 - nulls
    if operator in ("=", "in"):
        return _equal_to_any(values or (None,), column, known, predicate)
    if operator in ("<>", "not in"):
        return 1 - nulls - _equal_to_any(values or (None,), column, known, predicate)
    if operator in RANGES:
        return _below_or_above(predicate, column, known)
    if operator in ("like", "ilike", "regex"):
        return _EQUALITY if predicate.pattern == "exact" else _PATTERN
    return _CONTAINS


def _equal_to_any(
    values: tuple[str | None, ...],
    column: Column | None,
    known: ColumnStatistics | None,
    predicate: Predicate,
) -> float:
    if column is not None and column.type.startswith("bool"):
        return _flag(values, known)
    if known is None:
        return min(1.0, _EQUALITY * len(values))
    common = dict(known.common)
    rest = max(0.0, 1 - known.null_fraction - sum(common.values()))
    others = max(1.0, known.distinct - len(common))
    if predicate.join is not None or None in values:
        # Any value may come: an average one.
        return min(1.0, (1 - known.null_fraction) / max(known.distinct, 1.0) * len(values))
    return sum(common.get(str(value), rest / others) for value in values)


def _flag(values: tuple[str | None, ...], known: ColumnStatistics | None) -> float:
    if known is None or not known.common:
        return 0.5
    truth = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
    common = {truth.get(text.lower()): share for text, share in known.common}
    return sum(common.get(truth.get(str(value).lower()), 0.0) for value in values)


def _below_or_above(
    predicate: Predicate, column: Column | None, known: ColumnStatistics | None
) -> float:
    value = predicate.values[0] if predicate.values else None
    if value is None or known is None or column is None:
        return _RANGE
    point = ordinal(value, column.type)
    if point is None:
        return _RANGE
    below = _share_below(point, column.type, known)
    if below is None:
        return _RANGE
    return below if predicate.operator in ("<", "<=") else 1 - known.null_fraction - below


def _share_below(point: float | str, type_: str, known: ColumnStatistics) -> float | None:
    common = [(ordinal(text, type_), share) for text, share in known.common]
    below = sum(share for at, share in common if at is not None and _less(at, point))
    bounds = [at for at in (ordinal(text, type_) for text in known.bounds) if at is not None]
    if len(bounds) < 2:
        return below if common else None
    rest = max(0.0, 1 - known.null_fraction - sum(share for _, share in common))
    try:
        at = bisect_left(bounds, point)
    except TypeError:
        return None
    part = 0.0
    if 0 < at < len(bounds):
        part = _between(bounds[at - 1], bounds[at], point)
    return below + rest * max(0.0, min(1.0, (at - 1 + part) / (len(bounds) - 1) if at else 0.0))


def _less(left: float | str, right: float | str) -> bool:
    if isinstance(left, str) or isinstance(right, str):
        return isinstance(left, str) and isinstance(right, str) and left < right
    return left < right


def _between(low: float | str, high: float | str, point: float | str) -> float:
    if isinstance(low, str) or isinstance(high, str) or isinstance(point, str) or high == low:
        return 0.5
    return (point - low) / (high - low)


def ordinal(text: str, type_: str) -> float | str | None:
    """A value as something that sorts like it; None where that is not known."""
    if type_.startswith(_TEXTS):
        return text
    if type_.startswith(("timestamp", "date")):
        return _moment(text)
    try:
        return float(Decimal(text))
    except (InvalidOperation, OverflowError):
        # SQLite has no type for times.
        moment = _moment(text)
        return text if moment is None else moment


def _moment(text: str) -> float | None:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return (moment - _EPOCH).total_seconds()


_EPOCH = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


def combined(predicates: list[Predicate], table: Table) -> float:
    """Of rows that match all: two bounds on one term are one range, the rest independent."""
    share = 1.0
    ranges: dict[str, list[float]] = {}
    for predicate in predicates:
        each = selectivity(predicate, table)
        if predicate.operator in RANGES:
            ranges.setdefault(predicate.term.sql, []).append(each)
        else:
            share *= each
    for shares in ranges.values():
        if len(shares) == 1:
            share *= shares[0]
        elif all(each == _RANGE for each in shares):
            share *= _BOUNDED
        else:
            share *= max(sum(shares) - (len(shares) - 1), 1e-6)
    return share
