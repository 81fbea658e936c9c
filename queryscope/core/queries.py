"""One query at a time: its tables, conditions, orders, groups and what it reads."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from .conditions import add_conditions
from .constants import argument
from .ordering import (
    add_aggregates,
    add_distinct,
    add_grouping,
    add_order,
    add_windows,
    group_names,
    grouping_of,
    has_windows,
    number,
    order_key,
    outputs,
    row_limit,
    unaliased,
)
from .predicates import Join, Order, Predicate, Term
from .scopes import Derived, Scope, Source, Use, nested_queries, walk


def read_query(node: exp.Expr, around: Scope, limit: int | None = None) -> Derived:
    """A SELECT, UNION or VALUES within ``around``; ``limit`` rows are asked of it at most."""
    if isinstance(node, exp.Subquery):
        scope = around.child()
        read_ctes(node, scope)
        inner = read_query(node.this, scope, limit)
        return _narrowed(node, inner)
    if isinstance(node, exp.SetOperation):
        return _read_union(node, around, limit)
    if isinstance(node, exp.Select):
        return _read_select(node, around, limit)
    for query in nested_queries(node) if not isinstance(node, exp.Query) else ():
        read_query(query, around)
    return Derived()


def _narrowed(node: exp.Subquery, inner: Derived) -> Derived:
    if argument(node, "limit") is not None:
        inner.filters_pass = False
    return inner


def read_ctes(node: exp.Expr, scope: Scope) -> None:
    with_ = argument(node, "with")
    if not isinstance(with_, exp.With):
        return
    for cte in with_.expressions:
        if with_.args.get("recursive"):
            scope.ctes[cte.alias] = None
        body = cte.this
        if isinstance(body, exp.Query):
            scope.ctes[cte.alias] = _renamed(read_query(body, scope), cte)
        else:
            scope.ctes[cte.alias] = None


def _renamed(derived: Derived, node: exp.Expr) -> Derived:
    """With the column names that its alias gives: ``AS t(a, b)``."""
    alias = node.args.get("alias")
    names = [each.name for each in alias.columns] if isinstance(alias, exp.TableAlias) else []
    if names:
        old = derived.order
        derived.columns = {
            new: derived.columns[name]
            for new, name in zip(names, old, strict=False)
            if name in derived.columns
        }
        derived.order = names
    return derived


def _read_union(node: exp.SetOperation, around: Scope, limit: int | None) -> Derived:
    scope = around.child()
    read_ctes(node, scope)
    rows = row_limit(node)
    derived = [read_query(side, scope) for side in (node.left, node.right)]
    ordered = node.args.get("order")
    if ordered is not None:
        for branch in derived:
            _order_branch(ordered, branch, scope, rows if rows is not None else limit)
    # A filter outside would have to be tested in each branch: too far from any one table.
    return Derived(filters_pass=False)


def _order_branch(ordered: exp.Expr, branch: Derived, scope: Scope, limit: int | None) -> None:
    """Branches read in the same order are merged without a sort."""
    orders: list[tuple[Use, Order]] = []
    for key in ordered.expressions:
        name = _output_name(key.this, branch)
        found = branch.columns.get(name) if name else None
        if found is None:
            break
        orders.append((found[0], order_key(key, Term(found[1], (found[1],)), scope)))
    if orders:
        use = orders[0][0]
        same = [order for owner, order in orders if owner is use]
        use.order = tuple(same)
        use.order_complete = len(same) == len(ordered.expressions)
        use.limit = limit


def _output_name(node: exp.Expr, branch: Derived) -> str | None:
    position = number(node)
    if position is not None:
        return branch.order[position - 1] if 0 < position <= len(branch.order) else None
    return node.name if isinstance(node, exp.Column) else None


# --- SELECT ----------------------------------------------------------------------------------


def _read_select(node: exp.Select, around: Scope, limit: int | None) -> Derived:
    scope = around.child()
    read_ctes(node, scope)
    first = len(scope.uses)
    read_sources(node, scope)
    own = [use for use in scope.sources.values() if isinstance(use, Use)]
    where = node.args.get("where")
    if where is not None:
        add_conditions(where.this, scope)
    rows = row_limit(node)
    rows = limit if rows is None else rows
    grouping = grouping_of(node)
    aggregated = any(isinstance(e, exp.AggFunc) for e in outputs(node)) or bool(grouping)
    add_grouping(grouping, scope)
    add_distinct(node, scope)
    add_windows(node, scope)
    if aggregated and not grouping:
        add_aggregates(node, own)
    if not aggregated or grouping:
        add_order(node, scope, rows)
    mark_columns(node, scope)
    _read_nested(node, scope)
    if len(scope.uses) == first + 1 == first + len(own) and not aggregated:
        own[0].limit = rows
    derived = _derived(node, scope)
    derived.filters_pass = rows is None and not aggregated and not has_windows(node)
    derived.grouped = frozenset(group_names(node, grouping)) if rows is None else frozenset()
    return derived


def read_sources(node: exp.Expr, scope: Scope) -> None:
    """FROM and JOIN; conditions of ON go to the uses they restrict."""
    from_ = argument(node, "from")
    if isinstance(from_, exp.From):
        add_source(from_.this, scope)
    for join in node.args.get("joins") or ():
        _add_join(join, scope)
    for lateral in node.args.get("laterals") or ():
        add_source(lateral, scope)


def _add_join(join: exp.Join, scope: Scope) -> None:
    before = _uses(scope)
    add_source(join.this, scope)
    joined = _uses(scope) - before
    side = (join.side or "").upper()
    on, using = join.args.get("on"), join.args.get("using")
    if on is not None:
        only = {"LEFT": joined, "RIGHT": before, "FULL": frozenset[Use]()}.get(side)
        add_conditions(on, scope, only)
        for column in scope.columns(on):
            _mark(column, scope, tested=True)
    for name in using or ():
        _add_using(name.name, scope)


def _uses(scope: Scope) -> frozenset[Use]:
    return frozenset(source for source in scope.sources.values() if isinstance(source, Use))


def _add_using(name: str, scope: Scope) -> None:
    sides = [use for use in _uses(scope) if name in use.table.columns]
    for use in sides:
        for other in sides:
            if other is not use:
                join = Join(other.position, name)
                use.predicates.append(Predicate(Term(name, (name,)), "=", (None,), join))
                use.columns.add(name)


def add_source(node: exp.Expr, scope: Scope) -> None:
    alias = node.alias_or_name
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
        scope.add_table(node, alias)
        for join in node.args.get("joins") or ():
            _add_join(join, scope)
    elif isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table):
        # Parentheses around a join.
        add_source(node.this, scope)
        for join in node.args.get("joins") or ():
            _add_join(join, scope)
    elif isinstance(node, exp.Subquery):
        # Without LATERAL it sees nothing of this SELECT, but names are then its own anyway.
        scope.sources[alias] = _renamed(read_query(node, scope), node)
        for join in node.args.get("joins") or ():
            _add_join(join, scope)
    elif isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
        scope.sources[alias] = _renamed(read_query(node.this, scope), node)
    else:
        scope.sources[alias] = None
        read_parts(node, scope)


# --- what is read ----------------------------------------------------------------------------


def mark_columns(node: exp.Expr, scope: Scope) -> None:
    """Note which columns a query reads itself."""
    tested = {id(each) for part in _tests(node) for each in walk(part)}
    for each in walk(node):
        if isinstance(each, exp.Column) and not isinstance(each.this, exp.Star):
            _mark(each, scope, tested=id(each) in tested)
        elif isinstance(each, exp.Column):
            _mark_all(scope.sources.get(each.table))
        elif isinstance(each, exp.Star) and not _is_counted(each):
            for source in scope.sources.values():
                _mark_all(source)


def _mark(column: exp.Column, scope: Scope, *, tested: bool) -> None:
    found = scope.resolve(column)
    if found:
        use, name = found
        use.columns.add(name)
        if not tested or use not in scope.sources.values():
            use.projected.add(name)


def _tests(node: exp.Expr) -> Iterator[exp.Expr]:
    """Its WHERE and the ON of its joins."""
    where = node if isinstance(node, exp.Where) else node.args.get("where")
    if where is not None:
        yield where
    for join in node.args.get("joins") or ():
        if join.args.get("on") is not None:
            yield join.args["on"]


def _is_counted(star: exp.Star) -> bool:
    """COUNT(*), t.* (seen as a column) and EXISTS (SELECT * …) read no column by their star."""
    above = star.parent
    if isinstance(above, exp.Select) and isinstance(above.parent, exp.Exists):
        return True
    return isinstance(above, (exp.Count, exp.Column))


def _mark_all(source: Source) -> None:
    if isinstance(source, Use):
        source.whole_row = True


def read_parts(node: exp.Expr, scope: Scope) -> None:
    """An expression of a query: the columns it reads, and the queries nested in it."""
    mark_columns(node, scope)
    for query in nested_queries(node):
        _read_subquery(query, scope)


def _read_nested(node: exp.Select, scope: Scope) -> None:
    """Subqueries among the outputs and in conditions; FROM's were read with the sources."""
    parts: list[object] = [*node.expressions]
    parts += [node.args.get(name) for name in ("where", "having", "order", "group")]
    parts += [join.args.get("on") for join in node.args.get("joins") or ()]
    for part in parts:
        for query in nested_queries(part) if isinstance(part, exp.Expression) else ():
            _read_subquery(query, scope)


