"""Expressions of indexes in one spelling, whoever wrote them: the database, Django or a person.

PostgreSQL prints ``upper((email)::text)`` for what Django writes as ``UPPER("email")``; an index
that exists equals one that could only if both are spelled by :func:`canonical_sql`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import sqlglot
from sqlglot import exp

from .indexes import IndexDefinition, IndexKey

_COMPARISONS = (
    exp.EQ,
    exp.NEQ,
    exp.LT,
    exp.LTE,
    exp.GT,
    exp.GTE,
    exp.In,
    exp.Between,
    exp.Like,
    exp.ILike,
    exp.ArrayContainsAll,
    exp.JSONBContains,
)
#: What sqlglot calls a vendor that it has another word for.
DIALECTS = {"postgresql": "postgres"}
_ROUNDS = 6
_TEXT = ("text", "character varying", "varchar")
_NEGATED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.LT: exp.GTE,
    exp.GTE: exp.LT,
    exp.GT: exp.LTE,
    exp.LTE: exp.GT,
}


def canonical_sql(
    expression: str, types: Mapping[str, str] | None = None, vendor: str = "postgresql"
) -> str:
    """An expression or condition over one table's columns, as every index definition has it.

    Columns are unqualified and quoted, functions upper-case, parentheses as few as needed. Casts
    that change nothing are gone (of literals where the other side tells the type, of text columns
    to text: ``types`` has the columns' types), ``= ANY (ARRAY[...])`` is ``IN``, AND and IN are in
    order, ``NOT a = b`` is ``a <> b``, ``flag = true`` is ``flag``. An expression that cannot be
    parsed comes back as it is, so that it equals itself at least.
    """
    dialect = DIALECTS.get(vendor, vendor)
    try:
        # A step may bare what another one has to do with, hence until nothing changes.
        for _ in range(_ROUNDS):
            before, tree = expression, sqlglot.parse_one(expression, dialect=dialect)
            for step in _STEPS:
                tree = tree.transform(step, types or {})
            expression = tree.sql(dialect=dialect, identify=True)
            if expression == before:
                break
        return expression
    except sqlglot.errors.SqlglotError:
        return expression


def canonical_definition(
    index: IndexDefinition, types: Mapping[str, str] | None = None, vendor: str = "postgresql"
) -> IndexDefinition:
    """The definition with its expressions and its condition spelled that way."""

    def spelled(key: IndexKey) -> IndexKey:
        return replace(key, name=canonical_sql(key.name, types, vendor)) if key.expression else key

    condition = canonical_sql(index.condition, types, vendor) if index.condition else ""
    return replace(index, keys=tuple(map(spelled, index.keys)), condition=condition)


def columns_of(expression: str, vendor: str = "postgresql") -> tuple[str, ...]:
    """The columns that an expression reads, in their order; none if it cannot be parsed."""
    try:
        tree = sqlglot.parse_one(expression, dialect=DIALECTS.get(vendor, vendor))
    except sqlglot.errors.SqlglotError:
        return ()
    return tuple(dict.fromkeys(column.name for column in tree.find_all(exp.Column, bfs=False)))


_Types = Mapping[str, str]


def _names(node: exp.Expr, _: _Types) -> exp.Expr:
    if isinstance(node, exp.Column):
        name = node.name if node.this.args.get("quoted") else node.name.lower()
        return exp.column(exp.to_identifier(name, quoted=True))
    return node


def _casts(node: exp.Expr, types: _Types) -> exp.Expr:
    if not isinstance(node, exp.Cast) or type(node) is not exp.Cast:
        return node
    inner = node.this.unnest()
    if isinstance(inner, exp.Column):
        kind = types.get(inner.name, "")
        return inner if _is_text(node) and kind.startswith(_TEXT) else node
    if isinstance(inner, exp.Literal) and node.to.is_type(*exp.DataType.NUMERIC_TYPES):
        # PostgreSQL prints -5 as '-5'::integer.
        return sqlglot.parse_one(inner.name, dialect="postgres")
    if isinstance(inner, exp.Array) or _is_literal(inner):
        return inner if _is_text(node) or isinstance(_outer(node), _COMPARISONS) else node
    return node


def _is_text(cast: exp.Cast) -> bool:
    kind = cast.to
    while kind.is_type(exp.DataType.Type.ARRAY) and kind.expressions:
        kind = kind.expressions[0]
    return bool(kind.is_type(*exp.DataType.TEXT_TYPES)) and not kind.expressions


def _is_literal(node: exp.Expr) -> bool:
    return isinstance(node.this if isinstance(node, exp.Neg) else node, exp.Literal)


def _outer(node: exp.Expr) -> exp.Expr | None:
    """The nearest ancestor that is not mere wrapping."""
    parent = node.parent
    while isinstance(parent, exp.Paren | exp.Array | exp.Tuple | exp.Any):
        parent = parent.parent
    return parent


def _membership(node: exp.Expr, _: _Types) -> exp.Expr:
    """``x = ANY (ARRAY['a', 'b'])`` and ``x IN ('b', 'a')`` are ``x IN ('a', 'b')``."""
    if isinstance(node, exp.EQ) and isinstance(node.expression, exp.Any):
        values = node.expression.this.unnest()
        if isinstance(values, exp.Array) and values.expressions:
            node = exp.In(this=node.this, expressions=values.expressions)
    if isinstance(node, exp.In) and node.expressions:
        values = sorted(node.expressions, key=lambda value: value.sql())
        if len(values) == 1:
            return exp.EQ(this=node.this.copy(), expression=values[0].copy())
        return exp.In(this=node.this.copy(), expressions=[value.copy() for value in values])
    return node


def _truth(node: exp.Expr, _: _Types) -> exp.Expr:
    if isinstance(node, exp.EQ | exp.NEQ) and isinstance(node.expression, exp.Boolean):
        holds = bool(node.expression.this) is isinstance(node, exp.EQ)
        inner = node.this.copy()
        return inner if holds else exp.Not(this=inner)
    return node


def _negations(node: exp.Expr, _: _Types) -> exp.Expr:
    if isinstance(node, exp.NEQ) and node.expression.name.upper() == "ALL":
        values = next(node.expression.find_all(exp.Array), None)
        if values and values.expressions:
            inside = [value.copy() for value in values.expressions]
            return exp.Not(this=exp.In(this=node.this.copy(), expressions=inside))
    if isinstance(node, exp.Not):
        inner = node.this.unnest()
        if isinstance(inner, exp.Is) and not inner.args.get("negate"):
            # What the parser makes of IS NOT, which differs by its version.
            tree = sqlglot.parse_one("x IS NOT NULL", dialect="postgres")
            if isinstance(inner.expression, exp.Null):
                next(tree.find_all(exp.Column)).replace(inner.this.copy())
                return tree
        negated = _NEGATED.get(type(inner))
        if negated and not isinstance(inner.expression, exp.Any | exp.All):
            return negated(this=inner.this.copy(), expression=inner.expression.copy())
    return node


def _parentheses(node: exp.Expr, _: _Types) -> exp.Expr:
    """None around what binds more tightly than anything that could stand beside it."""
    if not isinstance(node, exp.Paren):
        return node
    inner = node.unnest()
    alone = node.parent is None or isinstance(node.parent, exp.Paren)
    if alone or not isinstance(inner, exp.Binary | exp.Unary | exp.Predicate | exp.Between):
        return inner.copy()
    parent = node.parent
    tighter = isinstance(inner, exp.And) and isinstance(parent, exp.Connector)
    same = isinstance(inner, exp.Or) and isinstance(parent, exp.Or)
    in_and = isinstance(inner, exp.Predicate | exp.Is | exp.Not) and isinstance(
        node.parent, exp.Connector | exp.Not
    )
    if tighter or same or (in_and and not isinstance(inner, exp.Connector)):
        return inner.copy()
    return exp.Paren(this=inner.copy())


def _order(node: exp.Expr, _: _Types) -> exp.Expr:
    if isinstance(node, exp.And) and not isinstance(node.parent, exp.And):
        parts = {p.sql(dialect="postgres"): p.copy() for p in node.flatten(unnest=False)}
        return exp.and_(*(parts[text] for text in sorted(parts)), copy=False, wrap=False)
    return node


_STEPS: tuple[Callable[[exp.Expr, _Types], exp.Expr], ...] = (
    _names,
    _parentheses,
    _casts,
    _membership,
    _truth,
    _negations,
    _parentheses,
    _order,
)
