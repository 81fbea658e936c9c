"""Querysets that stand in modules and classes of the project: found by identity, read as source."""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Iterator
from functools import lru_cache
from types import ModuleType
from typing import Any

from .places import Position
from .roles import is_application
from .written import inspect_file, is_ours, member_location, view_target


def declared(queryset: Any, view: Any) -> Position | None:
    """Where the project binds a queryset to a name, in the classes of the view or anywhere else."""
    target = view_target(view) if view is not None else None
    for cls in target.__mro__ if isinstance(target, type) else ():
        if (found := _in_class(queryset, cls)) is not None:
            return found
    return next(_in_modules(queryset), None)


def _in_class(queryset: Any, cls: type) -> Position | None:
    name = _name_of(queryset, vars(cls))
    where = member_location(cls, name, whole_class=False) if name and is_ours(cls) else None
    return (where.file, where.line, where.function) if where is not None else None


def _in_modules(queryset: Any) -> Iterator[Position]:
    for module in list(sys.modules.values()):
        if not issubclass(type(module), ModuleType):
            continue
        # As it is: to ask a lazy module for an attribute would import it.
        values = object.__getattribute__(module, "__dict__")
        file = values.get("__file__")
        if type(file) is not str or not is_application(file):
            continue
        name = _name_of(queryset, values)
        line = _bound(file).get(name) if name else None
        if line is not None:
            yield file, line, "<module>"
        for value in list(values.values()):
            # Classes that are imported are found in their own modules.
            own = issubclass(type(value), type) and inspect_file(value) == file
            if own and (found := _in_class(queryset, value)) is not None:
                yield found


def _name_of(queryset: Any, values: Any) -> str | None:
    return next((name for name, value in list(values.items()) if value is queryset), None)


@lru_cache(maxsize=256)
def _bound(file: str) -> dict[str, int]:
    """Names that a module binds once -> the line."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    lines: dict[str, set[int]] = {}
    for node in tree.body:
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            if isinstance(target, ast.Name):
                lines.setdefault(target.id, set()).add(node.lineno)
    return {name: found.pop() for name, found in lines.items() if len(found) == 1}
