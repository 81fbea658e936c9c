"""What each numbered placeholder ($1) of a statement is compared with.

The grammar knows no placeholders everywhere that pg_stat_statements puts them (``INTERVAL $1``,
``EXTRACT($1 FROM x)``); it reads them as string literals instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from .fingerprint import tokens
from .predicates import UnreadableStatement
from .statements import placeholders, replaced

Kind = Literal[
    "equal",
    "lower",
    "upper",
    "prefix",
    "infix",
    "pattern",
    "limit",
    "single",
    "offset",
    "date-part",
    "zone",
    "key",
    "member",
    "document",
    "assigned",
    "other",
]

#: No "$", which begins a path of JSON.
_MARK = re.compile(r"queryscope_([0-9]+)")
_DATE_PART = re.compile(r"\b(?:EXTRACT|DATE_TRUNC|DATE_PART)\s*\(\s*\Z", re.IGNORECASE)
#: What takes a literal and nothing else: the server refuses a placeholder there.
_LITERAL = re.compile(
    r"\bEXTRACT\s*\(\s*\Z|\b(INTERVAL|DATE|TIMESTAMPTZ|TIMESTAMP|TIME)\s+\Z", re.IGNORECASE
)
_KINDS: dict[type[exp.Expr], Kind] = {
    exp.EQ: "equal",
    exp.NEQ: "equal",
    exp.NullSafeEQ: "equal",
    exp.NullSafeNEQ: "equal",
    exp.In: "equal",
    exp.GT: "lower",
    exp.GTE: "lower",
    exp.LT: "upper",
    exp.LTE: "upper",
    exp.Like: "prefix",
    exp.ILike: "infix",
    exp.SimilarTo: "infix",
    exp.RegexpLike: "pattern",
    exp.RegexpILike: "pattern",
    exp.ArrayContainsAll: "document",
    exp.ArrayContainedBy: "document",
    exp.ArrayOverlaps: "document",
    exp.JSONBContains: "document",
    exp.JSONExtract: "key",
    exp.JSONExtractScalar: "key",
    exp.JSONBExtract: "key",
    exp.JSONBExtractScalar: "key",
    exp.JSONBContainsTopKey: "key",
    exp.JSONBContainsAllTopKeys: "key",
    exp.JSONBContainsAnyTopKeys: "key",
    exp.Limit: "limit",
    exp.Fetch: "limit",
    exp.Offset: "offset",
    exp.AtTimeZone: "zone",
}
_OPPOSITE: dict[Kind, Kind] = {"lower": "upper", "upper": "lower"}
#: What stands between a value and what it is compared with, and changes little of it.
_AROUND = (
    *(exp.Paren, exp.Cast, exp.Neg, exp.Upper, exp.Lower, exp.Array),
    *(exp.Collate, exp.Escape, exp.JSONPath),
)
_EXTRACTS = (
    exp.JSONExtract,
    exp.JSONExtractScalar,
    exp.JSONBExtract,
    exp.JSONBExtractScalar,
)
_ANY = (exp.Any, exp.All)


@dataclass(frozen=True, slots=True)
class Role:
    """``table`` and ``column`` are those it is compared with, "" where it is no column.

    ``position`` counts the values of a list, ``path`` is the number of the key that a value of
    jsonb is taken at, ``folded`` tells that the statement asks for all cases of a text.
    """

    kind: Kind
    table: str = ""
    column: str = ""
    position: int = 0
    path: int = 0
    folded: bool = False


def roles(sql: str, dialect: str = "postgres") -> Mapping[int, Role]:
    """The role of each placeholder by its number. Raises UnreadableStatement."""
    found = {int(text[1:]): Role("other") for text in placeholders(sql) if text[0] == "$"}
    marked = replaced(sql, {f"${number}": f"'queryscope_{number}'" for number in found})
    try:
        tree = sqlglot.parse_one(marked, dialect=dialect)
    except (SqlglotError, RecursionError) as error:
        raise UnreadableStatement(str(error).partition("\n")[0]) from error
    for node in tree.find_all(exp.Literal, exp.JSONPathKey):
        number = _number(node)
        if number is not None:
            found[number] = _role(node)
    for number, before, _ in _numbered(sql):
        if _DATE_PART.search(before):
            found[number] = Role("date-part")
    return found


def literals(sql: str) -> Mapping[int, str]:
    """Placeholders where only a literal may stand, with the name of its type ("interval")."""
    found = ((number, _LITERAL.search(before)) for number, before, _ in _numbered(sql))
    return {number: (match[1] or "text").lower() for number, match in found if match}


def cast(sql: str) -> frozenset[int]:
    """Placeholders that the statement itself gives a type to: ``$1::date``."""
    return frozenset(number for number, _, after in _numbered(sql) if after == "::")


def _numbered(sql: str) -> Iterator[tuple[int, str, str]]:
    """The number of each placeholder, what stands before it, and the two characters after it."""
    for token in tokens(sql):
        if token.lastgroup == "placeholder" and token.group()[0] == "$":
            before = sql[max(0, token.start() - 40) : token.start()]
            yield int(token.group()[1:]), before, sql[token.end() : token.end() + 2]


def _number(node: exp.Expr) -> int | None:
    mark = _MARK.fullmatch(node.name)
    return int(mark[1]) if mark else None


def _role(literal: exp.Expr) -> Role:
    node, position = literal, 0
    while isinstance(node.parent, (*_AROUND, exp.Tuple, *_ANY)):
        if isinstance(node.parent, exp.Tuple):
            position = node.index or 0
        node = node.parent
    parent = node.parent
    if parent is None or isinstance(parent, (exp.Values, exp.Update)):
        return _assigned(literal, position)
    if isinstance(parent, exp.EQ) and isinstance(parent.parent, exp.Update):
        return _compared("assigned", parent.this, 0)
    if isinstance(parent, exp.Between):
        kind: Kind = "lower" if node.arg_key == "low" else "upper"
        return _compared(kind, parent.this, 0) if node.arg_key != "this" else Role("other")
    kind = _KINDS.get(type(parent), "other")
    if kind == "limit" and _asks_whether(parent.parent):
        return Role("single")
    if kind == "other" or isinstance(parent, (exp.Limit, exp.Fetch, exp.Offset, exp.AtTimeZone)):
        return Role(kind)
    if isinstance(parent, exp.In):
        return _compared(kind, parent.this, position or node.index or 0)
    if node.arg_key == "this":
        return _compared(_OPPOSITE.get(kind, kind), parent.expression, position)
    return _compared(kind, parent.this, position)


def _asks_whether(query: exp.Expr | None) -> bool:
    """Whether the query tells that there are rows, not which: SELECT 1 AS a ... LIMIT 1."""
    return isinstance(query, exp.Select) and all(
        isinstance(each.unalias(), exp.Literal) for each in query.selects
    )


def _assigned(literal: exp.Expr, position: int) -> Role:
    insert = literal.find_ancestor(exp.Insert)
    schema = insert.this if insert is not None else None
    if not isinstance(schema, exp.Schema) or position >= len(schema.expressions):
        return Role("other")
    return Role("assigned", _name(schema.this.this), _name(schema.expressions[position]))


def _compared(kind: Kind, other: exp.Expr | None, position: int) -> Role:
    folded = False
    if isinstance(other, exp.Tuple) and position < len(other.expressions):
        other, position = other.expressions[position], 0
    while isinstance(other, (*_AROUND, exp.AtTimeZone)):
        folded = folded or isinstance(other, (exp.Upper, exp.Lower))
        other = other.this
    path = 0
    while isinstance(other, _EXTRACTS):
        keys = other.expression.find_all(exp.Literal, exp.JSONPathKey)
        path = next((n for key in keys if (n := _number(key)) is not None), 0)
        # A value inside the document, not the document.
        kind = "member"
        other = other.this
    if isinstance(other, exp.Any):  # one of an array's elements
        other, kind = other.this.unnest(), "document"
    if not isinstance(other, exp.Column):
        return Role(kind if kind in ("key", "document") else "other")
    if kind == "prefix" and folded:
        kind = "infix"
    table, column = _source(other)
    return Role(kind, table, column, position, path, folded)


def _source(column: exp.Column) -> tuple[str, str]:
    """The table that a column comes from, and its name there; "" where it is not told."""
    qualifier, name = _name(column.args.get("table")), _name(column.this)
    scope: exp.Expr | None = column
    while scope is not None:
        scope = scope.find_ancestor(exp.Select, exp.Update, exp.Delete)
        sources = list(_sources(scope)) if scope is not None else []
        for alias, source in sources:
            if qualifier == alias or (not qualifier and len(sources) == 1):
                return _base(source, name)
    return "", ""


def _sources(scope: exp.Expr) -> Iterator[tuple[str, exp.Expr]]:
    nodes: list[exp.Expr] = []
    if isinstance(scope, exp.Select):
        nodes += [scope.args[key].this for key in ("from", "from_") if scope.args.get(key)]
        nodes += [join.this for join in scope.args.get("joins") or ()]
    else:
        nodes += [scope.this]
        clause = scope.args.get("from") or scope.args.get("from_")
        nodes += [clause.this] if clause else []
    for node in nodes:
        alias = node.args.get("alias")
        yield (_name(alias.this) if alias is not None else _name(node.this)), node


def _base(source: exp.Expr, name: str) -> tuple[str, str]:
    if isinstance(source, exp.Table):
        table = _name(source.this)
        query = _named_query(source, table)
        if query is None:
            return table, name
    else:
        query = source.this
    if isinstance(query, exp.Select):
        for projection in query.selects:
            inner = projection.unalias()
            if projection.alias_or_name == name and isinstance(inner, exp.Column):
                return _source(inner)
    return "", ""


def _named_query(table: exp.Expr, name: str) -> exp.Expr | None:
    """The WITH query of that name, seen from the table's place."""
    node: exp.Expr | None = table
    while node is not None:
        clause = node.args.get("with") or node.args.get("with_")
        for query in clause.expressions if clause is not None else ():
            if query.alias == name and query.find(exp.Table) is not table:
                found: exp.Expr = query.this
                return found
        node = node.parent
    return None


def _name(identifier: exp.Expr | None) -> str:
    """As the database knows it: without quotes, or else in lower case."""
    if identifier is None:
        return ""
    return identifier.name if identifier.args.get("quoted") else identifier.name.lower()
