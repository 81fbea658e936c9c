"""How a query reads one table, taken over all its samples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .predicates import Predicate, Statement, TableUse, Term
from .schema import Table
from .selectivity import combined, selectivity

#: The planner's price of reading a row from a page that is there anyway, in page reads.
_ROW_COST = 0.0125
_PAGE = 8192
_ROW_BYTES = 100


@dataclass(frozen=True, slots=True)
class Weighted:
    """One sample of a query; samples of the same query share its digest. ``weight`` is the query's
    share of the workload (calls x cost or time), split over its samples."""

    statement: Statement
    weight: float
    digest: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A predicate with the share of rows that it matches, on average over the samples.

    ``steady`` tells that every sample compares with the same constants.
    """

    predicate: Predicate
    share: float
    steady: bool = False

    @property
    def term(self) -> Term:
        return self.predicate.term


@dataclass(frozen=True, slots=True)
class Access:
    """One use of a table in a query. ``weight`` is the query's, as far as this table's reading is
    its cost; ``matching`` the share of rows that pass all that is no join; ``samples`` how many
    runs were seen."""

    digest: str
    weight: float
    table: Table
    use: TableUse
    asked: tuple[Asked, ...]
    matching: float = 1.0
    samples: int = 1

    @property
    def joined(self) -> tuple[Asked, ...]:
        return tuple(each for each in self.asked if each.predicate.join is not None)


def pages(table: Table) -> float:
    """Pages of the heap; guessed by the rows where the size is not known (SQLite)."""
    size = table.size_bytes or table.rows * _ROW_BYTES
    return max(1.0, size / _PAGE)


def scan_cost(table: Table) -> float:
    """What reading all of it costs, in page reads."""
    return pages(table) + table.rows * _ROW_COST


def accesses(statements: Iterable[Weighted], tables: dict[str, Table]) -> list[Access]:
    """One for each use of a table in each query; ``tables`` by :func:`table_key`."""
    queries: defaultdict[str, list[Weighted]] = defaultdict(list)
    for each in statements:
        queries[each.digest].append(each)
    found: list[Access] = []
    for digest, samples in queries.items():
        uses = [each.statement.uses for each in samples]
        total = sum(scan_cost(tables[table_key(use)]) for use in uses[0]) or 1.0
        weight = sum(each.weight for each in samples)
        for at, use in enumerate(uses[0]):
            table = tables[table_key(use)]
            same = [each[at] for each in uses if len(each) > at and each[at].table == use.table]
            share = scan_cost(table) / total
            found.append(_access(digest, weight * share, table, same))
    return found


def table_key(use: TableUse) -> str:
    return f"{use.schema}.{use.table}"


def _access(digest: str, weight: float, table: Table, uses: Sequence[TableUse]) -> Access:
    # What a query fetches by its LIMIT and OFFSET is judged by its deepest page.
    use = max(uses, key=lambda each: each.offset)
    asked = tuple(_asked(predicate, table, uses) for predicate in use.predicates)
    return Access(digest, weight, table, use, asked, matching(asked, table), len(uses))


def matching(asked: Iterable[Asked], table: Table) -> float:
    """Share of rows that pass all that is not a join."""
    return combined([a.predicate for a in asked if a.predicate.join is None], table)


def _asked(predicate: Predicate, table: Table, uses: Sequence[TableUse]) -> Asked:
    same = [
        other
        for use in uses
        for other in use.predicates
        if (other.term, other.operator, other.join)
        == (predicate.term, predicate.operator, predicate.join)
    ]
    shares = [selectivity(each, table) for each in same] or [selectivity(predicate, table)]
    steady = bool(predicate.condition) and (
        len(same) == len(uses) and all(each.condition == predicate.condition for each in same)
    )
    return Asked(predicate, sum(shares) / len(shares), steady)
