"""From the line that evaluated a queryset to the line that built it, by reading the function.

A view builds a queryset and a template evaluates it while ``render()`` runs. Within one function
the way from the one to the other is followed through assignments. Where that is not certain, the
line that evaluated stays: it is true in any case.
"""

from __future__ import annotations

import ast
import linecache
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_Function = ast.FunctionDef | ast.AsyncFunctionDef
#: Methods after which a chain is no queryset any more, and functions that take one object from it.
_ENDS = frozenset(
    {"get", "first", "last", "latest", "earliest", "create", "get_or_create", "update_or_create"}
    | {"count", "exists", "aggregate", "in_bulk", "values", "values_list", "update", "delete"}
    | {"bulk_create", "bulk_update"}
    | {"aget", "afirst", "alast", "acount", "aexists", "acreate"}
)
_SHORTCUTS = frozenset({"get_object_or_404", "aget_object_or_404", "len", "bool"})
#: Functions that evaluate what they are given: what they return is no queryset.
_CONSUMERS = frozenset(
    {"list", "tuple", "set", "frozenset", "dict", "sorted", "sum", "min", "max", "any", "all"}
    | {"enumerate", "zip", "map", "filter", "iter", "next", "reversed"}
)
#: Calls whose keyword arguments end up in a template's context.
_CONTEXTS = frozenset({"dict", "update", "get_context_data"})
_BINDINGS = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr, ast.For, ast.AsyncFor)


@lru_cache(maxsize=1024)
def built_at(
    file: str, line: int, owner: str | None, names: tuple[str, ...]
) -> tuple[int, str] | None:
    """The line of ``owner.name`` (of ``anything.name``, without) whose value reaches ``line``.

    Returned with the name. None where the function has no such expression, or several that might be
    the one.
    """
    function = enclosing(file, line)
    if function is None:
        return None
    statements = _statements(function)
    evaluated = [s for s in statements if s.first <= line <= s.last]
    if not evaluated:
        return None
    used = max(evaluated, key=lambda statement: statement.first).names
    found = set()
    for statement in statements:
        for mention in _mentions(statement, owner, names):
            within = statement.first <= line <= statement.last
            if within or (not mention.consumed and used & _reached(statement, statements)):
                found.add((mention.node.lineno, mention.node.attr))
    return found.pop() if len(found) == 1 else None


@lru_cache(maxsize=1024)
def built_in(
    file: str, line: int, owner: str | None, names: tuple[str, ...]
) -> tuple[int, str] | None:
    """The only line with ``owner.name`` in the function at ``line``; None otherwise."""
    function = enclosing(file, line)
    if function is None:
        return None
    found = {
        (mention.node.lineno, mention.node.attr)
        for statement in _statements(function)
        for mention in _mentions(statement, owner, names)
        if not mention.consumed
    }
    return found.pop() if len(found) == 1 else None


@lru_cache(maxsize=1024)
def begun_at(
    file: str, line: int, owner: str | None, names: tuple[str, ...]
) -> tuple[int, str] | None:
    """The line and the name of the only ``owner.name`` in the innermost statement at ``line``."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    around = [
        head
        for node in _within(tree)
        if isinstance(node, ast.stmt)
        and (head := _head(node)).lineno <= line <= (head.end_lineno or head.lineno)
    ]
    if not around:
        return None
    innermost = max(around, key=lambda head: head.lineno)
    found = {(m.node.lineno, m.node.attr) for m in _mentions(_read(innermost), owner, names)}
    return found.pop() if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Given:
    """What a function puts into a template's context under one name.

    ``built`` is the line that built it and the manager, where that is certain; ``names`` are the
    names, attributes and texts in what it says there.
    """

    built: tuple[int, str] | None
    names: frozenset[str]


@lru_cache(maxsize=1024)
def given_as(
    file: str, line: int, key: str, owner: str | None, names: tuple[str, ...]
) -> Given | None:
    """What the function at ``line`` gives a template as ``key``; None where it does not name it."""
    function = enclosing(file, line)
    values = list(_values(function, key)) if function is not None else []
    if function is None or not values:
        return None
    inside = {node for value in values for node in ast.walk(value)}
    used = {node.id for node in inside if isinstance(node, ast.Name)}
    said = used | {node.attr for node in inside if isinstance(node, ast.Attribute)}
    said |= {n.value for n in inside if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    statements = _statements(function)
    found = {
        (mention.node.lineno, mention.node.attr)
        for statement in statements
        for mention in _mentions(statement, owner, names)
        if not mention.consumed
        and (mention.node in inside or used & _reached(statement, statements))
    }
    return Given(found.pop() if len(found) == 1 else None, frozenset(said))


def _values(function: ast.AST, key: str) -> Iterator[ast.expr]:
    """The expressions that may be in a context as ``key``."""
    for node in ast.walk(function):
        if isinstance(node, ast.Dict):
            for name, value in zip(node.keys, node.values, strict=True):
                if isinstance(name, ast.Constant) and name.value == key:
                    yield value
        elif isinstance(node, ast.Call):
            called = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
            if called == "locals":
                yield ast.Name(key, ast.Load())
            if called in _CONTEXTS:
                yield from (word.value for word in node.keywords if word.arg == key)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                index = target.slice if isinstance(target, ast.Subscript) else None
                if isinstance(index, ast.Constant) and index.value == key:
                    yield node.value


@lru_cache(maxsize=64)
def _functions(file: str) -> tuple[list[int], list[_Function]]:
    """The functions of a file in the order of their first lines, and these lines."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [], []
    found = [node for node in _within(tree) if isinstance(node, FUNCTIONS)]
    found.sort(key=lambda function: function.lineno)
    return [function.lineno for function in found], found


