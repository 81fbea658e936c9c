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

    Empty unless the function does nothing else with the object, so that these are all that changes:
    a list that is short by one would lose what the other held.
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
    if _is_given(function, name):
        return ()
    above = {child: node for node in ast.walk(function) for child in ast.iter_child_nodes(node)}
    found: list[str] = []
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id == name:
            assigned = _use(node, above)
            if assigned is None:
                return ()
            found += assigned
    return tuple(dict.fromkeys(found))


def _is_given(function: ast.AST, name: str) -> bool:
    """Whether another function, or another loop over the same rows, may have changed it before."""
    heads = [node for node in ast.walk(function) if isinstance(node, (ast.For, ast.AsyncFor))]
    rows = [ast.unparse(head.iter) for head in heads]
    again = any(rows.count(row) > 1 for row in rows)
    return again or any(isinstance(n, ast.arg) and n.arg == name for n in ast.walk(function))


def _use(node: ast.Name, above: dict[ast.AST, ast.AST]) -> list[str] | None:
    """The attribute that one mention of the object assigns, if any; None where it may do more."""
    outer = above.get(node)
    if isinstance(node.ctx, ast.Store):
        return [] if isinstance(outer, (ast.For, ast.AsyncFor, ast.Tuple, ast.Assign)) else None
    if isinstance(outer, (ast.Return, ast.Yield)):
        return []
    if not isinstance(outer, ast.Attribute):
        return None
    further = above.get(outer)
    if isinstance(outer.ctx, ast.Store):
        while isinstance(further, (ast.Tuple, ast.List)):
            further = above.get(further)
        direct = isinstance(further, (ast.Assign, ast.AugAssign, ast.AnnAssign))
        return [outer.attr] if direct else None
    if isinstance(further, ast.Call) and further.func is outer:
        return [] if outer.attr in _SAVES else None
    if outer.attr.startswith("__") or isinstance(further, ast.Subscript):
        return None
    # What a field holds may be changed by a method that is called for its effect.
    held: ast.AST = outer
    while isinstance(further, ast.Attribute) or (
        isinstance(further, ast.Call) and further.func is held
    ):
        held, further = further, above.get(further)
    return None if isinstance(further, ast.Expr) else []
