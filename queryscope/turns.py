"""What a turn of a loop does besides its query: why all of them cannot be made at once.

Only the source tells it. What is found here takes code away from a fix and never adds any.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import lru_cache

from .construction import enclosing

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_BLOCKS = (*_LOOPS, *_COMPREHENSIONS)
_READS = frozenset(
    {"count", "exists", "aggregate", "latest", "earliest", "first", "last"}
    | {"acount", "aexists", "aaggregate", "alatest", "aearliest", "afirst", "alast"}
)
_KEEPS = frozenset({"append", "add"})


def obstacle(callers: Iterable[tuple[str, int, str]], model: str, creates: bool) -> str:
    """Why the writes of a loop cannot wait for its end; empty where nothing shows it.

    ``callers`` run from the line that writes outwards; the first with a loop around it ends the
    search. "guarded": by try or atomic() in each turn; "while": the loop's end may hang on them;
    "used": the rows that it makes are read; "reads": it asks what was written before.
    """
    guarded = False
    for file, line, _ in callers:
        around = _around(file, line)
        loops = [index for index, node in enumerate(around) if _turns(node, line)]
        within = around[loops[-1] + 1 :] if loops else around
        guarded = guarded or any(_guards(node) for node in within)
        if loops and guarded:
            return "guarded"
        if loops:
            return _of_loop(around[loops[-1]], around[-1], model, creates)
    return ""


@lru_cache(maxsize=1024)
def waits(file: str, line: int) -> str:
    """ "test" for the condition of a while loop, "while" for a line in one, else empty."""
    for node in reversed(_around(file, line)):
        if isinstance(node, ast.While):
            last = node.test.end_lineno or node.test.lineno
            return "test" if node.test.lineno <= line <= last else "while"
        if _turns(node, line):
            return ""
    return ""


def is_asynchronous(file: str, line: int) -> bool:
    """Whether the function around a line is ``async def``."""
    return isinstance(enclosing(file, line), ast.AsyncFunctionDef)


@lru_cache(maxsize=1024)
def _around(file: str, line: int) -> tuple[ast.AST, ...]:
    """The function at a line and all statements and comprehensions around it, outermost first."""
    function = enclosing(file, line)
    return tuple(
        node
        for node in (ast.walk(function) if function is not None else ())
        if isinstance(node, (ast.stmt, *_COMPREHENSIONS))
        and node.lineno <= line <= (node.end_lineno or node.lineno)
    )


def _turns(node: ast.AST, line: int) -> bool:
    """Whether a node runs the line again and again."""
    if isinstance(node, (ast.For, ast.AsyncFor)):
        return node.body[0].lineno <= line <= (node.body[-1].end_lineno or line)
    return isinstance(node, _BLOCKS)


def _guards(node: ast.AST) -> bool:
    if isinstance(node, (ast.Try, ast.TryStar)):
        return bool(node.handlers)
    if isinstance(node, (ast.With, ast.AsyncWith)):
        return any(_mentions(item.context_expr, "atomic") for item in node.items)
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return any(_mentions(decorator, "atomic") for decorator in node.decorator_list)
    return False


def _mentions(node: ast.AST, name: str) -> bool:
    return any(
        getattr(inner, "attr", None) == name or getattr(inner, "id", None) == name
        for inner in ast.walk(node)
    )


def _of_loop(loop: ast.AST, statement: ast.AST, model: str, creates: bool) -> str:
    if isinstance(loop, ast.While):
        return "while"
    if creates and any(_is_read(loop, name) for name in _made(loop, statement)):
        return "used"
    turn = list(_turn(loop))
    if any(_asks(node) and (creates or _mentions(node, model)) for node in turn):
        return "reads"
    return ""


def _turn(loop: ast.AST) -> Iterator[ast.AST]:
    """All nodes of what each turn runs."""
    if isinstance(loop, (ast.For, ast.AsyncFor)):
        parts: list[ast.AST] = list(loop.body)
    elif isinstance(loop, ast.DictComp):
        parts = [loop.key, loop.value]
    else:
        parts = [getattr(loop, "elt", loop)]
    for part in parts:
        yield from ast.walk(part)


def _made(loop: ast.AST, statement: ast.AST) -> list[str]:
    """What holds the row that a turn makes, as the code spells it."""
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        bases = (each.value if isinstance(each, ast.Subscript) else each for each in targets)
        return [ast.unparse(each) for each in bases]
    value = getattr(statement, "value", None)
    call = value.value if isinstance(value, ast.Await) else value
    method = call.func if isinstance(call, ast.Call) else None
    if isinstance(method, ast.Attribute) and method.attr in ("save", "asave"):
        return [ast.unparse(method.value)]
    return []


def _is_read(loop: ast.AST, name: str) -> bool:
    """Whether a turn reads a name other than to keep it in a list, to set or save what it is."""
    harmless: set[int] = set()
    turn = list(_turn(loop))
    for node in turn:
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in _KEEPS:
            harmless.update(map(id, node.args))
        if isinstance(node, ast.Attribute):
            saves = node.attr in ("save", "asave")
            if saves or isinstance(node.ctx, ast.Store):
                harmless.add(id(node.value))
    return any(
        isinstance(node, (ast.Name, ast.Attribute))
        and isinstance(node.ctx, ast.Load)
        and id(node) not in harmless
        and ast.unparse(node) == name
        for node in turn
    )


def _asks(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    # A list counts, too: but what it is given.
    return node.func.attr in _READS and not (node.func.attr == "count" and node.args)
