"""Finds the calls that code makes on a related manager, and which names they depend on."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from .construction import FUNCTIONS, built_at, enclosing
from .places import Place, Span

#: Methods that ask for something else than objects, and end a chain.
VALUES = frozenset({"values", "values_list"})
ENDINGS = frozenset({"count", "exists", "first", "last", "get"}) | VALUES
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

#: Calls whose value a loop does not change.
_CONSTANT = frozenset(
    {"Q", "F", "Value", "Now", "now", "today", "localdate", "localtime", "timedelta"}
    | {"date", "datetime", "list", "tuple", "set"}
)

Parents = dict[ast.AST, ast.AST]


@dataclass(frozen=True, slots=True)
class Chain:
    """``book.reviews`` and what is called on it, in the function it stands in."""

    manager: ast.Attribute
    narrowing: tuple[tuple[str, ast.Call], ...]
    ending: ast.Call | None
    index: ast.expr | None
    whole: ast.AST
    above: Parents
    file: str
    function: str

    @property
    def gets(self) -> bool:
        """Whether it asks for one object, or else raises."""
        return self.ending is not None and plain_name(method_name(self.ending)) == "get"


def chain_at(place: Place, name: str) -> Chain | None:
    """The only chain of calls on a manager in the expression that ran, or where it was built."""
    if place.code is None:
        return None
    file, line, function = place.code
    found = _chains(file, name, place.span or (line, line, 0, 10_000), function)
    for where, at, caller in () if found else place.callers:
        if (built := built_at(where, at, None, (name,))) is not None:
            found = _chains(where, name, (built[0], built[0], 0, 10_000), caller)
            break
    return found[0] if len(found) == 1 else None


def _chains(file: str, name: str, span: Span, qualname: str) -> list[Chain]:
    first, last, start, end = span
    function = enclosing(file, first)
    above = _parents(function) if function is not None else {}
    found = [
        _chain(node, above, file, qualname)
        for node in above
        if isinstance(node, ast.Attribute)
        and node.attr == name
        and (first, start) <= (node.lineno, node.col_offset)
        and (node.end_lineno or 0, node.end_col_offset or 0) <= (last, end)
    ]
    return [chain for chain in found if chain is not None]


@lru_cache(maxsize=64)
def _parents(function: ast.AST) -> Parents:
    """What each node of a function stands in."""
    return {child: node for node in ast.walk(function) for child in ast.iter_child_nodes(node)}


def _chain(manager: ast.Attribute, above: Parents, file: str, function: str) -> Chain | None:
    calls: list[tuple[str, ast.Call]] = []
    node: ast.AST = manager
    index: ast.expr | None = None
    while True:
        outer = above.get(node)
        if isinstance(outer, ast.Attribute):
            call = above.get(outer)
            if not isinstance(call, ast.Call) or call.func is not outer:
                return None
            calls.append((outer.attr, call))
            node = call
        elif isinstance(outer, ast.Subscript) and outer.value is node:
            node, index = outer, outer.slice
            if isinstance(above.get(node), (ast.Attribute, ast.Subscript)):
                return None  # more is asked of the slice
            break
        else:
            break
    if not calls:
        return None
    ending = calls.pop()[1] if plain_name(calls[-1][0]) in ENDINGS | {"iterator"} else None
    narrowing = tuple((name, call) for name, call in calls if name != "all" or call.args)
    return Chain(manager, narrowing, ending, index, node, above, file, function)


def plain_name(method: str) -> str:
    """ "acount" -> "count"."""
    return method[1:] if method[:1] == "a" and method[1:] in ENDINGS else method


def method_name(call: ast.Call) -> str:
    assert isinstance(call.func, ast.Attribute)
    return call.func.attr


def scope_of(chain: Chain) -> tuple[str, int] | None:
    """The function whose names the narrowing uses, and the line that binds the last of them.

    None where a name may be another for each row.
    """
    calls = [call for _, call in chain.narrowing]
    if chain.ending is not None and plain_name(method_name(chain.ending)) == "get":
        calls.append(chain.ending)
    used = {name for call in calls for name in _names(call)}
    around = list(_around(chain.manager, chain.above))
    repeated = (*_LOOPS, *_COMPREHENSIONS, ast.Lambda)
    changing = [node for node in around if isinstance(node, repeated)]
    if any(used & (set(_bound(node)) | _changed(node)) for node in changing):
        return None
    if any(_calls(call) for call in calls) or (chain.gets and _is_tried(around)):
        return None
    inner = next((node for node in around if isinstance(node, FUNCTIONS)), None)
    if any(used & set(_bound(outer)) for outer in _closures(chain.file, inner)):
        return None
    lines = [line for name, line in _bound(inner).items() if name in used] if inner else []
    return (chain.function, max(lines)) if lines else ("", 0)


def _closures(file: str, inner: ast.AST | None) -> Iterator[ast.AST]:
    """The functions around a function, inside out."""
    while isinstance(inner, FUNCTIONS):
        first = min(node.lineno for node in (inner, *inner.decorator_list))
        inner = enclosing(file, first - 1)
        if inner is not None:
            yield inner


def _names(call: ast.Call) -> Iterator[str]:
    for argument in (*call.args, *call.keywords):
        bound = {
            name
            for node in ast.walk(argument)
            if isinstance(node, (*_COMPREHENSIONS, ast.Lambda))
            for name in _bound(node)
        }
        for node in ast.walk(argument):
            if isinstance(node, ast.Name) and node.id not in bound:
                yield node.id


def _changed(node: ast.AST) -> set[str]:
    """Names of objects that a loop gives other attributes or items."""
    return {
        inner.value.id
        for inner in ast.walk(node)
        if isinstance(inner, (ast.Attribute, ast.Subscript))
        and isinstance(inner.ctx, (ast.Store, ast.Del))
        and isinstance(inner.value, ast.Name)
    }


def _calls(call: ast.Call) -> bool:
    """Whether an argument calls what may answer otherwise each time."""
    return any(
        isinstance(node, ast.Call)
        and (getattr(node.func, "id", None) or getattr(node.func, "attr", "")) not in _CONSTANT
        for argument in (*call.args, *call.keywords)
        for node in ast.walk(argument)
    )


def _is_tried(around: list[ast.AST]) -> bool:
    """Whether an exception of what is asked may be caught."""
    return any(isinstance(node, ast.Try) for node in around)


def _around(node: ast.AST, above: Parents) -> Iterator[ast.AST]:
    while (outer := above.get(node)) is not None:
        yield outer
        node = outer


@lru_cache(maxsize=256)
def _bound(node: ast.AST) -> dict[str, int]:
    """Names that a function, loop or comprehension binds, and the last line that does so."""
    found: dict[str, int] = {}
    for inner in ast.walk(node):
        name = getattr(inner, "name", None) or getattr(inner, "rest", None)
        if isinstance(name, str) and inner is not node:
            # Functions, classes, exceptions that are caught and what a pattern captures.
            found[name] = max(getattr(inner, "lineno", 0), found.get(name, 0))
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, (ast.Store, ast.Del)):
            found[inner.id] = max(inner.lineno, found.get(inner.id, 0))
        elif isinstance(inner, ast.arg):
            found.setdefault(inner.arg, 0)
        elif isinstance(inner, (ast.Import, ast.ImportFrom)):
            for alias in inner.names:
                found[(alias.asname or alias.name).partition(".")[0]] = inner.lineno
    return found
