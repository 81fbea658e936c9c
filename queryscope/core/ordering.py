"""How a SELECT groups, sorts and aggregates the rows of its tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from sqlglot import exp

from .constants import bare
from .predicates import Order, Term
from .scopes import Scope, Use, walk

#: Functions whose result for a table alone is at one end of an index.
_EXTREMES = (exp.Min, exp.Max)


def row_limit(node: exp.Expr) -> int | None:
    """LIMIT or FETCH FIRST as a number; None where there is none, or none that is known."""
    limit = node.args.get("limit")
    count = None
    if isinstance(limit, exp.Limit):
        count = limit.expression
    elif isinstance(limit, exp.Fetch):
        count = limit.args.get("count")
    return number(count)


def number(node: object) -> int | None:
    """A whole number that stands there as such."""
    if isinstance(node, exp.Literal) and str(node.this).isdigit():
        return int(node.this)
    return None


def outputs(node: exp.Select) -> Iterator[exp.Expr]:
    for each in node.expressions:
        yield from walk(each)


def has_windows(node: exp.Select) -> bool:
    return any(isinstance(each, exp.Window) for each in outputs(node))


def grouping_of(node: exp.Select) -> list[exp.Expr]:
    group = node.args.get("group")
    return [] if group is None else [_output(each, node) for each in group.expressions]


def _output(node: exp.Expr, select: exp.Select) -> exp.Expr:
    """What a position or an alias in GROUP BY and ORDER BY stands for."""
    columns = select.expressions
    found: exp.Expr | None = None
    position = number(node)
    if position is not None:
        found = columns[position - 1] if 0 < position <= len(columns) else None
    elif isinstance(node, exp.Column) and not node.table:
        names = (each for each in columns if isinstance(each, exp.Alias))
        found = next((each for each in names if each.alias == node.name), None)
    if found is None:
        return node
    return cast("exp.Expr", found.this) if isinstance(found, exp.Alias) else found


def add_grouping(grouping: list[exp.Expr], scope: Scope) -> None:
    found = [scope.term(each) for each in grouping]
    for use in {each[0] for each in found if each}:
        use.grouping = tuple(dict.fromkeys(each[1] for each in found if each and each[0] is use))


def group_names(node: exp.Select, grouping: list[exp.Expr]) -> Iterator[str]:
    texts = {each.sql() for each in grouping}
    for output in node.expressions:
        inner = output.this if isinstance(output, exp.Alias) else output
        if inner.sql() in texts:
            yield output.alias_or_name


def add_distinct(node: exp.Select, scope: Scope) -> None:
    distinct = node.args.get("distinct")
    if distinct is None:
        return
    on = distinct.args.get("on")
    if on is None:
        keys: Iterable[exp.Expr] = [unaliased(each) for each in node.expressions]
    else:
        keys = on.expressions if isinstance(on, exp.Tuple) else [bare(on)]
    found = [scope.term(each) for each in keys]
    for use in {each[0] for each in found if each}:
        use.distinct = tuple(dict.fromkeys(each[1] for each in found if each and each[0] is use))


def unaliased(node: exp.Expr) -> exp.Expr:
    return cast("exp.Expr", node.this) if isinstance(node, exp.Alias) else node


def add_windows(node: exp.Select, scope: Scope) -> None:
    for window in outputs(node):
        if not isinstance(window, exp.Window):
            continue
        keys = [(each, None) for each in window.args.get("partition_by") or ()]
        order = window.args.get("order")
        keys += [(each.this, each) for each in (order.expressions if order else ())]
        found = [(scope.term(key), how) for key, how in keys]
        owners = {each[0] for each, _ in found if each}
        if len(owners) == 1 and all(each for each, _ in found):
            (use,) = owners
            use.windows.append(
                tuple(
                    Order(each[1]) if how is None else order_key(how, each[1], scope)
                    for each, how in found
                    if each
                )
            )


def add_aggregates(node: exp.Select, own: list[Use]) -> None:
    """MIN and MAX alone are one end of an index, COUNT(*) alone needs no column."""
    found = [each for each in outputs(node) if isinstance(each, exp.AggFunc)]
    if len(own) != 1 or not found:
        return
    use = own[0]
    use.counts = all(type(each) is exp.Count and isinstance(each.this, exp.Star) for each in found)
    if all(isinstance(each, _EXTREMES) for each in found):
        names = [each.this.name for each in found if isinstance(each.this, exp.Column)]
        use.extremes = tuple(
            Term(name, (name,)) for name in dict.fromkeys(names) if name in use.table.columns
        )


def add_order(node: exp.Select, scope: Scope, limit: int | None) -> None:
    order = node.args.get("order")
    if order is None:
        return
    found = []
    for key in order.expressions:
        term = scope.term(_output(key.this, node))
        if term is None:
            break
        found.append((term[0], order_key(key, term[1], scope)))
    if not found:
        return
    use = found[0][0]
    own: list[Order] = []
    for owner, key in found:
        if owner is not use:
            break
        own.append(key)
    use.order = tuple(own)
    use.order_complete = len(own) == len(order.expressions)
    use.limit = limit
    offset = node.args.get("offset")
    use.offset = (number(offset.expression) or 0) if isinstance(offset, exp.Offset) else 0


def order_key(node: exp.Expr, term: Term, scope: Scope) -> Order:
    """One key of ORDER BY."""
    descending = bool(node.args.get("desc"))
    nulls_first = node.args.get("nulls_first")
    # To SQLite NULL is the least of all values, to PostgreSQL the greatest; sqlglot fills it in.
    default = descending if scope.schema.vendor != "sqlite" else not descending
    if nulls_first is None or bool(nulls_first) == default:
        return Order(term, descending)
    return Order(term, descending, bool(nulls_first))
