"""Tables as the database knows them: columns with statistics, keys and indexes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .indexes import IndexDefinition

Constraint = Literal["primary", "unique", "exclusion"]


@dataclass(frozen=True, slots=True)
class ColumnStatistics:
    """What the planner knows of a column's values.

    ``distinct`` is their absolute number, ``common`` the most frequent ones as text with their
    share of all rows, ``bounds`` histogram bounds as text, ``correlation`` how far the rows lie in
    the column's order (-1 to 1), ``width`` in bytes. The texts are data of the application: they
    are never stored or shown.
    """

    distinct: float
    null_fraction: float = 0.0
    width: int = 8
    common: tuple[tuple[str, float], ...] = ()
    bounds: tuple[str, ...] = ()
    correlation: float | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """``type`` is the database's word for it ("character varying(20)"); ``collation`` is "" for
    the database's default one."""

    name: str
    type: str
    nullable: bool = True
    collation: str = ""
    statistics: ColumnStatistics | None = None


@dataclass(frozen=True, slots=True)
class ExistingIndex:
    """An index that is there. ``constraint`` names what it backs, ``scans`` how often it was used
    since the statistics began, None where that is not known. ``definition`` is None for one that
    cannot be described (an exclusion constraint, say). ``needed_for`` names another use of the
    database's own: "replica identity", "clustering", "foreign keys" that point at its columns."""

    name: str
    table: str
    definition: IndexDefinition | None
    size_bytes: int = 0
    constraint: Constraint | None = None
    valid: bool = True
    scans: int | None = None
    needed_for: str = ""
    #: CREATE INDEX as the database words it.
    sql: str = ""


@dataclass(frozen=True, slots=True)
class ForeignKey:
    columns: tuple[str, ...]
    table: str
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """``name`` is as SQL has to write it without quotes, ``schema`` "" on SQLite and where the
    search path shows the table. ``rows`` is the database's estimate, ``size_bytes`` that of the
    heap. ``modified`` rows since the last ANALYZE, whose age is ``analyzed_days`` (None: never
    analysed, or unknown on SQLite). ``all_visible`` is the share of pages that an index-only scan
    need not look at. ``partitioned``: figures and indexes are of all its partitions together.
    """

    name: str
    columns: Mapping[str, Column]
    schema: str = ""
    rows: float = 0.0
    size_bytes: int = 0
    indexes: tuple[ExistingIndex, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    analyzed: bool = True
    analyzed_days: float | None = None
    modified: int | None = None
    dead_rows: int | None = None
    all_visible: float | None = None
    partitioned: bool = False


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables that a workload names, by name: "task", or "archive.task" for one that the
    search path does not show. ``version`` is the server's number (150018, 3045001),
    ``extensions`` those installed, ``available`` those that could be. ``replica`` tells that the
    server is one, ``replicas`` how many it feeds as far as can be seen.
    ``statistics_days`` is the age of the counters of use, at least; None where unknown.
    ``c_collation`` tells that text sorts bytewise: LIKE 'x%' then needs no operator class."""

    vendor: str
    tables: Mapping[str, Table] = field(default_factory=dict)
    version: int = 0
    extensions: frozenset[str] = frozenset()
    available: frozenset[str] = frozenset()
    c_collation: bool = False
    replica: bool = False
    replicas: int = 0
    statistics_days: float | None = None
