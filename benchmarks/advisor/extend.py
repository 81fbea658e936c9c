"""Extend, the published algorithm that the advice is compared with on TPC-H, on the same server.

After Schlosser, Kossmann and Boissier, "Efficient scalable multi-attribute index selection using
recursive strategies" (ICDE 2019): each step adds the index of one column, or appends one column to
an index that is there, whichever saves most cost for each byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from . import server

#: A table and columns in it.
Index = tuple[str, tuple[str, ...]]
WIDTH = 2
WORTH = 1.003


@dataclass(slots=True)
class Extend:
    """On one connection; costs are remembered over budgets."""

    connection: server.Connection
    queries: Mapping[str, str]
    width: int = WIDTH
    calls: int = 0
    _costs: dict[tuple[str, frozenset[Index]], float] = field(default_factory=dict)
    _sizes: dict[Index, int] = field(default_factory=dict)
    _there: dict[Index, int] = field(default_factory=dict)
    _columns: dict[str, set[tuple[str, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        columns = self.connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name NOT LIKE 'hypopg%'"
        ).fetchall()
        self.connection.execute("SELECT hypopg_reset()")
        for name, sql in self.queries.items():
            self._columns[name] = {each for each in columns if re.search(rf"\b{each[1]}\b", sql)}

    def best(self, budget_bytes: float) -> list[str]:
        """CREATE INDEX statements."""
        chosen: frozenset[Index] = frozenset()
        cost = self._cost(chosen)
        while True:
            steps = []
            for step in self._steps(chosen):
                size, after = self._size(step), self._cost(step)
                if size <= budget_bytes and after * WORTH < cost:
                    gained = (cost - after) / max(size - self._size(chosen), 1)
                    steps.append((gained, sorted(step), after))
            if not steps:
                return [f"CREATE INDEX ON {t} ({', '.join(names)})" for t, names in sorted(chosen)]
            _, best, cost = max(steps)
            chosen = frozenset(best)

    def _steps(self, chosen: frozenset[Index]) -> Iterator[frozenset[Index]]:
        for table, column in sorted(set().union(*self._columns.values())):
            if (table, (column,)) not in chosen:
                yield chosen | {(table, (column,))}
            for index in chosen:
                if index[0] == table and column not in index[1] and len(index[1]) < self.width:
                    longer = (table, (*index[1], column))
                    if longer not in chosen:
                        yield (chosen - {index}) | {longer}

    def _cost(self, indexes: frozenset[Index]) -> float:
        total = 0.0
        for name, sql in self.queries.items():
            columns = self._columns[name]
            relevant = frozenset(
                index for index in indexes if columns & {(index[0], each) for each in index[1]}
            )
            if (name, relevant) not in self._costs:
                self._imagine(indexes)
                self.calls += 1
                self._costs[name, relevant] = server.cost(self.connection, sql)
            total += self._costs[name, relevant]
        return total

    def _size(self, indexes: frozenset[Index]) -> int:
        if not indexes <= self._sizes.keys():
            self._imagine(indexes)
        return sum(self._sizes[index] for index in indexes)

    def _imagine(self, indexes: frozenset[Index]) -> None:
        for index in self._there.keys() - indexes:
            self.connection.execute("SELECT hypopg_drop_index(%s)", [self._there.pop(index)])
        for table, columns in indexes - self._there.keys():
            row = self.connection.execute(
                "SELECT indexrelid, hypopg_relation_size(indexrelid) FROM hypopg_create_index(%s)",
                [f"CREATE INDEX ON {table} ({', '.join(columns)})"],
            ).fetchone()
            assert row is not None
            self._there[table, columns], self._sizes[table, columns] = row
