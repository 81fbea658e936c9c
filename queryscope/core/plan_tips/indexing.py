"""The index that a scan wants: equalities, then the order or one range."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlglot import exp

from ..canonical import canonical_sql
from ..indexes import IndexDefinition, IndexKey, quoted
from ..schema import ExistingIndex
from .conditions import Condition
from .reading import bare, parsed_statement, select_of
from .tip import Context

#: More columns make an index larger than what they spare.
_WIDEST = 4
#: Nodes that hand on the rows of their first child in its order.
_IN_ORDER = frozenset({"Nested Loop", "Hash Join", "Gather", "Gather Merge", "Result"})


def index_for(
    context: Context,
    position: int,
    asked: Iterable[Condition],
    order: Sequence[IndexKey] = (),
) -> IndexDefinition | None:
    """An index for these conditions of a scan that then gives its rows in ``order``; None where
    there is nothing to index, or where an index that is there has it already.
    """
    relation = context.relation(position)
    if relation is None:
        return None
    asked = tuple(asked)
    table = context.table(position)
    new = IndexDefinition(relation.rsplit(".", 1)[-1], (), schema=table.schema if table else "")
    contained = [condition.column for condition in asked if condition.kind == "contains"]
    partial = [condition for condition in asked if condition.kind in ("null", "flag")]
    fixed = _by_selectivity(context, position, _columns(asked, "equality"))
    fixed += [name for name in _columns(asked, "list") if name not in fixed]
    tail = [key for key in order if key.name not in fixed] if keeps_order(asked, order) else []
    tail = tail or _last(context, asked, fixed)
    keys = tuple([*map(IndexKey, fixed), *tail][:_WIDEST])
    condition = _together(context, position, partial)
    if not keys and contained:
        index = replace(new, keys=(IndexKey(contained[0]),), method="gin")
        return None if context.is_sqlite or _exists(context, position, index, 1) else index
    if not keys and partial:
        keys, condition = tuple(IndexKey(name) for name in _columns(partial)), ""
    index = replace(new, keys=keys, condition=condition)
    return index if keys and not _exists(context, position, index, len(fixed)) else None


def qualified(context: Context, position: int) -> str:
    """The table of a scan as SQL names it."""
    table = context.table(position)
    schema = table.schema if table is not None else ""
    name = table.name if table is not None else context.relation(position) or ""
    return f"{quoted(schema)}." * bool(schema) + quoted(name)


def keeps_order(asked: Iterable[Condition], order: Sequence[IndexKey]) -> bool:
    """Whether an index in this order would not have to pass many rows to find those asked for."""
    return all(
        condition.kind in ("equality", "null", "flag")
        or (condition.kind == "range" and condition.column == order[0].name)
        for condition in asked
        if order
    )


def create(context: Context, index: IndexDefinition) -> str:
    """CREATE INDEX as it runs on this database, without stopping writers where it can."""
    read = {(node.relation or "").rsplit(".", 1)[-1] for node in context.nodes}
    # A table that is read by its partitions only takes no CONCURRENTLY.
    concurrently = not context.is_sqlite and index.table in read
    return index.create_sql(concurrently=concurrently) + ";"


def wanted_order(context: Context, position: int) -> tuple[IndexKey, ...]:
    """The order in which the first rows of a scan are asked for (ORDER BY ... LIMIT), if all of it
    is over bare columns of this table; directions that are all the same are left out, since an
    index is read both ways.
    """
    return order_of(_ordered(context, position), context, position)


def order_of(
    ordered: Sequence[exp.Ordered] | None, context: Context, position: int
) -> tuple[IndexKey, ...]:
    """Sort keys as those of an index on the table of a scan; () where they are not its columns."""
    keys = []
    names = context.names(position)
    table = context.table(position)
    for item in ordered or ():
        column = bare(item.this)
        descending = bool(item.args.get("desc"))
        nulls_first = not descending if context.is_sqlite else descending
        if not isinstance(column, exp.Column) or (column.table and column.table not in names):
            return ()
        if bool(item.args.get("nulls_first")) != nulls_first:
            return ()
        if table is not None and column.name not in table.columns:
            return ()
        keys.append(IndexKey(column.name, descending=descending))
    if all(key.descending for key in keys):
        keys = [IndexKey(key.name) for key in keys]
    return tuple(keys)


def sort_keys(context: Context, position: int) -> tuple[exp.Ordered, ...] | None:
    """The keys of a Sort node; None where one cannot be read."""
    keys = ", ".join(context.nodes[position].sort_key)
    return _order_by(parsed_statement(f"SELECT 1 ORDER BY {keys}", context.dialect))


def _ordered(context: Context, position: int) -> tuple[exp.Ordered, ...] | None:
    below = position
    for above in context.ancestors(position):
        node = context.nodes[above]
        if "Sort" in node.kind and not context.is_sqlite:
            return sort_keys(context, above) if is_limited(context, above) else None
        if node.kind == "Limit" or context.is_sqlite:
            break
        first = context.children[above][0] == below
        if not (first and node.kind in _IN_ORDER):
            return None
        below = above
    node = context.nodes[position]
    select = select_of(context.tree, node.alias or node.relation or "")
    if select is None or not select.args.get("limit") or is_grouped(select):
        return None
    return _order_by(select)


def is_limited(context: Context, position: int) -> bool:
    """Whether only the first rows of a node are taken."""
    for above in context.ancestors(position):
        kind = context.nodes[above].kind
        if kind not in ("Gather Merge", "Gather", "Result", "Subquery Scan"):
            return kind == "Limit"
    return False


def is_grouped(select: exp.Select) -> bool:
    """Whether its rows are other ones than those of its tables."""
    asked = ("group", "distinct", "having")
    return any(select.args.get(name) for name in asked) or any(
        expression.find(exp.AggFunc, exp.Window) for expression in select.expressions
    )


def _order_by(tree: exp.Expression | None) -> tuple[exp.Ordered, ...] | None:
    order = tree.args.get("order") if tree is not None else None
    return tuple(order.expressions) if order is not None else None


def _columns(asked: Iterable[Condition], *kinds: str) -> list[str]:
    found = (condition.column for condition in asked if not kinds or condition.kind in kinds)
    return list(dict.fromkeys(found))


def _by_selectivity(context: Context, position: int, names: list[str]) -> list[str]:
    """The column with the most values first, in the order of the statement where not known."""
    table = context.table(position)
    columns = table.columns if table is not None else {}

    def distinct(name: str) -> float:
        statistics = columns[name].statistics if name in columns else None
        return statistics.distinct if statistics is not None else 0.0

    return sorted(names, key=distinct, reverse=True)


def _last(context: Context, asked: Sequence[Condition], fixed: list[str]) -> list[IndexKey]:
    """One range or prefix: no key behind it would be of use."""
    for condition in asked:
        if condition.kind == "range" and condition.column not in fixed:
            return [IndexKey(condition.column)]
    for condition in asked:
        if condition.kind == "prefix" and condition.column not in fixed and not context.is_sqlite:
            # Only a bytewise order has all texts of one prefix side by side.
            bytewise = context.schema.c_collation
            return [IndexKey(condition.column, opclass="" if bytewise else "text_pattern_ops")]
    return []


def _together(context: Context, position: int, partial: Sequence[Condition]) -> str:
    """The condition of a partial index, over unqualified columns."""
    texts = []
    table = context.table(position)
    types = {name: column.type for name, column in table.columns.items()} if table else {}
    for condition in partial:
        tree = condition.tree.copy()
        for column in tree.find_all(exp.Column):
            column.set("table", None)
        text = tree.sql(dialect=context.dialect)
        texts.append(canonical_sql(text, types, context.plan.vendor))
    return " AND ".join(dict.fromkeys(texts))


def _exists(context: Context, position: int, index: IndexDefinition, fixed: int) -> bool:
    table = context.table(position)
    return table is not None and any(
        _serves(existing, index, fixed) for existing in table.indexes if existing.valid
    )


def _serves(existing: ExistingIndex, index: IndexDefinition, fixed: int) -> bool:
    """Whether an index that is there has these keys first; the fixed ones in any order."""
    there = existing.definition
    if there is None or there.method != index.method:
        return False
    if there.condition not in ("", index.condition):
        return False
    have, want = (
        [(key.name, key.opclass) for key in there.keys],
        [(key.name, key.opclass) for key in index.keys],
    )
    return set(have[:fixed]) == set(want[:fixed]) and have[fixed : len(want)] == want[fixed:]
