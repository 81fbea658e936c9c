"""A join that goes through the other table once for every row.

    Nested Loop: Seq Scan on comment, 5,000 loops

Why it hurts: rows times rows: with twice the data it takes four times as long.

Instead of:
    Comment.author_name joined by its value          a column without an index
use:
    models.Index(fields=["author_name"], name="comment_author_name_idx")

A join counts when its inner side is a scan of the whole table (or of its copy in memory) that ran
10 times or more, and 10,000 rows were compared in vain.
Silent: joins without a comparison by equality, which no B-tree answers, tables of a few rows, and
without ANALYZE.
"""

from __future__ import annotations

from collections.abc import Iterable

from .conditions import Condition, conditions, join_conditions
from .figures import counted, number
from .indexing import create, index_for
from .tip import MANY_ROWS, Context, Tip

NAME = "nested-loop-scan"

_MANY_LOOPS = 10
#: They keep the rows of the scan below and give them again.
_KEPT = frozenset({"Materialize", "Memoize"})


def tips(context: Context) -> Iterable[Tip]:
    """Speak of nested loops whose inner side finds its rows by looking at all."""
    for position, node in enumerate(context.nodes):
        children = context.children[position]
        if node.kind != "Nested Loop" or len(children) < 2 or not context.was_run(position):
            continue
        inner = scan = children[1]
        if context.nodes[inner].kind in _KEPT and context.children[inner]:
            scan = context.children[inner][0]
        loops = number(context.nodes[inner].loops)
        in_vain = number(node.rows_removed) + number(context.nodes[scan].rows_removed)
        if context.nodes[scan].kind != "Seq Scan" or loops < _MANY_LOOPS or in_vain < MANY_ROWS:
            continue
        asked = (*join_conditions(context, position, scan), *conditions(context, scan, "Filter"))
        equal = [condition for condition in asked if _joins(condition)]
        index = index_for(context, scan, equal) if equal else None
        if index is None:
            continue
        table = context.relation(scan)
        message = (
            f"goes through {table} {counted(loops, 'time')} and compares "
            f"{counted(in_vain, 'row')} in vain"
        )
        hint = f"An index finds the rows that belong to each: {create(context, index)}"
        times = (context.nodes[at].self_ms or 0.0 for at in {position, inner, scan})
        yield Tip(NAME, scan, message, hint, sum(times))


def _joins(condition: Condition) -> bool:
    """Whether it compares a column with one of the other side."""
    return condition.kind == "equality" and condition.joins
