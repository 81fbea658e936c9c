"""What reading a function tells of a loop: where it begins, and which fields it sets before saving.

Where reading does not tell for certain, nothing is said.
"""

from __future__ import annotations

import ast
from functools import lru_cache

from .construction import enclosing

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SAVES = frozenset({"save", "asave"})


@lru_cache(maxsize=1024)
def loop_around(file: str, line: int) -> int | None:
    """The line on which the innermost loop or comprehension around a line begins."""
    function = enclosing(file, line)
    found = None
    for node in ast.walk(function) if function is not None else ():
        if isinstance(node, _LOOPS):
            first, last = node.body[0].lineno, node.body[-1].end_lineno
        elif isinstance(node, _COMPREHENSIONS) and _calls(node):
            first, last = node.lineno, node.end_lineno
        else:
            continue
        if first <= line <= (last or first):
            found = max(found or 0, node.lineno)
    return found


def _calls(node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> bool:
    """Whether each turn of a comprehension calls something."""
    parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    return any(isinstance(inner, ast.Call) for part in parts for inner in ast.walk(part))


@lru_cache(maxsize=1024)
def assigned_before_save(file: str, line: int) -> tuple[str, ...]:
    """Attributes that a function assigns to the object it saves on ``line``.

    Empty where anything else may change the object: it is handed on, or one of its methods called.
    """
    function = enclosing(file, line)
    if function is None:
        return ()
    saved = {
        call.func.value.id
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in _SAVES
        and isinstance(call.func.value, ast.Name)
        and call.lineno <= line <= (call.end_lineno or call.lineno)
    }
    if len(saved) != 1:
        return ()
    name = saved.pop()
    found: list[str] = []
    for node in ast.walk(function):
        if isinstance(node, ast.Expr) and _may_change(node.value, name):
            return ()
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [attribute for target in targets for attribute in _attributes(target, name)]
    return tuple(dict.fromkeys(found))


def _attributes(target: ast.AST, name: str) -> list[str]:
    return [
        node.attr
        for node in ast.walk(target)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == name
    ]


def _may_change(statement: ast.expr, name: str) -> bool:
    """Whether a call made for its effect gets the object, other than to save it."""
    call = statement.value if isinstance(statement, ast.Await) else statement
    if not isinstance(call, ast.Call):
        return False
    method = call.func
    owner = method.value if isinstance(method, ast.Attribute) else None
    if isinstance(method, ast.Attribute) and isinstance(owner, ast.Name) and owner.id == name:
        return method.attr not in _SAVES
    given = (*call.args, *(keyword.value for keyword in call.keywords))
    return any(isinstance(argument, ast.Name) and argument.id == name for argument in given)
