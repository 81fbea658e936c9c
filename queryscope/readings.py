"""How code reads a related manager: the calls it narrows it with, read from its source.

What stands in the code can be pasted elsewhere where it names nothing of the row it is read for.
The values that a query ran with are never taken: they are the application's, not ours to show.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from django.db.models.manager import BaseManager

from .chains import ENDINGS, VALUES, Chain, chain_at, method_name, plain_name, scope_of
from .core.events import Relation
from .core.sightings import Reading
from .places import Place

#: Methods of a queryset that a prefetch cannot take over.
_FOREIGN = frozenset(
    {"raw", "union", "intersection", "difference", "dates", "datetimes", "in_bulk", "using"}
    | {"select_for_update", "aggregate", "contains", "values", "values_list", "alias"}
    | {"latest", "earliest", "only", "defer", "none", "iterator", "explain", "extra"}
)
#: What is asked in the end of a manager, which no list of rows answers.
_ELSE = frozenset({"aggregate", "contains", "in_bulk", "latest", "earliest"})
#: Expressions that mean something else from where a condition is moved to.
_SEEN_FROM = frozenset({"F", "OuterRef", "Exists", "Subquery"})
#: What may follow a column's own name in a condition.
_LOOKUPS = frozenset(
    {"exact", "iexact", "contains", "icontains", "in", "gt", "gte", "lt", "lte", "isnull", "range"}
    | {"startswith", "istartswith", "endswith", "iendswith", "regex", "iregex"}
    | {"date", "year", "month", "day", "week_day", "hour", "minute", "time"}
)
_LONGEST_NAME = 30


def reading_of(
    place: Place | None, relation: Relation, owner: Any, target: Any, operation: str
) -> Reading:
    """How the manager of ``relation`` was read at ``place`` for a row of the model ``owner``.

    ``target`` is the model of the related rows.
    """
    asked = operation if operation in ENDINGS else ""
    if operation in _ELSE:
        place = None  # The line that narrows it is not the one that asks.
    try:
        return _of_code(place, relation, owner, target, asked)
    except RecursionError:  # an expression deeper than the interpreter reads
        return _named(Reading(ending=asked), owner, relation, "")


def _of_code(
    place: Place | None, relation: Relation, owner: Any, target: Any, asked: str
) -> Reading:
    chain = chain_at(place, relation.name) if place is not None else None
    found = _read(chain, relation.query_name, target, asked) if chain is not None else None
    if found is None or chain is None:
        before = _source(chain.manager.value) if chain is not None else ""
        return _named(Reading(owner=before, ending=asked), owner, relation, "", _manages(target))
    return _named(found, owner, relation, _adjective(found, chain), _manages(target))


def _manages(target: Any) -> bool:
    """Whether the related manager leaves out rows that a join would count."""
    return type(target._default_manager).get_queryset is not BaseManager.get_queryset


def _read(chain: Chain, query_name: str, target: Any, asked: str) -> Reading | None:
    """None where a fix could not narrow in the same way, or ``asked`` is not what is written."""
    ending, scope = chain.ending, scope_of(chain)
    method = plain_name(method_name(ending)) if ending is not None else asked
    columns = _columns(ending, target) if ending is not None and method in VALUES else ()
    names = {plain_name(name) for name, _ in chain.narrowing}
    if (
        scope is None
        or columns is None
        or names & (ENDINGS | _FOREIGN)
        or not all(hasattr(target._default_manager, name) for name, _ in chain.narrowing)
        or (asked and method != asked)
        or (method in VALUES and "distinct" in names)
        or (chain.index is not None and (columns or not _is_constant(chain.index)))
    ):
        return None
    narrowing = "".join(f".{name}({_arguments(call)})" for name, call in chain.narrowing)
    limit = ""
    if method == "get" and ending is not None:
        narrowing += f".filter({_arguments(ending)})"
    elif method in ("first", "last"):
        ordered = bool(target._meta.ordering) or "order_by" in names
        narrowing, limit = narrowing + _order(method, ordered), "[:1]"
    elif chain.index is not None:
        method = f"[{ast.unparse(chain.index)}]"
        if isinstance(chain.index, ast.Slice):
            if not re.fullmatch(r"\[:\d+\]", method):
                return None
            method, limit = "", method
    return Reading(
        code=_source(chain.whole),
        owner=_source(chain.manager.value),
        narrowing=narrowing,
        limit=limit,
        ending="" if method == "iterator" else method,
        columns=columns,
        flat=ending is not None and any(k.arg == "flat" for k in ending.keywords),
        conditions=_conditions(chain.narrowing, query_name),
        scope=scope[0],
        since=scope[1],
    )


def _order(method: str, ordered: bool) -> str:
    """The order in which ``first()`` and ``last()`` look."""
    if method == "first":
        return "" if ordered else '.order_by("pk")'
    return ".reverse()" if ordered else '.order_by("-pk")'


def _arguments(call: ast.Call) -> str:
    return ", ".join(_source(node) for node in (*call.args, *call.keywords))


def _source(node: ast.AST) -> str:
    """The code of a node on one line, with double quotes as formatters write them."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = repr(node.value)
        return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in text else text
    if isinstance(node, ast.keyword):
        return f"{node.arg}={_source(node.value)}" if node.arg else f"**{_source(node.value)}"
    if isinstance(node, ast.Call):
        return f"{_source(node.func)}({_arguments(node)})"
    if isinstance(node, ast.Attribute):
        return f"{_source(node.value)}.{node.attr}"
    if isinstance(node, ast.Subscript):
        return f"{_source(node.value)}[{_source(node.slice)}]"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
        return f"~{_source(node.operand)}"
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitOr, ast.BitAnd)):
        sign = "|" if isinstance(node.op, ast.BitOr) else "&"
        return " ".join((_operand(node.left), sign, _operand(node.right)))
    return ast.unparse(node)


