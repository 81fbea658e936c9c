"""What a column's values are like, from a sample of rows: for a database that does not tell."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ..core.indexes import quoted
from ..core.schema import ColumnStatistics

#: Rows that are read; a table that has no more is read whole.
SAMPLE_ROWS = 10_000
_COMMON = _BOUNDS = 100
_LONG = 1_000  # characters of a value that is neither common nor a bound, as PostgreSQL has it


def read(
    cursor: Any, table: str, columns: Sequence[str], rows: float, rowid: str
) -> Mapping[str, ColumnStatistics]:
    """Statistics of the columns; none of an empty table. ``rowid`` is "" where there is none."""
    # The sign keeps Django's converters off, which would read a value by its column's type.
    sql = f"SELECT {', '.join(f'+{quoted(name)}' for name in columns)} FROM {quoted(table)}"
    params: tuple[str, ...] = ()
    if rows > SAMPLE_ROWS and rowid:
        sql, params = (
            f"{sql} WHERE {rowid} IN (SELECT value FROM json_each(?))",
            (_picked(cursor, table, rowid),),
        )
    sample = cursor.execute(f"{sql} LIMIT {SAMPLE_ROWS}", params).fetchall()
    if not sample:
        return {}
    return {
        name: statistics(values, max(rows, len(sample)))
        for name, values in zip(columns, zip(*sample, strict=True), strict=True)
    }


def _picked(cursor: Any, table: str, rowid: str) -> str:
    """Row ids all over the table, the same every time; those of deleted rows find nothing."""
    ends = f"SELECT (SELECT min({rowid}) FROM {quoted(table)}), max({rowid}) FROM {quoted(table)}"
    [[low, high]] = cursor.execute(ends).fetchall()
    span = range(low, high + 1)
    return json.dumps(random.Random(0).sample(span, min(SAMPLE_ROWS, len(span))))


def statistics(values: Sequence[Any], rows: float) -> ColumnStatistics:
    """Statistics of a column with ``rows`` values, of which ``values`` are a sample."""
    counts = Counter(value for value in values if value is not None)
    present = sum(counts.values())
    if not present:
        return ColumnStatistics(distinct=0.0, null_fraction=1.0, width=0)
    shares = [
        (_text(value), count / len(values))
        for value, count in counts.most_common(_COMMON)
        if (count > 1 or len(values) >= rows) and _is_short(value)
    ]
    return ColumnStatistics(
        distinct=_distinct(counts, present, rows * present / len(values)),
        null_fraction=1 - present / len(values),
        width=round(sum(map(_width, counts.elements())) / present),
        common=tuple(shares),
        bounds=_bounds(counts),
    )


def _distinct(counts: Counter[Any], sampled: int, rows: float) -> float:
    """Haas and Stokes' estimator Duj1, as PostgreSQL uses it: by the values seen once."""
    seen = len(counts)
    once = sum(1 for count in counts.values() if count == 1)
    if sampled >= rows:
        return float(seen)
    if once == sampled:
        return rows
    return min(sampled * seen / (sampled - once + once * sampled / rows), rows)


def _bounds(counts: Counter[Any]) -> tuple[str, ...]:
    """Values between which as many rows lie each; none where they have no common order."""
    try:
        ordered = sorted(value for value in counts.elements() if _is_short(value))
    except TypeError:
        return ()
    if len(counts) < _BOUNDS or not ordered:
        return ()
    return tuple(_text(ordered[i * (len(ordered) - 1) // _BOUNDS]) for i in range(_BOUNDS + 1))


def _is_short(value: object) -> bool:
    return not isinstance(value, str | bytes) or len(value) <= _LONG


def _text(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _width(value: object) -> int:
    return len(value) if isinstance(value, str | bytes) else 8
