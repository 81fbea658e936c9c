"""What would spare a scan the rows that it throws away: one answer for each scan.

Several tips speak of the same scans. They all ask here, so that no two of them say different
things of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from ..schema import ColumnStatistics, Table
from .conditions import SARGABLE, Condition, conditions, literal
from .scans import SELECTIVE
from .tip import Context

#: ``index``: conditions that an index answers; ``rewrite``: one that none answers as it is worded;
#: ``alternatives``: an OR; ``partial``: a condition that only a partial index could hold.
Remedy = Literal["index", "rewrite", "alternatives", "partial", "none"]


@dataclass(frozen=True, slots=True)
class Answer:
    """``conditions`` are those that the remedy is about, the decisive ones first."""

    remedy: Remedy
    conditions: tuple[Condition, ...] = ()


def remedy(context: Context, position: int) -> Answer:
    """How the rows that a scan's filter discards need not be read."""
    asked = conditions(context, position, "Filter")
    table = context.table(position)
    sargable = tuple(condition for condition in asked if condition.kind in SARGABLE | {"contains"})
    alone = len(asked) == 1
    if any(alone or _is_selective(condition, table) for condition in sargable):
        return Answer("index", sargable)
    hidden = tuple(condition for condition in asked if condition.kind in ("hidden", "wildcard"))
    if hidden:
        return Answer("rewrite", hidden)
    alternatives = tuple(condition for condition in asked if condition.kind == "or")
    if alternatives:
        return Answer("alternatives", alternatives)
    if sargable:
        return Answer("index", sargable)
    unequal = tuple(condition for condition in asked if condition.kind == "unequal")
    return Answer("partial", unequal) if unequal else Answer("none")


def _is_selective(condition: Condition, table: Table | None) -> bool:
    """Whether few rows are expected to meet it; by its kind where there are no statistics."""
    column = table.columns.get(condition.column) if table is not None else None
    statistics = column.statistics if column is not None else None
    if statistics is None or condition.kind in ("range", "prefix", "contains"):
        return condition.kind not in ("null", "flag")
    return _fraction(condition, statistics) <= SELECTIVE


def _fraction(condition: Condition, statistics: ColumnStatistics) -> float:
    if condition.kind == "null":
        return statistics.null_fraction
    value = literal(condition.value) if condition.value is not None else None
    shares = dict(statistics.common)
    if condition.kind == "flag":
        wanted = ("f", "0") if isinstance(condition.tree, exp.Not) else ("t", "1")
        return sum(shares.get(text, 0.0) for text in wanted)
    if value in shares:
        return shares[value]
    rest = max(1.0 - statistics.null_fraction - sum(shares.values()), 0.0)
    return rest / max(statistics.distinct - len(shares), 1.0)