def _read_subquery(query: exp.Query, scope: Scope) -> None:
    parent = query.parent
    # One row is enough for EXISTS.
    if isinstance(parent, exp.Exists):
        read_query(query, scope, 1)
        return
    derived = read_query(query, scope)
    compared = parent.parent if isinstance(parent, exp.Any) else parent
    if isinstance(compared, (exp.In, exp.EQ)) and not _is_negated(compared):
        _add_semijoin(compared.this, derived, scope)


def _is_negated(node: exp.Expr) -> bool:
    above = node.parent
    while isinstance(above, exp.Paren):
        above = above.parent
    return bool(node.args.get("negate")) or isinstance(above, exp.Not)


def _add_semijoin(left: object, derived: Derived, scope: Scope) -> None:
    """``a IN (SELECT b …)`` compares b with a: b's index answers for each a."""
    if not isinstance(left, exp.Expression) or not derived.order:
        return
    found, inner = scope.term(left), derived.columns.get(derived.order[0])
    if found is None or inner is None:
        return
    use, name = inner
    join = Join(found[0].position, found[1].sql)
    use.predicates.append(Predicate(Term(name, (name,)), "=", (None,), join))


def _derived(node: exp.Select, scope: Scope) -> Derived:
    derived = Derived()
    for output in node.expressions:
        inner = unaliased(output)
        derived.order.append(output.alias_or_name)
        if isinstance(inner, exp.Star):
            derived.stars.extend(scope.sources.values())
        elif isinstance(inner, exp.Column) and isinstance(inner.this, exp.Star):
            derived.stars.append(scope.sources.get(inner.table))
        elif isinstance(inner, exp.Column):
            found = scope.resolve(inner)
            if found:
                derived.columns[output.alias_or_name] = found
    return derived
