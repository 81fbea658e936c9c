"""What the code says around the line that builds a queryset: read for watched recordings only.

Eager loading that is written elsewhere, in a manager say, serves others as well. And an attribute
that the same class or function names somewhere may be read there by another request.
"""

from __future__ import annotations

import ast
import linecache
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_EAGER = frozenset({"select_related", "prefetch_related"})
_PREFETCHES = frozenset({"Prefetch", "GenericPrefetch"})
_BLOCKS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class Spelled:
    """``lookups`` are all that is loaded eagerly, ``prefetches`` the names in Prefetch objects."""

    lookups: tuple[str, ...]
    prefetches: tuple[str, ...]
    mentioned: tuple[str, ...]


@lru_cache(maxsize=1024)
def spelled_at(file: str, line: int) -> Spelled:
    """What the function or statement at a line says, and what the whole definition mentions."""
    within = [node for node in _statements(file) if _covers(node, line)]
    if not within:
        return Spelled((), (), ())
    blocks = [node for node in within if isinstance(node, _BLOCKS)]
    functions = [node for node in blocks if not isinstance(node, ast.ClassDef)]
    said = functions[-1] if functions else within[-1]
    around = blocks[0] if blocks else said
    lookups = [name for call in _calls(said, _EAGER) for name in _strings(call)]
    lookups += [name for listed in _listed(said) for name in _strings(listed)]
    prefetches = [name for call in _calls(said, _PREFETCHES) for name in _strings(call)]
    lookups += prefetches
    attributes = (node.attr for node in ast.walk(around) if isinstance(node, ast.Attribute))
    return Spelled(tuple(lookups), tuple(prefetches), tuple(sorted(set(attributes))))


@lru_cache(maxsize=256)
def attributes_in(file: str) -> frozenset[str]:
    """All attributes that a file of the project names; tests are not what serves a request."""
    if os.path.basename(file).startswith(("test_", "conftest")):
        return frozenset()
    nodes = (node for statement in _statements(file) for node in ast.walk(statement))
    return frozenset(node.attr for node in nodes if isinstance(node, ast.Attribute))


@lru_cache(maxsize=256)
def attributes_of_template(source: str) -> frozenset[str]:
    """All that a template reads of something."""
    return frozenset(re.findall(r"\.([A-Za-z_]\w*)", source))


@lru_cache(maxsize=64)
def _statements(file: str) -> tuple[ast.stmt, ...]:
    """All statements of a file, outer ones before those within."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.stmt))


def _covers(node: ast.stmt, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _calls(node: ast.AST, names: frozenset[str]) -> Iterator[ast.Call]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            called = getattr(inner.func, "attr", None) or getattr(inner.func, "id", None)
            if called in names:
                yield inner


def _listed(node: ast.AST) -> Iterator[ast.expr]:
    """What a ModelAdmin joins."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assign) and any(
            getattr(target, "id", None) == "list_select_related" for target in inner.targets
        ):
            yield inner.value


def _strings(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner.value
