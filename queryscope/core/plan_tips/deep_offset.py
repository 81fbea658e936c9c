"""Pages far back in a list: all rows before them are fetched to be thrown away.

    Task.objects.order_by("-created_at", "-id")[100_000:100_020]

Why it hurts: page 5,000 costs 5,000 times what the first page costs, and rows that are added
meanwhile shift all pages.

Instead of:
    queryset[offset : offset + 20]
use the values of the last row that was shown (keyset pagination):
    queryset.filter(Q(created_at__lt=last.created_at)
                    | Q(created_at=last.created_at, id__lt=last.id))[:20]

It counts when 1,000 rows were skipped, and ten times as many as were kept; without a run, when
the statement's OFFSET says so.
Silent: the first pages, whatever their size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlglot import exp

from .conditions import literal
from .figures import counted, number
from .indexing import is_grouped
from .reading import bare, sources
from .tip import MANY_VISITS, Context, Tip

NAME = "deep-offset"

_TIMES = 10
_IN_WORDS = (
    "Page by the values of the last row shown (keyset pagination): filter() for what comes after "
    "them in the order, and take the first rows, instead of an offset."
)


def tips(context: Context) -> Iterable[Tip]:
    """Compare what a LIMIT takes with what it is given."""
    if context.is_sqlite or not context.plan.analyzed:
        yield from _by_statement(context)
        return
    if context.tree is not None and context.tree.find(exp.Offset) is None:
        return
    for position, node in enumerate(context.nodes):
        if node.kind != "Limit" or not context.was_run(position) or not context.children[position]:
            continue
        given = context.nodes[context.children[position][0]]
        kept, skipped = number(node.rows), number(given.rows) - number(node.rows)
        if skipped >= MANY_VISITS and skipped >= kept * _TIMES:
            took = number(node.duration_ms) * skipped / (skipped + kept)
            message = (
                f"fetches {counted(kept + skipped, 'row')} and throws the first "
                f"{counted(skipped, 'row')} away"
            )
            yield Tip(NAME, position, message, _hint(context), took)


def _by_statement(context: Context) -> Iterable[Tip]:
    offset = context.tree.args.get("offset") if context.tree is not None else None
    limit = context.tree.args.get("limit") if context.tree is not None else None
    skipped = _amount(offset)
    if skipped < MANY_VISITS or skipped < _amount(limit) * _TIMES:
        return
    found = (at for at, node in enumerate(context.nodes) if node.kind == "Limit")
    message = f"fetches {counted(skipped, 'row')} to throw them away"
    yield Tip(NAME, next(found, 0), message, _hint(context), None)


def _amount(clause: exp.Expression | None) -> float:
    value = literal(clause.expression) if clause is not None and clause.expression else None
    return float(value) if value is not None and value.isdecimal() else 0.0


def _hint(context: Context) -> str:
    """The filter in Django's words, where the order is over columns of the table asked for."""
    order = _order(context)
    if not order:
        return _IN_WORDS
    names = ", ".join(f'"{"-" * descending}{name}"' for name, descending in order)
    return (
        f"Page by the values of the last row shown: .filter({_after(order)}).order_by({names})"
        f"[:page_size]{_about_nulls(context, order)}"
    )


def _order(context: Context) -> list[tuple[str, bool]]:
    """Ordering columns, with a unique one at the end; [] where they are not the table's own."""
    select = context.tree
    if not isinstance(select, exp.Select) or is_grouped(select) or not sources(select):
        return []
    if not select.args.get("offset"):  # it is that of a subquery
        return []
    first = sources(select)[0]
    order = select.args.get("order")
    keys: list[tuple[str, bool]] = []
    for item in order.expressions if order is not None else ():
        column = bare(item.this)
        mine = isinstance(column, exp.Column) and (
            column.table == first.alias_or_name if column.table else len(sources(select)) == 1
        )
        if not mine or column.name in dict(keys):
            return []
        keys.append((column.name, bool(item.args.get("desc"))))
    if not _is_unique(context, first, keys):
        keys.append(("pk", bool(keys and keys[-1][1])))
    return keys


def _is_unique(context: Context, source: exp.Table, keys: Sequence[tuple[str, bool]]) -> bool:
    """Whether no two rows have the same values in the order."""
    names = {name for name, _ in keys}
    table = context.schema.tables.get(source.name)
    if table is None:
        return "id" in names
    return any(
        {key.name for key in index.definition.keys} <= names
        for index in table.indexes
        if index.definition is not None and index.constraint in ("primary", "unique")
    )


def _after(order: Sequence[tuple[str, bool]]) -> str:
    """Rows behind the last one: later in the first column, or equal in it and later in the next."""
    steps = []
    for position, (name, descending) in enumerate(order):
        equal = [f"{before}=last.{before}" for before, _ in order[:position]]
        later = f"{name}__{'lt' if descending else 'gt'}=last.{name}"
        steps.append(", ".join([*equal, later]))
    return steps[0] if len(steps) == 1 else " | ".join(f"Q({step})" for step in steps)


def _about_nulls(context: Context, order: Sequence[tuple[str, bool]]) -> str:
    for table in context.schema.tables.values():
        for name, _ in order:
            column = table.columns.get(name)
            if column is not None and column.nullable and table.name in context.aliases.values():
                return f"; rows without {name} (NULL) need pages of their own"
    return ""
