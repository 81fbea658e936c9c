"""SQL -> :class:`Statement`, by sqlglot."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Literal

import sqlglot
from sqlglot import exp

from .conditions import add_conditions
from .constants import argument, array_items
from .fingerprint import Kind
from .predicates import Statement, UnreadableStatement, Write
from .queries import add_source, read_ctes, read_parts, read_query, read_sources
from .schema import Schema
from .scopes import Scope, Use

#: A longer statement is a bulk load or a dump: reading it would take seconds.
MAX_LENGTH = 300_000
_DIALECTS = {"postgresql": "postgres", "sqlite": "sqlite", "mysql": "mysql"}
_COMMENTS = re.compile(r"\A(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)++", re.DOTALL)
_READABLE = ("SELECT", "WITH", "INSERT", "REPLACE", "UPDATE", "DELETE", "VALUES", "TABLE", "(")


_KINDS: dict[type, Kind] = {exp.Insert: "insert", exp.Update: "update", exp.Delete: "delete"}


def read_statement(sql: str, schema: Schema) -> Statement:
    """What a complete statement, its values in it, asks of the schema's tables.

    Raises UnreadableStatement: one line that says why.
    """
    tree = _parsed(sql, _DIALECTS.get(schema.vendor, "postgres"))
    scope = Scope(schema, [], [])
    try:
        write = _read(tree, scope)
        uses = tuple(use.frozen() for use in scope.uses)
    except RecursionError:
        raise UnreadableStatement("the statement is nested too deeply") from None
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, UnreadableStatement):
            raise
        # The tree of half a statement lacks parts that every whole one has.
        raise UnreadableStatement(f"the parser left it incomplete ({_one_line(error)})") from None
    unknown = tuple(dict.fromkeys(scope.unknown))
    kind = write.kind if write else _KINDS.get(type(tree), "select")
    return Statement(kind, uses, write, unknown)


def _parsed(sql: str, dialect: str) -> exp.Expr:
    if len(sql) > MAX_LENGTH:
        raise UnreadableStatement(f"the statement is longer than {MAX_LENGTH:,} characters")
    words = _COMMENTS.sub("", sql, count=1).split(None, 1)
    if not words or not words[0].upper().startswith(_READABLE):
        raise UnreadableStatement(f"{words[0][:20] if words else 'an empty text'!r} reads no table")
    logger = logging.getLogger("sqlglot")
    level = logger.level
    try:
        # What it cannot read it logs besides; that would end on the user's terminal.
        logger.setLevel(logging.CRITICAL)
        trees = [each for each in sqlglot.parse(sql, dialect=dialect) if each is not None]
    except RecursionError:
        raise UnreadableStatement("the statement is nested too deeply") from None
    except Exception as error:  # A parser that is given any text at all fails in many ways.
        raise UnreadableStatement(_one_line(error)) from None
    finally:
        logger.setLevel(level)
    if len(trees) != 1:
        raise UnreadableStatement(f"{len(trees)} statements in one text")
    if isinstance(trees[0], exp.Command):
        raise UnreadableStatement("the parser does not know this syntax")
    return trees[0]


def _one_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:200].rstrip(". ")


def _read(tree: exp.Expr, scope: Scope) -> Write | None:
    if isinstance(tree, exp.Insert):
        return _insert(tree, scope)
    if isinstance(tree, exp.Update):
        return _update(tree, scope)
    if isinstance(tree, exp.Delete):
        return _delete(tree, scope)
    if not isinstance(tree, (exp.Query, exp.Values)):
        raise UnreadableStatement(f"{tree.key.upper()} reads no table")
    read_query(tree, scope)
    return _write_in_cte(tree, scope)


def _write_in_cte(tree: exp.Expr, scope: Scope) -> Write | None:
    with_ = argument(tree, "with")
    bodies = [each.this for each in with_.expressions] if isinstance(with_, exp.With) else []
    writes = [_read(body, scope) for body in bodies if not isinstance(body, exp.Query)]
    return next((write for write in writes if write), None)


def _insert(tree: exp.Insert, around: Scope) -> Write | None:
    scope = around.child()
    read_ctes(tree, scope)
    target = tree.this
    columns = [each.name for each in target.expressions] if isinstance(target, exp.Schema) else []
    table = target.this if isinstance(target, exp.Schema) else target
    source = tree.expression
    rows = None
    if isinstance(source, exp.Values):
        rows = len(source.expressions)
    elif isinstance(source, exp.Query):
        read_query(source, scope)
        rows = _unnested(source)
    return _write("insert", table, scope, columns, rows)


def _unnested(source: exp.Query) -> int | None:
    """Rows of ``SELECT * FROM UNNEST(array, …)``, which is how Django inserts many."""
    from_ = argument(source, "from")
    unnest = from_.this if isinstance(from_, exp.From) else None
    if not isinstance(unnest, exp.Unnest) or not unnest.expressions:
        return None
    items = array_items(unnest.expressions[0])
    return None if items is None else len(items)


def _update(tree: exp.Update, around: Scope) -> Write | None:
    scope = _target(tree, around)
    read_sources(tree, scope)
    columns: list[str] = []
    for setting in tree.expressions:
        left = setting.this
        names = left.expressions if isinstance(left, exp.Tuple) else [left]
        columns += [each.name for each in names]
        if isinstance(setting.expression, exp.Expression):
            read_parts(setting.expression, scope)
    _add_where(tree, scope)
    return _write("update", tree.this, scope, columns)


def _delete(tree: exp.Delete, around: Scope) -> Write | None:
    scope = _target(tree, around)
    for source in tree.args.get("using") or ():
        add_source(source, scope)
    _add_where(tree, scope)
    return _write("delete", tree.this, scope)


def _target(tree: exp.Expr, around: Scope) -> Scope:
    scope = around.child()
    read_ctes(tree, scope)
    add_source(tree.this, scope)
    for source in scope.sources.values():
        if isinstance(source, Use):
            # The row itself is changed: no index can spare the visit to it.
            source.whole_row = True
    return scope


def _add_where(tree: exp.Expr, scope: Scope) -> None:
    where = tree.args.get("where")
    if where is not None:
        add_conditions(where.this, scope)
        read_parts(where, scope)


def _write(
    kind: Literal["insert", "update", "delete"],
    target: exp.Expr,
    scope: Scope,
    columns: Iterable[str] = (),
    rows: int | None = None,
) -> Write | None:
    """None where the table is not one of the schema's."""
    table = scope.schema_table(target.name, target.text("db"))
    if table is None:
        scope.unknown.append(target.name)
        return None
    return Write(kind, table.name, table.schema, frozenset(columns), rows)
