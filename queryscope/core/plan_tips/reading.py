"""SQL of statements and of plans' conditions, parsed; None for what cannot be."""

from __future__ import annotations

import re
from collections.abc import Mapping

import sqlglot
from sqlglot import exp

from ..fingerprint import masked, statement_kind

#: Lists of thousands of values take seconds to parse and tell nothing that a few would not.
_LONGEST = 20_000
_READ = frozenset({"select", "insert", "update", "delete"})
#: "(hashed SubPlan 1)", "(InitPlan 2).col1": a value that is known when the plan runs.
_SUBPLAN = re.compile(
    r"\((?:(?:hashed|rescan|alternatives:) )?(?:SubPlan|InitPlan) [^()]*\)(?:\.col\d+)?"
)
_DRIVER_PLACEHOLDER = re.compile(r"%(?:s|\(\w+\)s)")


def parsed_condition(text: str, dialect: str) -> exp.Expression | None:
    """A condition as a plan words it."""
    return _parsed(_SUBPLAN.sub("($0)", text), dialect)


def parsed_statement(sql: str, dialect: str) -> exp.Expression | None:
    """A whole statement, masked or not."""
    # sqlglot logs a warning for statements that it does not know.
    if statement_kind(masked(sql)) not in _READ:
        return None
    tree = _parsed(sql, dialect)
    return tree or _parsed(_DRIVER_PLACEHOLDER.sub("?", sql), dialect)


def _parsed(text: str, dialect: str) -> exp.Expression | None:
    if not text.strip() or len(text) > _LONGEST:
        return None
    try:
        tree = sqlglot.parse_one(text, dialect=dialect)
    except (sqlglot.errors.SqlglotError, RecursionError):
        return None
    return tree if isinstance(tree, exp.Expression) else None


def bare(tree: exp.Expression) -> exp.Expression:
    """Without the parentheses around it."""
    while isinstance(tree, exp.Paren):
        tree = tree.this
    return tree


def conjuncts(tree: exp.Expression) -> tuple[exp.Expression, ...]:
    """The conditions that must all hold."""
    found: list[exp.Expression] = []
    todo = [tree]
    while todo:
        node = bare(todo.pop())
        if isinstance(node, exp.And):
            todo += [node.expression, node.this]
        else:
            found.append(node)
    return tuple(found)


def tables_by_alias(tree: exp.Expression | None) -> Mapping[str, str]:
    """Tables by what they are called; an alias that stands for two of them is left out."""
    found: dict[str, str] = {}
    ambiguous = set()
    for table in tree.find_all(exp.Table) if tree is not None else ():
        if found.setdefault(table.alias_or_name, table.name) != table.name:
            ambiguous.add(table.alias_or_name)
    return {alias: name for alias, name in found.items() if alias not in ambiguous}


def select_of(tree: exp.Expression | None, alias: str) -> exp.Select | None:
    """The one SELECT that reads a table by this name; None where there are several."""
    if tree is None:
        return None
    found = [
        select
        for select in tree.find_all(exp.Select)
        if any(table.alias_or_name == alias for table in sources(select))
    ]
    return found[0] if len(found) == 1 else None


def sources(select: exp.Select) -> tuple[exp.Table, ...]:
    """The tables that stand in its own FROM and JOINs, without those of subqueries."""
    # Its name is "from" in versions of sqlglot before 28.
    clause = select.args.get("from_") or select.args.get("from")
    joined = [join.this for join in select.args.get("joins") or ()]
    named = [clause.this, *joined] if clause is not None else joined
    return tuple(table for table in named if isinstance(table, exp.Table))
