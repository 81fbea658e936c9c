"""One comparison, without AND or OR -> predicates of the tables that it speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from .constants import array_items, bare, constant, literal_sql
from .indexes import quoted
from .predicates import Join, Operator, Predicate, Term
from .scopes import Scope, Use, has_query

Found = tuple[Use, Predicate]

#: By the names of sqlglot's classes, of which older releases lack some.
_OPERATORS: dict[str, Operator] = {
    "EQ": "=",
    "NEQ": "<>",
    "LT": "<",
    "LTE": "<=",
    "GT": ">",
    "GTE": ">=",
    "Like": "like",
    "ILike": "ilike",
    "RegexpLike": "regex",
    "RegexpILike": "regex",
    "Glob": "regex",
    "ArrayContainsAll": "@>",
    "ArrayContainedBy": "<@",
    "ArrayOverlaps": "&&",
    "JSONBContains": "?",
    "JSONBContainsTopKey": "?",
    "JSONBContainsAnyTopKeys": "?|",
    "JSONBContainsAllTopKeys": "?&",
}
_COMPARISONS: dict[type, Operator] = {
    getattr(exp, name): operator for name, operator in _OPERATORS.items() if hasattr(exp, name)
}
#: What a comparison is when its sides change places; the others cannot be turned round.
_TURNED: dict[Operator, Operator] = {
    "=": "=",
    "<>": "<>",
    "<": ">",
    "<=": ">=",
    ">": "<",
    ">=": "<=",
    "@>": "<@",
    "<@": "@>",
    "&&": "&&",
    "@@": "@@",
}
_NEGATED: dict[Operator, Operator] = {
    "=": "<>",
    "<>": "=",
    "<": ">=",
    "<=": ">",
    ">": "<=",
    ">=": "<",
    "in": "not in",
    "not in": "in",
    "is null": "is not null",
    "is not null": "is null",
}


def predicates(node: exp.Expr, scope: Scope) -> list[Found]:
    """One condition without AND; none where it is of no known form."""
    node = bare(node)
    if isinstance(node, exp.Escape):
        return predicates(node.this, scope)
    if isinstance(node, exp.Not):
        return _negated(bare(node.this), scope)
    if node.args.get("negate"):
        # Newer releases of sqlglot mark NOT LIKE, NOT IN and IS NOT instead of wrapping them.
        return _negated(_affirmed(node), scope)
    if isinstance(node, exp.Column):
        return _flag(node, scope, "true")
    if isinstance(node, exp.Is):
        return _is(node, scope)
    if isinstance(node, exp.In):
        return _in(node, scope)
    if isinstance(node, exp.Between):
        return _between(node, scope)
    if isinstance(node, exp.MatchAgainst):
        sides = [*node.expressions, node.this]
        return _comparison("@@", sides[0], sides[-1], scope) if len(sides) == 2 else []
    operator = _COMPARISONS.get(type(node))
    if operator is None:
        return []
    return _comparison(operator, node.this, node.expression, scope)


def _comparison(operator: Operator, left: exp.Expr, right: exp.Expr, scope: Scope) -> list[Found]:
    right = _all(bare(right))
    if isinstance(right, (exp.Any, exp.All)):
        return _quantified(operator, left, right, scope)
    if isinstance(bare(left), exp.Tuple) and isinstance(right, exp.Tuple):
        return _rows(operator, bare(left), right, scope)
    found = []
    for operand, other, how in (
        (left, right, operator),
        (right, left, _TURNED.get(operator)),
    ):
        term = scope.term(operand)
        if term is None or how is None:
            continue
        predicate = _against(how, term[0], term[1], other, scope)
        if predicate is not None:
            found.append((term[0], predicate))
    return found


def _all(node: exp.Expr) -> exp.Expr:
    """``ALL (array)``, which sqlglot takes for a function."""
    if isinstance(node, exp.Anonymous) and str(node.this).upper() == "ALL" and node.expressions:
        return exp.All(this=node.expressions[0])
    return node


def _against(
    operator: Operator, use: Use, term: Term, other: exp.Expr, scope: Scope
) -> Predicate | None:
    """A term against the other side; None where that reads the same table's row as well."""
    owners = scope.owners(other)
    if use in owners:
        return None
    if owners:
        side = scope.term(other)
        plain = side is not None and not side[1].expression
        join = Join(side[0].position, side[1].sql) if side and plain else Join(None, "")
        return Predicate(term, operator, (None,), join=join)
    value = None if has_query(other) else constant(other)
    sql = literal_sql(other)
    condition = f"{_key(term)} {operator} {sql}" if sql and operator in _SQL else ""
    return Predicate(term, operator, (value,), condition=condition)


#: Operators that the condition of a partial index may have, spelled alike.
_SQL = frozenset({"=", "<>", "<", "<=", ">", ">=", "?"})


