"""Constants of a statement as text, and the nodes of its tree without what stands around them."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from sqlglot import exp


def argument(node: exp.Expr, name: str) -> object:
    """An argument by its name; newer releases of sqlglot append "_" to Python's keywords."""
    value = node.args.get(f"{name}_")
    return node.args.get(name) if value is None else value


def bare(node: exp.Expr) -> exp.Expr:
    """Without the parentheses around it."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def constant(node: exp.Expr) -> str | None:
    """The text of a constant; None where it is known only to the database."""
    node = bare(node)
    read = _CONSTANTS.get(type(node))
    return None if read is None else read(node)


def _literal(node: exp.Expr) -> str | None:
    return str(node.this)


def _negative(node: exp.Expr) -> str | None:
    text = constant(node.this)
    return None if text is None else f"-{text}"


def _boolean(node: exp.Expr) -> str | None:
    return "true" if node.this else "false"


def _inner(node: exp.Expr) -> str | None:
    return constant(node.this)


def _upper(node: exp.Expr) -> str | None:
    text = constant(node.this)
    return None if text is None else text.upper()


def _lower(node: exp.Expr) -> str | None:
    text = constant(node.this)
    return None if text is None else text.lower()


def _joined(node: exp.Expr) -> str | None:
    left, right = constant(node.this), constant(node.expression)
    return None if left is None or right is None else left + right


def _shifted(node: exp.Expr) -> str | None:
    """A date or time plus or minus an interval: ``DATE '1994-01-01' + INTERVAL '3' MONTH``."""
    interval, text = bare(node.expression), constant(node.this)
    if text is None:
        return None
    if not isinstance(interval, exp.Interval) or interval.this is None:
        return _summed(node, text, constant(interval))
    unit = str(interval.args.get("unit") or "DAY").upper().rstrip("S")
    sign = -1 if isinstance(node, exp.Sub) else 1
    try:
        moment = datetime.datetime.fromisoformat(text)
        moved = _moved(moment, sign * int(constant(interval.this) or ""), unit)
    except (ValueError, OverflowError):
        return None
    return moved.date().isoformat() if len(text) <= 10 else moved.isoformat(sep=" ")


def _summed(node: exp.Expr, left: str, right: str | None) -> str | None:
    try:
        number = Decimal(right or "")
        return str(Decimal(left) + (-number if isinstance(node, exp.Sub) else number))
    except InvalidOperation:
        return None


def _moved(moment: datetime.datetime, amount: int, unit: str) -> datetime.datetime:
    if unit in ("MONTH", "YEAR"):
        months = moment.month - 1 + amount * (12 if unit == "YEAR" else 1)
        year, month = moment.year + months // 12, months % 12 + 1
        day = min(moment.day, calendar.monthrange(year, month)[1])
        return moment.replace(year=year, month=month, day=day)
    lengths = {"WEEK": "weeks", "DAY": "days", "HOUR": "hours", "MINUTE": "minutes"}
    return moment + datetime.timedelta(**{lengths.get(unit, "seconds"): amount})


_CONSTANTS: dict[type, Callable[[exp.Expr], str | None]] = {
    exp.Literal: _literal,
    exp.Neg: _negative,
    exp.Boolean: _boolean,
    exp.ByteString: _literal,
    exp.RawString: _literal,
    exp.Cast: _inner,
    exp.Upper: _upper,
    exp.Lower: _lower,
    exp.DPipe: _joined,
    exp.Add: _shifted,
    exp.Sub: _shifted,
}


def literal_sql(node: exp.Expr) -> str | None:
    """A constant as the condition of a partial index may hold it; None where it is not one."""
    node = bare(node)
    if isinstance(node, exp.Cast):
        return literal_sql(node.this)
    if isinstance(node, exp.Neg):
        inner = literal_sql(node.this)
        return None if inner is None else f"-{inner}"
    if isinstance(node, exp.Boolean):
        return "TRUE" if node.this else "FALSE"
    if isinstance(node, exp.Literal):
        return text_literal(str(node.this)) if node.is_string else str(node.this)
    return None


def text_literal(text: str) -> str:
    """A string in SQL."""
    return "'" + text.replace("'", "''") + "'"


def array_items(node: exp.Expr) -> list[exp.Expr] | None:
    """Elements of ``ARRAY[…]`` or of the literal ``'{…}'``; None where they are not known."""
    node = bare(node)
    while isinstance(node, exp.Cast):
        node = bare(node.this)
    if isinstance(node, exp.Array):
        return list(node.expressions)
    if isinstance(node, exp.Literal) and node.is_string:
        text = str(node.this)
        if text.startswith("{") and text.endswith("}") and '"' not in text and "\\" not in text:
            return [exp.Literal.string(item) for item in text[1:-1].split(",") if item]
    return None