def _operand(node: ast.AST) -> str:
    return f"({_source(node)})" if isinstance(node, ast.BinOp) else _source(node)


def _columns(call: ast.Call, target: Any) -> tuple[str, ...] | None:
    """The attributes with what ``values()`` names; None where these are not the rows' own."""
    flat = [getattr(k.value, "value", None) for k in call.keywords if k.arg == "flat"]
    if len(flat) < len(call.keywords) or flat not in ([], [True]) or not call.args:
        return None
    attributes = {"pk": "pk"}
    for field in target._meta.concrete_fields:
        attributes |= {field.name: field.attname, field.attname: field.attname}
    names = [a.value if isinstance(a, ast.Constant) else None for a in call.args]
    found = tuple(attributes[name] for name in names if name in attributes)
    renamed = method_name(call) == "values" and found != tuple(names)
    return found if len(found) == len(names) and not renamed else None


def _is_constant(index: ast.expr) -> bool:
    return all(
        isinstance(node, (ast.Constant, ast.Slice, ast.Load, ast.UnaryOp, ast.USub))
        for node in ast.walk(index)
    )


def _conditions(narrowing: tuple[tuple[str, ast.Call], ...], query_name: str) -> str:
    """The filters as one ``Q`` on the owner's rows; empty where none says the same."""
    calls = [(name, call) for name, call in narrowing if name not in ("order_by", "distinct")]
    parts = [part for name, call in calls for part in _q_parts(name, call, f"{query_name}__")]
    negated = any(name == "exclude" for name, _ in calls) or any("~" in part for part in parts)
    # Filters one after the other, and negations, may each take another row further on.
    further = any(_spans(k.arg) for _, call in calls for k in _keywords(call))
    # What it is related to may be many, and count a row as often.
    distinct = any(name == "distinct" for name, _ in narrowing)
    if "" in parts or (further and (len(calls) > 1 or negated or not distinct)):
        return ""
    return " & ".join(parts)


