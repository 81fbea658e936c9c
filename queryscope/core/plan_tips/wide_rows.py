"""Wide rows read from end to end for a few narrow columns.

    SELECT SUM(amount) FROM task                     2 GB read for 8 bytes of each row

Why it hurts: a table keeps rows whole, so that all their bytes pass through memory; an index on
the columns in question is a narrow copy of them.

Instead of:
    the table
use:
    models.Index(fields=["project"], include=["amount"], name="task_project_covering_idx")

A scan counts when it read 4,000 pages (32 MB), rows are ten times as wide as what is asked of them,
and that is four columns at most. Silent: SELECT * and statements that cannot be read, scans that
discard their rows (sequential-scan speaks of those), tables that change too often for it (less
than half of their pages marked as visible).
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from ..indexes import IndexDefinition, IndexKey
from ..schema import Table
from ..units import size
from .figures import BLOCK_BYTES, counted, number
from .indexing import create
from .reading import select_of, sources
from .scans import discards, reading
from .tip import MANY_ROWS, Context, Tip

NAME = "wide-rows"

_MANY_BYTES = 4_000 * BLOCK_BYTES
_TIMES = 10
_FEW_COLUMNS = 4
_VISIBLE = 0.5
#: An entry of an index has a header and a place in the page.
_ENTRY_BYTES = 16


def tips(context: Context) -> Iterable[Tip]:
    """Speak of scans of whole tables of which a narrow part is used."""
    for position, node in enumerate(context.nodes):
        scan, table = reading(context, position), context.table(position)
        if scan is None or table is None or not scan.sequential or node.index or discards(scan):
            continue
        width = table.size_bytes / max(table.rows, 1.0)
        columns = _columns(context, position, table)
        used = sum(_width(table, name) for name in columns) + _ENTRY_BYTES
        if not columns or table.size_bytes < _MANY_BYTES or scan.read < MANY_ROWS:
            continue
        visible = 1.0 if table.all_visible is None else table.all_visible
        if width < used * _TIMES or visible < _VISIBLE:
            continue
        index = IndexDefinition(table.name, tuple(map(IndexKey, columns)), schema=table.schema)
        if any(_covers(existing.definition, columns) for existing in table.indexes):
            continue
        read = table.size_bytes * number(scan.loops)
        message = (
            f"reads {size(read)} of {context.relation(position)}, {width:,.0f} bytes a row, for "
            f"{counted(len(columns), 'column')} of {used - _ENTRY_BYTES:,.0f} bytes"
        )
        hint = f"An index that holds all it asks for is read in its place: {create(context, index)}"
        yield Tip(NAME, position, message, hint, scan.cost_ms)


def _columns(context: Context, position: int, table: Table) -> tuple[str, ...]:
    """All columns of the table that the statement names, those it compares first; () if unsure."""
    node = context.nodes[position]
    alias = node.alias or node.relation or ""
    select = select_of(context.tree, alias)
    if context.tree is None or select is None:
        return ()
    alone = len(context.aliases) == 1
    stars = (star for star in context.tree.find_all(exp.Star))
    if any(not isinstance(star.parent, exp.Count) for star in stars):
        return ()
    where = select.args.get("where")
    trees = [where, context.tree] if where is not None else [context.tree]
    found: dict[str, None] = {}
    for tree in trees:
        for column in tree.find_all(exp.Column):
            if column.table == alias or (not column.table and alone and sources(select)):
                found[column.name] = None
            elif not column.table:
                return ()
    names = tuple(name for name in found if name in table.columns)
    # A name that is no column may be one of the statement's own: it would be missing in the index.
    return names if len(names) == len(found) and len(names) <= _FEW_COLUMNS else ()


def _width(table: Table, name: str) -> float:
    statistics = table.columns[name].statistics
    return statistics.width if statistics is not None else 8.0


def _covers(definition: IndexDefinition | None, columns: tuple[str, ...]) -> bool:
    return definition is not None and definition.plain and set(columns) <= set(definition.columns)