def named_at(file: str, first: int) -> int:
    """The line with the name of the function that begins, with its decorators, on ``first``."""
    for function in _functions(file)[1]:
        if first in (decorator.lineno for decorator in function.decorator_list):
            return function.lineno
    return first


def _within(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below one but for expressions: these hold no statement, and are most of a file."""
    pending = [node]
    for above in pending:
        below = [n for n in ast.iter_child_nodes(above) if not isinstance(n, ast.expr)]
        yield from below
        pending += below


def enclosing(file: str, line: int) -> _Function | None:
    """The innermost function around a line: the last that begins before it and ends after it."""
    lines, functions = _functions(file)
    for index in range(bisect_right(lines, line) - 1, -1, -1):
        if line <= (functions[index].end_lineno or 0):
            return functions[index]
    return None


@dataclass(frozen=True, slots=True)
class _Statement:
    """What one statement says: its lines, the names in it, those it binds, and its attributes."""

    node: ast.stmt
    first: int
    last: int
    names: frozenset[str]
    targets: frozenset[str]
    attributes: tuple[ast.Attribute, ...]


@lru_cache(maxsize=256)
def _statements(function: ast.AST) -> tuple[_Statement, ...]:
    """The simple statements of a function, and the heads of its loops and branches."""
    inner = (node for node in _within(function) if isinstance(node, ast.stmt))
    return tuple(_read(_head(node)) for node in inner)


def _read(node: ast.stmt) -> _Statement:
    names: set[str] = set()
    targets: set[str] = set()
    attributes: list[ast.Attribute] = []
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            names.add(inner.id)
        elif isinstance(inner, ast.Attribute):
            attributes.append(inner)
        elif isinstance(inner, _BINDINGS):
            for target in inner.targets if isinstance(inner, ast.Assign) else [inner.target]:
                targets |= {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
    last = node.end_lineno or node.lineno
    bound, named = frozenset(targets), frozenset(names)
    return _Statement(node, node.lineno, last, named, bound, tuple(attributes))


def _head(node: ast.stmt) -> ast.stmt:
    """A compound statement without its body, so that what it says is said once."""
    if not hasattr(node, "body"):
        return node
    parts = [
        value
        for name, value in ast.iter_fields(node)
        if isinstance(value, ast.expr) and name in ("iter", "test", "subject")
    ]
    bound: list[ast.expr] = []
    if isinstance(node, (ast.For, ast.AsyncFor)):
        bound = [node.target]
        # What it goes through is evaluated here, and is not what the target is.
        through = ast.Call(ast.Name("iter", ast.Load()), [node.iter], [])
        parts = [ast.copy_location(through, node.iter)]
    elif isinstance(node, (ast.With, ast.AsyncWith)):
        parts = [item.context_expr for item in node.items]
        bound = [item.optional_vars for item in node.items if item.optional_vars is not None]
    value = ast.Tuple(parts, ast.Load())
    head: ast.stmt = ast.Assign(targets=bound, value=value) if bound else ast.Expr(value)
    end = max((part.end_lineno or node.lineno for part in parts), default=node.lineno)
    head.lineno, head.end_lineno = node.lineno, end
    return head


@dataclass(frozen=True, slots=True)
class _Mention:
    """A manager that a statement names; ``consumed`` where the statement evaluates its rows."""

    node: ast.Attribute
    consumed: bool


def _mentions(
    statement: _Statement, owner: str | None, names: tuple[str, ...]
) -> Iterator[_Mention]:
    parents: dict[ast.AST, ast.AST] = {}
    for node in statement.attributes:
        base = node.value
        called = getattr(base, "id", None) or getattr(base, "attr", None)
        if node.attr not in names or (owner is not None and called != owner):
            continue
        parents = parents or {
            child: above
            for above in ast.walk(statement.node)
            for child in ast.iter_child_nodes(above)
        }
        consumed = _consumed(node, parents)
        if consumed is not None:
            yield _Mention(node, consumed)


def _consumed(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool | None:
    """Whether the chain that starts at a manager is evaluated on the spot.

    None where it ends in one object or a number rather than in rows.
    """
    while True:
        parent = parents.get(node)
        if isinstance(parent, ast.Attribute):
            if parent.attr in _ENDS:
                return None
        elif isinstance(parent, ast.Subscript) and parent.value is node:
            if not isinstance(parent.slice, ast.Slice):
                return None
        elif isinstance(parent, ast.Call) and parent.func is not node:
            name = getattr(parent.func, "id", None) or getattr(parent.func, "attr", "")
            return None if name in _SHORTCUTS else name in _CONSUMERS
        elif isinstance(parent, ast.comprehension):
            return parent.iter is node
        elif not isinstance(parent, (ast.Call, ast.Await)):
            return False
        node = parent


def _reached(start: _Statement, statements: tuple[_Statement, ...]) -> set[str]:
    """Names that hold what a statement computed, or something made from it."""
    reached = set(start.targets)
    grown = True
    while grown:
        before = len(reached)
        for statement in statements:
            if statement is not start and reached & statement.names:
                reached |= statement.targets
        grown = len(reached) > before
    return reached
