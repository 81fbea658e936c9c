"""Operands of a statement: columns and expressions as an index would have them.

An expression index is used only where its text means the same tree as the query's, so each kind of
expression is rendered here by hand; sqlglot's own generator rewrites some ("MONTH" for "month").
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from .constants import bare, literal_sql, text_literal
from .indexes import quoted

_TIME_TYPES = ("timestamp", "date", "time", "interval")
_PLAIN_TYPES = re.compile(
    r"(?:text|varchar|char|character varying|character|citext|int|integer|bigint|smallint"
    r"|decimal|numeric|boolean|bool|uuid|real|double precision|jsonb)\b"
)


class NotRendered(Exception):
    """The expression is none that an index could hold."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """SQL over unqualified quoted columns. ``type`` "" where it is not known."""

    sql: str
    type: str = ""


#: Name and type of a column as the table has them.
Named = Callable[[exp.Column], tuple[str, str]]


def render(node: exp.Expr, named: Named) -> Rendered:
    """An immutable expression; raises NotRendered where an index could not hold it."""
    node = bare(node)
    renderer = _RENDERERS.get(type(node))
    if renderer is None:
        raise NotRendered(type(node).__name__)
    return renderer(node, named)


def _column(node: exp.Expr, named: Named) -> Rendered:
    assert isinstance(node, exp.Column)
    name, type_ = named(node)
    return Rendered(quoted(name), type_)


def _constant(node: exp.Expr, named: Named) -> Rendered:
    text = literal_sql(node)
    if text is None:
        raise NotRendered
    return Rendered(text)


def _cast(node: exp.Expr, named: Named) -> Rendered:
    inner = render(node.this, named)
    target = node.args["to"].sql("postgres").lower()
    if isinstance(bare(node.this), exp.Literal):
        return Rendered(f"{inner.sql}::{target}", target)
    from_time = inner.type.startswith(_TIME_TYPES)
    # Casts that read the session's time zone or date style are not immutable.
    if target in ("date", "time", "timestamp"):
        stays = inner.type == "date" or _without_zone(inner.type)
    else:
        stays = not from_time and _PLAIN_TYPES.match(target) is not None and inner.type != ""
    if not stays:
        raise NotRendered(target)
    return Rendered(f"{_operand(inner.sql)}::{target}", target)


def _without_zone(type_: str) -> bool:
    return type_.startswith("timestamp") and "with time zone" not in type_ and "tz" not in type_


def _function(name: str, type_: str = "") -> Callable[[exp.Expr, Named], Rendered]:
    def renderer(node: exp.Expr, named: Named) -> Rendered:
        if any(value for key, value in node.args.items() if key not in ("this", "expressions")):
            raise NotRendered(name)
        arguments = [render(each, named) for each in [node.this, *node.expressions]]
        inside = ", ".join(each.sql for each in arguments)
        return Rendered(f"{name}({inside})", type_ or arguments[0].type)

    return renderer


def _json_path(arrow: str, type_: str) -> Callable[[exp.Expr, Named], Rendered]:
    def renderer(node: exp.Expr, named: Named) -> Rendered:
        inner = render(node.this, named)
        steps = _steps(node.expression)
        if not inner.type.startswith("json") or not steps:
            raise NotRendered
        # Only the last arrow may give text.
        arrows = ["->"] * (len(steps) - 1) + [arrow]
        path = " ".join(f"{a} {step}" for a, step in zip(arrows, steps, strict=True))
        return Rendered(f"({inner.sql} {path})", type_ or inner.type)

    return renderer


def _steps(path: exp.Expr) -> list[str]:
    if isinstance(path, exp.Literal):
        return [text_literal(str(path.this)) if path.is_string else str(path.this)]
    if not isinstance(path, exp.JSONPath):
        return []
    steps = []
    for step in path.expressions:
        if isinstance(step, exp.JSONPathRoot):
            continue
        if not isinstance(step, (exp.JSONPathKey, exp.JSONPathSubscript)):
            return []
        value = step.this
        steps.append(str(value) if isinstance(value, int) else text_literal(str(value)))
    return steps


def _json_hash(arrow: str, type_: str) -> Callable[[exp.Expr, Named], Rendered]:
    def renderer(node: exp.Expr, named: Named) -> Rendered:
        inner, path = render(node.this, named), literal_sql(node.expression)
        if path is None or not inner.type.startswith("json"):
            raise NotRendered
        return Rendered(f"({inner.sql} {arrow} {path})", type_ or inner.type)

    return renderer


def _time_zone(node: exp.Expr, named: Named) -> Rendered:
    inner, zone = render(node.this, named), literal_sql(node.args["zone"])
    if zone is None or not inner.type.startswith("timestamp"):
        raise NotRendered
    type_ = "timestamp with time zone" if _without_zone(inner.type) else "timestamp"
    return Rendered(f"({inner.sql} AT TIME ZONE {zone})", type_)


def _truncated(node: exp.Expr, named: Named) -> Rendered:
    inner = render(node.this, named)
    if not _without_zone(inner.type) or node.args.get("zone"):
        raise NotRendered
    return Rendered(f"DATE_TRUNC('{node.args['unit'].name.lower()}', {inner.sql})", "timestamp")


def _extracted(node: exp.Expr, named: Named) -> Rendered:
    inner = render(node.expression, named)
    if inner.type != "date" and not _without_zone(inner.type):
        raise NotRendered
    return Rendered(f"EXTRACT({node.this.name} FROM {inner.sql})", "numeric")


def _arithmetic(sign: str) -> Callable[[exp.Expr, Named], Rendered]:
    def renderer(node: exp.Expr, named: Named) -> Rendered:
        left, right = render(node.this, named), render(node.expression, named)
        if any(side.type.startswith(_TIME_TYPES) for side in (left, right)):
            raise NotRendered
        return Rendered(f"({left.sql} {sign} {right.sql})", left.type or right.type)

    return renderer


def _concatenated(node: exp.Expr, named: Named) -> Rendered:
    left, right = render(node.this, named), render(node.expression, named)
    for side in (left, right):
        if side.type and not side.type.startswith(("text", "varchar", "character varying")):
            raise NotRendered
    return Rendered(f"({left.sql} || {right.sql})", "text")


def _search_vector(node: exp.Expr, named: Named) -> Rendered:
    arguments = node.expressions
    # Without a configuration it depends on a setting of the session.
    if str(node.this).lower() != "to_tsvector" or len(arguments) != 2:
        raise NotRendered
    name = literal_sql(arguments[0])
    if name is None:
        raise NotRendered
    body = render(arguments[1], named)
    return Rendered(f"to_tsvector({name}::regconfig, {body.sql})", "tsvector")


def _operand(sql: str) -> str:
    return sql if re.fullmatch(r'"[^"]*"|\w+\(.*\)|\(.*\)', sql) else f"({sql})"


_RENDERERS: dict[type, Callable[[exp.Expr, Named], Rendered]] = {
    exp.Column: _column,
    exp.Literal: _constant,
    exp.Boolean: _constant,
    exp.Cast: _cast,
    exp.Upper: _function("UPPER", "text"),
    exp.Lower: _function("LOWER", "text"),
    exp.Length: _function("LENGTH", "integer"),
    exp.Abs: _function("ABS"),
    exp.Coalesce: _function("COALESCE"),
    exp.JSONExtract: _json_path("->", ""),
    exp.JSONExtractScalar: _json_path("->>", "text"),
    exp.JSONBExtract: _json_hash("#>", ""),
    exp.JSONBExtractScalar: _json_hash("#>>", "text"),
    exp.AtTimeZone: _time_zone,
    exp.TimestampTrunc: _truncated,
    exp.Extract: _extracted,
    exp.Add: _arithmetic("+"),
    exp.Sub: _arithmetic("-"),
    exp.Mul: _arithmetic("*"),
    exp.DPipe: _concatenated,
    exp.Anonymous: _search_vector,
}
