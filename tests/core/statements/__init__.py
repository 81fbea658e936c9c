"""SQL with what is to be read from it, in `postgresql.sql` and `sqlite.sql`.

A block is a name, a statement and what it asks: a line for each use of a table.
"""

from __future__ import annotations

from pathlib import Path

from queryscope.core.predicates import Order, Predicate, Statement, TableUse
from queryscope.core.schema import Column, Schema, Table

TABLES = {
    "shop_user": "id bigint, email varchar(200)",
    "shop_project": "id bigint, name varchar(100), owner_id bigint, status varchar(20),"
    " deleted_at timestamp with time zone",
    "shop_tag": "id bigint, name varchar(100)",
    "shop_task_tags": "id bigint, task_id bigint, tag_id bigint",
    "shop_task": "id bigint, project_id bigint, title varchar(200), status varchar(20),"
    " priority integer, is_active boolean, assigned_to_id bigint, due date,"
    " created_at timestamp with time zone, deleted_at timestamp with time zone, data jsonb,"
    " labels varchar(20)[], body text",
}


def schema(vendor: str) -> Schema:
    """The shop of which the statements are."""
    tables = {name: Table(name, _columns(text)) for name, text in TABLES.items()}
    return Schema(vendor, tables)


def _columns(text: str) -> dict[str, Column]:
    pairs = (each.strip().split(" ", 1) for each in text.split(","))
    return {name: Column(name, type_) for name, type_ in pairs}


def blocks(vendor: str) -> list[tuple[str, str, list[str]]]:
    """Name, statement and expected lines of each block of a file."""
    text = (Path(__file__).parent / f"{vendor}.sql").read_text()
    found = []
    for block in text.strip().split("\n\n"):
        name, *lines = block.splitlines()
        sql = " ".join(line for line in lines if not line.startswith("-- "))
        expected = [line.removeprefix("-- ") for line in lines if line.startswith("-- ")]
        found.append((name.removeprefix("-- "), sql, expected))
    return found


def told(statement: Statement) -> list[str]:
    """A statement as the files have it."""
    lines = []
    if statement.write:
        write = statement.write
        rows = "" if write.rows is None else f" {write.rows} rows"
        columns = ", ".join(sorted(write.columns))
        lines.append(f"{write.kind} {write.table}{rows}: {columns}".rstrip())
    lines += [_use(use, statement.uses) for use in statement.uses]
    if statement.unknown:
        lines.append(f"unknown: {', '.join(statement.unknown)}")
    return lines


def _use(use: TableUse, uses: tuple[TableUse, ...]) -> str:
    parts = [_predicate(each, uses) for each in use.predicates]
    for branches in use.alternatives:
        texts = [" and ".join(_predicate(p, uses) for p in branch) for branch in branches]
        parts.append(f"({' or '.join(texts)})")
    if use.residual:
        parts.append("more conditions")
    for word, terms in (("group", use.grouping), ("distinct", use.distinct)):
        if terms:
            parts.append(f"{word} {', '.join(term.sql for term in terms)}")
    parts += [f"window {_orders(each)}" for each in use.windows]
    parts += [f"extreme {term.sql}" for term in use.extremes]
    if use.order:
        parts.append(f"order {_orders(use.order)}{'' if use.order_complete else ' …'}")
    if use.limit is not None:
        parts.append(f"limit {use.limit}")
    if use.offset:
        parts.append(f"offset {use.offset}")
    if use.counts:
        parts.append("counts")
    columns = "*" if use.whole_row else " ".join(sorted(use.columns))
    return f"{use.alias}: {'; '.join(parts)} | {columns}"


def _predicate(predicate: Predicate, uses: tuple[TableUse, ...]) -> str:
    values = ", ".join(str(value) for value in predicate.values)
    if predicate.join is not None:
        other = predicate.join
        values = "…" if other.use is None else f"{uses[other.use].alias}.{other.column}"
    mark = "" if predicate.term.immutable else " (not immutable)"
    return f"{predicate.term.sql}{mark} {predicate.operator} {values}".rstrip()


def _orders(orders: tuple[Order, ...]) -> str:
    nulls = {None: "", True: " nulls first", False: " nulls last"}
    return ", ".join(
        order.term.sql + " desc" * order.descending + nulls[order.nulls_first] for order in orders
    )
