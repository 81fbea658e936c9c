"""A shop's tables with statistics, as a database would describe them, for the tests of advice."""

from __future__ import annotations

from collections.abc import Iterable

from queryscope.core.candidates import Pool, Weighted, candidates
from queryscope.core.indexes import IndexDefinition, IndexKey
from queryscope.core.parsing import read_statement
from queryscope.core.schema import (
    Column,
    ColumnStatistics,
    Constraint,
    ExistingIndex,
    ForeignKey,
    Schema,
    Table,
)

ROWS = 200_000
STATUSES = (("done", 0.9), ("failed", 0.05), ("review", 0.03), ("pending", 0.02))


def statistics(distinct: float, **known: object) -> ColumnStatistics:
    return ColumnStatistics(distinct=distinct, **known)  # type: ignore[arg-type]


DAYS = tuple(f"2026-{month:02}-01 00:00:00+00" for month in range(1, 13))
TASK = (
    Column("id", "bigint", nullable=False, statistics=statistics(ROWS)),
    Column("project_id", "bigint", nullable=False, statistics=statistics(500)),
    Column("assigned_to_id", "bigint", statistics=statistics(2_000, null_fraction=0.2)),
    Column("parent_id", "bigint", statistics=statistics(1_000, null_fraction=0.95)),
    Column("title", "character varying(200)", False, statistics=statistics(ROWS, width=40)),
    Column("email", "character varying(200)", False, statistics=statistics(ROWS, width=24)),
    Column("body", "text", False, statistics=statistics(ROWS, width=400)),
    Column("status", "character varying(20)", False, statistics=statistics(4, common=STATUSES)),
    Column("priority", "integer", False, statistics=statistics(4, width=4)),
    Column(
        "is_active", "boolean", False, statistics=statistics(2, common=(("t", 0.6), ("f", 0.4)))
    ),
    Column(
        "created_at",
        "timestamp with time zone",
        False,
        statistics=statistics(ROWS, bounds=DAYS, correlation=0.99),
    ),
    Column("due", "timestamp with time zone", statistics=statistics(9_000, null_fraction=0.1)),
    Column(
        "deleted_at", "timestamp with time zone", statistics=statistics(3_000, null_fraction=0.9)
    ),
    Column("data", "jsonb", False, statistics=statistics(ROWS, width=200)),
    Column("labels", "character varying(20)[]", False, statistics=statistics(50, width=60)),
    Column("words", "tsvector", False, statistics=statistics(ROWS, width=300)),
)
PROJECT = (
    Column("id", "bigint", False, statistics=statistics(500)),
    Column("owner_id", "bigint", False, statistics=statistics(100)),
    Column("name", "character varying(100)", False, statistics=statistics(500, width=20)),
    Column("slug", "character varying(100)", False, statistics=statistics(500, width=20)),
)


def existing(
    table: str, *columns: str, constraint: Constraint | None = None, condition: str = ""
) -> ExistingIndex:
    keys = tuple(map(IndexKey, columns))
    definition = IndexDefinition(
        table, keys, condition=condition, unique=constraint in ("primary", "unique")
    )
    return ExistingIndex(f"{table}_{'_'.join(columns)}", table, definition, constraint=constraint)


def shop(vendor: str = "postgresql", *indexes: ExistingIndex, **more: object) -> Schema:
    """Tasks (200,000), projects (5,000, with a unique slug) and tags (10)."""
    task = Table(
        "task",
        {column.name: column for column in TASK},
        rows=ROWS,
        size_bytes=ROWS * 1000,
        indexes=(existing("task", "id", constraint="primary"), *indexes),
        foreign_keys=(ForeignKey(("project_id",), "project", ("id",)),),
    )
    project = Table(
        "project",
        {column.name: column for column in PROJECT},
        rows=5_000,
        size_bytes=500_000,
        indexes=(
            existing("project", "id", constraint="primary"),
            existing("project", "slug", constraint="unique"),
        ),
    )
    tag = Table("tag", {"name": Column("name", "text")}, rows=10, size_bytes=8192)
    tables = {"task": task, "project": project, "tag": tag}
    extensions = frozenset({"pg_trgm"})
    return Schema(vendor, tables, **{"extensions": extensions, **more})  # type: ignore[arg-type]


def pool(schema: Schema, *queries: str | Iterable[str], max_width: int = 4) -> Pool:
    """Candidates for queries, each a statement or several samples of one."""
    statements = []
    for number, query in enumerate(queries):
        samples = [query] if isinstance(query, str) else list(query)
        for sql in samples:
            read = read_statement(sql, schema)
            statements.append(Weighted(read, 1 / len(samples), f"q{number}"))
    return candidates(statements, schema, max_width=max_width)


def told(index: IndexDefinition) -> str:
    """An index without the words that all have: ``task (status, created_at) WHERE …``."""
    return index.create_sql("x").split(" ON ", 1)[1].replace('"', "")