def _key(term: Term) -> str:
    return term.sql if term.expression else quoted(term.sql)


def _flag(node: exp.Expr, scope: Scope, value: str) -> list[Found]:
    found = scope.term(node)
    if found is None:
        return []
    use, term = found
    condition = _key(term) if value == "true" else f"NOT {_key(term)}"
    return [(use, Predicate(term, "=", (value,), condition=condition))]


def _affirmed(node: exp.Expr) -> exp.Expr:
    copy = node.copy()
    copy.set("negate", None)
    return copy


def _negated(inner: exp.Expr, scope: Scope) -> list[Found]:
    if isinstance(inner, exp.Column):
        return _flag(inner, scope, "false")
    if isinstance(inner, (exp.Between, exp.Like, exp.ILike, exp.Escape)) or has_query(inner):
        return []
    found = []
    for use, predicate in predicates(inner, scope):
        operator = _NEGATED.get(predicate.operator)
        if operator is None:
            return []
        condition = f"NOT ({predicate.condition})" if predicate.condition else ""
        if operator in ("is null", "is not null"):
            condition = f"{_key(predicate.term)} {operator.upper()}"
        found.append((use, replace(predicate, operator=operator, condition=condition)))
    return found


def _is(node: exp.Is, scope: Scope) -> list[Found]:
    found = scope.term(node.this)
    if found is None:
        return []
    use, term = found
    what = bare(node.expression)
    if isinstance(what, exp.Null):
        return [(use, Predicate(term, "is null", condition=f"{_key(term)} IS NULL"))]
    if isinstance(what, exp.Boolean):
        text = "TRUE" if what.this else "FALSE"
        condition = f"{_key(term)} IS {text}"
        return [(use, Predicate(term, "=", (text.lower(),), condition=condition))]
    return []


def _in(node: exp.In, scope: Scope) -> list[Found]:
    query = node.args.get("query")
    if query is not None:
        return _in_query(node.this, query, scope)
    if isinstance(bare(node.this), exp.Tuple):
        return []
    items = list(node.expressions)
    if len(items) == 1:
        return _comparison("=", node.this, items[0], scope)
    return _listed("in", node.this, items, scope)


def _listed(
    operator: Operator, left: exp.Expr, items: Sequence[exp.Expr], scope: Scope
) -> list[Found]:
    found = scope.term(left)
    if found is None:
        return []
    use, term = found
    owners = {owner for item in items for owner in scope.owners(item)}
    if use in owners:
        return []
    join = Join(None, "") if owners else None
    values = tuple(map(constant, items))
    literals = list(map(literal_sql, items))
    condition = ""
    if all(literals) and len(items) <= 20:
        word = "IN" if operator == "in" else "NOT IN"
        condition = f"{_key(term)} {word} ({', '.join(map(str, literals))})"
    return [(use, Predicate(term, operator, values, join, condition))]


def _in_query(left: exp.Expr, query: exp.Expr, scope: Scope) -> list[Found]:
    """A semijoin: the subquery's own column is compared as well, once its SELECT is read."""
    if isinstance(bare(left), exp.Tuple):
        return []
    found = scope.term(left)
    return [] if found is None else [(found[0], Predicate(found[1], "=", (None,), Join(None, "")))]


def _quantified(operator: Operator, left: exp.Expr, right: exp.Expr, scope: Scope) -> list[Found]:
    """``= ANY (array)`` is IN, ``<> ALL (array)`` is NOT IN."""
    if has_query(right):
        return _in_query(left, right, scope) if isinstance(right, exp.Any) else []
    items = array_items(right.this)
    if operator == "=" and isinstance(right, exp.Any):
        how: Operator = "in"
    elif operator == "<>" and isinstance(right, exp.All):
        how = "not in"
    else:
        return []
    if items is None:
        found = scope.term(left)
        return [] if found is None else [(found[0], Predicate(found[1], how, (None, None)))]
    return _listed(how, left, items, scope)


def _rows(operator: Operator, left: exp.Expr, right: exp.Expr, scope: Scope) -> list[Found]:
    """``(a, b) > (1, 2)``: equal rows are equal columns; else the first column is a range."""
    pairs = list(zip(left.expressions, right.expressions, strict=False))
    if not pairs:
        return []
    if operator == "=":
        return [each for a, b in pairs for each in _comparison("=", a, b, scope)]
    wide: dict[Operator, Operator] = {"<": "<=", ">": ">=", "<=": "<=", ">=": ">="}
    if operator not in wide:
        return []
    return _comparison(wide[operator], *pairs[0], scope)


def _between(node: exp.Between, scope: Scope) -> list[Found]:
    low = _comparison(">=", node.this, node.args["low"], scope)
    high = _comparison("<=", node.this, node.args["high"], scope)
    return low + high if low and high else []
