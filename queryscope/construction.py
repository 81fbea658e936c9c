"""From the line that evaluated a queryset to the line that built it, by reading the function.

A view builds a queryset and a template evaluates it while ``render()`` runs. Within one function
the way from the one to the other is followed through assignments. Where that is not certain, the
line that evaluated stays: it is true in any case.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from functools import lru_cache

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
#: Methods after which a chain is no queryset any more, and functions that take one object from it.
_ENDS = frozenset(
    {"get", "first", "last", "latest", "earliest", "create", "get_or_create", "update_or_create"}
    | {"count", "exists", "aggregate", "in_bulk", "values", "values_list", "update", "delete"}
    | {"bulk_create", "bulk_update"}
    | {"aget", "afirst", "alast", "acount", "aexists", "acreate"}
)
_SHORTCUTS = frozenset({"get_object_or_404", "aget_object_or_404", "len", "bool"})
_BINDINGS = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr, ast.For, ast.AsyncFor)


@lru_cache(maxsize=1024)
def built_at(
    file: str, line: int, owner: str | None, names: tuple[str, ...]
) -> tuple[int, str] | None:
    """The line of ``owner.name`` (of ``anything.name``, without) whose value reaches ``line``.

    Returned with the name. None where the function has no such expression, or several that might be
    the one.
    """
    function = _enclosing(_tree(file), line)
    if function is None:
        return None
    statements = list(_statements(function))
    evaluated = [s for s in statements if s.lineno <= line <= (s.end_lineno or s.lineno)]
    if not evaluated:
        return None
    used = _names(max(evaluated, key=lambda statement: statement.lineno))
    found = set()
    for statement in statements:
        for mention in _mentions(statement, owner, names):
            within = statement.lineno <= line <= (statement.end_lineno or statement.lineno)
            if within or used & _reached(statement, statements):
                found.add(mention)
    return found.pop() if len(found) == 1 else None


@lru_cache(maxsize=1024)
def built_in(
    file: str, line: int, owner: str | None, names: tuple[str, ...]
) -> tuple[int, str] | None:
    """The only line with ``owner.name`` in the function at ``line``; None otherwise."""
    function = _enclosing(_tree(file), line)
    if function is None:
        return None
    found = {m for s in _statements(function) for m in _mentions(s, owner, names)}
    return found.pop() if len(found) == 1 else None


@lru_cache(maxsize=64)
def _tree(file: str) -> ast.AST | None:
    try:
        return ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return None


def _enclosing(tree: ast.AST | None, line: int) -> ast.AST | None:
    inner: ast.AST | None = None
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, _FUNCTIONS) and node.lineno <= line <= (node.end_lineno or 0):
            inner = node
    return inner


def _statements(function: ast.AST) -> Iterator[ast.stmt]:
    """The simple statements of a function, and the heads of its loops and branches."""
    for node in ast.walk(function):
        if isinstance(node, ast.stmt) and node is not function:
            yield _head(node)


def _head(node: ast.stmt) -> ast.stmt:
    """A compound statement without its body, so that what it says is said once."""
    if not hasattr(node, "body"):
        return node
    parts = [
        value
        for name, value in ast.iter_fields(node)
        if isinstance(value, ast.expr) and name in ("iter", "test", "subject")
    ]
    if isinstance(node, (ast.For, ast.AsyncFor)):
        head: ast.stmt = ast.Assign(targets=[node.target], value=node.iter)
    elif isinstance(node, (ast.With, ast.AsyncWith)):
        head = ast.Expr(ast.Tuple([item.context_expr for item in node.items], ast.Load()))
    else:
        head = ast.Expr(ast.Tuple(parts, ast.Load()))
    end = max((part.end_lineno or node.lineno for part in parts), default=node.lineno)
    head.lineno, head.end_lineno = node.lineno, end
    return head


def _mentions(
    statement: ast.stmt, owner: str | None, names: tuple[str, ...]
) -> Iterator[tuple[int, str]]:
    parents = {child: node for node in ast.walk(statement) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(statement):
        if not isinstance(node, ast.Attribute) or node.attr not in names:
            continue
        base = node.value
        called = getattr(base, "id", None) or getattr(base, "attr", None)
        if (owner is None or called == owner) and _stays_queryset(node, parents):
            yield node.lineno, node.attr


def _stays_queryset(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether the chain that starts at a manager ends in rows, not in one object or a number."""
    while True:
        parent = parents.get(node)
        if isinstance(parent, ast.Attribute):
            if parent.attr in _ENDS:
                return False
        elif isinstance(parent, ast.Subscript) and parent.value is node:
            if not isinstance(parent.slice, ast.Slice):
                return False
        elif isinstance(parent, ast.Call) and parent.func is not node:
            name = getattr(parent.func, "id", None) or getattr(parent.func, "attr", "")
            return name not in _SHORTCUTS
        elif not isinstance(parent, (ast.Call, ast.Await)):
            return True
        node = parent


def _reached(start: ast.stmt, statements: list[ast.stmt]) -> set[str]:
    """Names that hold what a statement computed, or something made from it."""
    reached = _targets(start)
    grown = True
    while grown:
        before = len(reached)
        for statement in statements:
            if statement is not start and reached & _names(statement):
                reached |= _targets(statement)
        grown = len(reached) > before
    return reached


def _targets(statement: ast.stmt) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, _BINDINGS):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                found |= {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
    return found


def _names(statement: ast.stmt) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
