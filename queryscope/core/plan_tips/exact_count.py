"""All rows of a big table counted, to show a number that nobody reads.

    Paginator(Task.objects.all(), 20).count          SELECT COUNT(*) over 2,000,000 rows

Why it hurts: a database that keeps versions of rows for concurrent readers has to visit each one
to count it; an index makes the way shorter, not the number of steps.

Instead of:
    queryset.count()
use:
    queryset[:1001].count()                          "more than 1,000" is enough
    queryset.exists()                                whether there are any
    SELECT reltuples::bigint FROM pg_class ...       the planner's own estimate, for a whole table

A count counts from 100,000 rows on, some 10 ms.
Silent: counts over joins, by groups and of distinct values, sums, and filters that leave fewer
rows.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from .conditions import conditions
from .figures import counted, number
from .indexing import qualified
from .reading import bare, sources
from .scans import reading
from .tip import MANY_ROWS, Context, Tip

NAME = "exact-count"

_MANY = 10 * MANY_ROWS


def tips(context: Context) -> Iterable[Tip]:
    """Speak of statements that are nothing but a count."""
    if _counted_table(context.tree) is None:
        return
    for position in range(len(context.nodes)):
        scan = reading(context, position)
        if scan is None or context.relation(position) != _counted_table(context.tree):
            continue
        node = context.nodes[position]
        asked = conditions(context, position, "Filter", "Index Cond", "Recheck Cond")
        filtered = bool(asked) or bool(node.conditions)
        if scan.kept is None and filtered:
            continue
        rows = scan.read if scan.kept is None else scan.kept
        if rows < _MANY:
            continue
        verb = "counts" if scan.measured else "is expected to count"
        message = f"{verb} {counted(rows, 'row')} of {context.relation(position)} one by one"
        cost = number(context.nodes[0].duration_ms) if context.was_run(0) else node.self_ms
        yield Tip(NAME, position, message, _hint(context, position, filtered), cost)
        return


def _counted_table(tree: exp.Expression | None) -> str | None:
    """The table of SELECT COUNT(*) FROM table, without joins and groups; None for all else."""
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1 or len(sources(tree)) != 1:
        return None
    if any(tree.args.get(name) for name in ("joins", "group", "distinct", "having", "limit")):
        return None
    count = tree.expressions[0].unalias()
    is_count = isinstance(count, exp.Count) and isinstance(bare(count.this), exp.Star)
    return sources(tree)[0].name if is_count else None


def _hint(context: Context, position: int, filtered: bool) -> str:
    most = "Count no further than is shown: queryset[:1001].count(), or ask exists()."
    if filtered or context.is_sqlite:
        return most
    name = qualified(context, position)
    return (
        f"{most} The planner's own estimate: "
        f"SELECT reltuples::bigint FROM pg_class WHERE oid = '{name}'::regclass;"
    )
