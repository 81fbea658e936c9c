"""What a statement asks of its tables: comparisons, joins, orders, groups, and what it writes.

Values are kept as text, because they decide on partial indexes and on how many rows match. They
are data of the application: never stored or shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .fingerprint import Kind

Operator = Literal[
    "=",
    "in",
    "<>",
    "not in",
    "<",
    "<=",
    ">",
    ">=",
    "is null",
    "is not null",
    "like",
    "ilike",
    "regex",
    "@>",
    "<@",
    "&&",
    "?",
    "?|",
    "?&",
    "@@",
]

#: Operators for which rows lie side by side in a B-tree after an equality prefix.
RANGES: frozenset[Operator] = frozenset({"<", "<=", ">", ">="})
Pattern = Literal["exact", "prefix", "infix", "suffix", "any"]


class UnreadableStatement(ValueError):
    """A statement that cannot be taken apart; the text says why, in one line."""


@dataclass(frozen=True, slots=True)
class Term:
    """What is compared, sorted or grouped: a column, or an expression over columns of one table.

    ``sql`` is the column's bare name, or the expression over unqualified quoted columns.
    ``immutable`` tells that an index may hold it. ``type`` is the expression's where a cast or a
    function gives it ("text", "jsonb"), else "".
    """

    sql: str
    columns: tuple[str, ...]
    expression: bool = False
    immutable: bool = True
    type: str = ""


@dataclass(frozen=True, slots=True)
class Join:
    """The other side of a comparison with another table: ``use`` is its position among the uses,
    None where it is no plain column of one."""

    use: int | None
    column: str


@dataclass(frozen=True, slots=True)
class Predicate:
    """One comparison that every row read must pass.

    ``values`` holds a text for each constant, None where it is not known before the statement runs
    (a parameter, ``now()``, a subquery). ``condition`` is the predicate in SQL as the WHERE of a
    partial index would have it, "" where it depends on more than this table's row.
    """

    term: Term
    operator: Operator
    values: tuple[str | None, ...] = ()
    join: Join | None = None
    condition: str = ""

    @property
    def is_equality(self) -> bool:
        """Whether one value of the term is asked for: rows are still in the next key's order."""
        return self.operator in ("=", "is null")

    @property
    def pattern(self) -> Pattern:
        """Where the wildcards of a LIKE are; "any" where the pattern is not known."""
        text = self.values[0] if self.values else None
        if text is None:
            return "any"
        bare = text.replace("\\%", "").replace("\\_", "").replace("\\\\", "")
        if not any(wildcard in bare for wildcard in "%_"):
            return "exact"
        if bare[0] in "%_":
            return "infix" if bare[-1] == "%" else "suffix"
        return "prefix"


#: Branches of an OR, each with the predicates of one table that all must hold in it.
Alternatives = tuple[tuple[Predicate, ...], ...]


@dataclass(frozen=True, slots=True)
class Order:
    """``nulls_first`` None is the database's default for the direction."""

    term: Term
    descending: bool = False
    nulls_first: bool | None = None


@dataclass(frozen=True, slots=True)
class TableUse:
    """One occurrence of a table in one SELECT (or as the target of an UPDATE or DELETE).

    ``order`` holds the leading sort keys that are this table's; ``order_complete`` that there are
    no others. ``extremes`` are arguments of MIN and MAX, where those are all that is asked.
    ``columns`` are all columns that the statement reads of it, ``projected`` those that it reads
    elsewhere than in its own WHERE and ON, ``whole_row`` that it reads all of them.
    ``residual`` tells that there are conditions on it that are none of ``predicates`` and
    ``alternatives``. ``counts`` that COUNT(*) is all that is asked.
    """

    table: str
    schema: str = ""
    alias: str = ""
    predicates: tuple[Predicate, ...] = ()
    alternatives: tuple[Alternatives, ...] = ()
    order: tuple[Order, ...] = ()
    order_complete: bool = False
    limit: int | None = None
    offset: int = 0
    grouping: tuple[Term, ...] = ()
    distinct: tuple[Term, ...] = ()
    windows: tuple[tuple[Order, ...], ...] = ()
    extremes: tuple[Term, ...] = ()
    counts: bool = False
    columns: frozenset[str] = frozenset()
    projected: frozenset[str] = frozenset()
    whole_row: bool = False
    residual: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """What an INSERT, UPDATE or DELETE changes. ``columns`` are those it sets, none for DELETE and
    for an INSERT that names none; ``rows`` how many VALUES it has, None where that is not known."""

    kind: Literal["insert", "update", "delete"]
    table: str
    schema: str = ""
    columns: frozenset[str] = frozenset()
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """``unknown`` names what stands where a table would and is none of the schema's: a view, a
    function, a table nobody described."""

    kind: Kind
    uses: tuple[TableUse, ...] = ()
    write: Write | None = None
    unknown: tuple[str, ...] = field(default=())