def _q_parts(name: str, call: ast.Call, prefix: str) -> Iterator[str]:
    """The conditions of one call; empty ones where they cannot be told."""
    if name not in ("filter", "exclude") or (name == "exclude" and call.args):
        yield ""
    for argument in call.args:
        yield _prefixed(argument, prefix)
    if call.keywords:
        # An F would name another row from there, a "_connector" is no name at all.
        named = (getattr(n, "id", "") for k in call.keywords for n in ast.walk(k.value))
        known = (
            all(k.arg and k.arg[0] != "_" for k in call.keywords) and not set(named) & _SEEN_FROM
        )
        text = ", ".join(f"{prefix}{_source(keyword)}" for keyword in call.keywords)
        yield f"{'~' if name == 'exclude' else ''}Q({text})" if known else ""


def _prefixed(node: ast.AST, prefix: str) -> str:
    """A ``Q`` with its names seen from the owner's rows; empty where it is more than that."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
        text = _prefixed(node.operand, prefix)
        return text and f"~{text}"
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitOr, ast.BitAnd)):
        left, right = _prefixed(node.left, prefix), _prefixed(node.right, prefix)
        sign = "|" if isinstance(node.op, ast.BitOr) else "&"
        return f"({left} {sign} {right})" if left and right else ""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Q" and node.keywords:
        parts = tuple(_q_parts("filter", node, prefix))
        return parts[0] if len(parts) == 1 else ""
    return ""


def _keywords(call: ast.Call) -> Iterator[ast.keyword]:
    return (node for node in ast.walk(call) if isinstance(node, ast.keyword))


def _spans(name: str | None) -> bool:
    """Whether a condition is on what the related rows are related to."""
    return any(part not in _LOOKUPS for part in (name or "").split("__")[1:])


def _adjective(reading: Reading, chain: Chain) -> str:
    """A word for what is left: "done" of ``.filter(status="done")``; empty when nothing says so."""
    first = reading.ending if reading.ending in ("first", "last") else ""
    words = [first or re.sub(r"^\[:", "first_", reading.limit)]
    calls = list(chain.narrowing)
    if reading.ending == "get" and chain.ending is not None:
        calls.append(("get", chain.ending))
    words += (word for name, call in calls for word in _words(name, call))
    text = _slug("_".join(words))
    return text if len(text) <= _LONGEST_NAME else text[:_LONGEST_NAME].rpartition("_")[0]


def _words(name: str, call: ast.Call) -> Iterator[str]:
    if name in ("exclude", "order_by"):
        yield "not" if name == "exclude" else "by"
    elif name not in ("filter", "get"):
        yield name
    for argument in call.args:
        text = _source(argument)
        yield f"{text}_desc" if text.startswith('"-') else text
    for keyword in call.keywords:
        value, field = keyword.value, (keyword.arg or "").removeprefix("is_")
        if isinstance(value, ast.Attribute):
            yield value.attr
        elif isinstance(value, ast.Constant) and isinstance(value.value, bool):
            yield field if value.value else f"not_{field}"
        else:
            text = _slug(_source(value))
            yield (
                text
                if text[:1].isalpha() and isinstance(value, ast.Constant)
                else f"{field}_{text}"
            )


def _slug(text: str) -> str:
    return re.sub(r"[\W_]+", "_", text).strip("_").lower()


def _named(
    reading: Reading, owner: Any, relation: Relation, adjective: str, manages: bool = False
) -> Reading:
    """The reading with names that are free on the class of the rows that get them."""
    taken = _taken(owner)

    def free(name: str) -> str:
        return name if name not in taken else f"loaded_{name}"

    before = f"{adjective}_" if adjective else ""
    rows = before or "loaded_"
    return replace(
        reading,
        rows=free(f"{rows}{relation.name}"),
        count=free(f"{before}{relation.query_name}_count"),
        exists=free(f"has_{before}{relation.query_name}"),
        manages=manages,
    )


@lru_cache(maxsize=256)
def _taken(owner: Any) -> frozenset[str]:
    """Names that a model's rows have already."""
    fields = owner._meta.get_fields()
    names = {name for field in fields for name in (field.name, getattr(field, "attname", ""))}
    return frozenset(names.union(*(vars(cls) for cls in owner.__mro__)))
