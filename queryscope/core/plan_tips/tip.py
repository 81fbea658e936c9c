"""What a tip is, and what it is given to look at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from ..plans import Plan, PlanNode
from ..schema import Schema, Table
from .reading import parsed_statement, tables_by_alias

_PART = re.compile(r"_\d+$")
#: From this many rows on it matters how they are read: a server goes through 10,000 rows that lie
#: side by side in about a millisecond, less than one round trip to it takes.
MANY_ROWS = 10_000
#: Rows picked here and there cost about ten times as much each.
MANY_VISITS = 1_000
#: Times below this are within what one run differs from the next.
MANY_MS = 10.0


@dataclass(frozen=True, slots=True)
class Tip:
    """What one step of a plan does, and what to do about it.

    ``node`` is its position in ``plan.root.walk()``. ``message`` says what it does, with figures,
    ``hint`` the next thing to do; SQL in it ends with a semicolon. ``cost_ms`` is the time it
    explains, None where nothing was measured. No text holds values of the application.
    """

    name: str
    node: int
    message: str
    hint: str
    cost_ms: float | None


@dataclass(frozen=True, slots=True)
class Context:
    """A plan with what is known around it. ``schema`` may be empty: tips then say less.

    ``nodes`` are those of ``plan.root.walk()``, so that a position names one; ``parents`` and
    ``children`` hold positions. ``tree`` is the parsed statement, None where it cannot be parsed,
    ``aliases`` the tables that its aliases stand for.
    """

    plan: Plan
    statement: str
    schema: Schema
    nodes: tuple[PlanNode, ...] = field(init=False, repr=False)
    parents: tuple[int | None, ...] = field(init=False, repr=False)
    children: tuple[tuple[int, ...], ...] = field(init=False, repr=False)
    tree: exp.Expression | None = field(init=False, repr=False, compare=False)
    aliases: Mapping[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        nodes: list[PlanNode] = []
        parents: list[int | None] = []
        children: list[list[int]] = []
        todo: list[tuple[PlanNode, int | None]] = [(self.plan.root, None)]
        while todo:  # not recursive: a plan may be deeper than Python's stack
            node, parent = todo.pop()
            if parent is not None:
                children[parent].append(len(nodes))
            todo.extend((child, len(nodes)) for child in reversed(node.children))
            nodes.append(node)
            parents.append(parent)
            children.append([])
        tree = parsed_statement(self.statement, self.dialect)
        for name, value in (
            ("nodes", tuple(nodes)),
            ("parents", tuple(parents)),
            ("children", tuple(map(tuple, children))),
            ("tree", tree),
            ("aliases", tables_by_alias(tree)),
        ):
            object.__setattr__(self, name, value)

    @property
    def dialect(self) -> str:
        """sqlglot's word for the vendor."""
        return "postgres" if self.plan.vendor == "postgresql" else self.plan.vendor

    @property
    def is_sqlite(self) -> bool:
        return self.plan.vendor == "sqlite"

    def ancestors(self, position: int) -> Iterator[int]:
        """Positions above, the nearest first."""
        parent = self.parents[position]
        while parent is not None:
            yield parent
            parent = self.parents[parent]

    def below(self, position: int) -> Iterator[int]:
        """Positions below, parents first."""
        todo = list(reversed(self.children[position]))
        while todo:
            found = todo.pop()
            yield found
            todo.extend(reversed(self.children[found]))

    def relation(self, position: int) -> str | None:
        """The table that a scan reads, by the name that the statement has for it: PostgreSQL
        names a partition, SQLite the alias only."""
        node = self.nodes[position]
        if not node.relation:
            return None
        # The parts of a table are called by its alias with a number.
        alias = node.alias or node.relation
        asked = self.aliases.get(alias) or self.aliases.get(_PART.sub("", alias))
        known = not self.schema.tables or asked in self.schema.tables
        return asked if asked and known else node.relation

    def names(self, position: int) -> frozenset[str]:
        """What the table of a scan is called in its conditions."""
        node = self.nodes[position]
        return frozenset(name for name in (node.alias, node.relation) if name)

    def table(self, position: int) -> Table | None:
        """What is known of the table of a scan."""
        name = self.relation(position)
        return self.schema.tables.get(name) if name else None

    def was_run(self, position: int) -> bool:
        """Whether it was measured, and executed at all."""
        node = self.nodes[position]
        return bool(self.plan.analyzed and node.loops and node.rows is not None)
