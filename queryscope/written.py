"""Where the project writes what a library calls: views below their decorators, members of classes.

Read from the source when something is reported, never while a query runs.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from .core.sightings import Location
from .roles import is_application

#: Decorators around a view that are looked through.
_MOST_DECORATORS = 8


def is_ours(thing: Any) -> bool:
    """Whether a class or function is written in the project."""
    return is_application(inspect_file(thing) or "<unknown>")


def inspect_file(thing: Any) -> str | None:
    """The file a class or function is written in; None where there is none."""
    module = sys.modules.get(getattr(thing, "__module__", None) or "")
    return getattr(module, "__file__", None)


def source_line(file: str, line: int) -> str:
    """The text of a line without its indentation; empty where it cannot be read."""
    return linecache.getline(file, line).strip()


def view_target(view: Any) -> Any:
    """The class or function that a URL's callback stands for."""
    admin = getattr(view, "model_admin", None)
    if admin is not None:
        return type(admin)
    cls = getattr(view, "view_class", None) or getattr(view, "cls", None)
    if cls is not None and not _made_by_a_decorator(cls):
        return cls
    if cls is not None and (function := _decorated(cls)) is not None:
        return inspect.unwrap(function)
    if not callable(view):
        return None
    target = _around(inspect.unwrap(view))
    # A view may be an object, as a syndication feed is.
    return target if hasattr(target, "__code__") or isinstance(target, type) else type(target)


def _around(function: Any) -> Any:
    """The view that a decorator without ``functools.wraps`` hides, where only one can be meant."""
    for _ in range(_MOST_DECORATORS):
        if "<locals>" not in getattr(function, "__qualname__", ""):
            break
        inner = [inspect.unwrap(cell) for cell in _cells(function) if inspect.isfunction(cell)]
        classes = [f.view_class for f in inner if isinstance(getattr(f, "view_class", None), type)]
        if len(classes) == 1:
            return classes[0]
        views = [f for f in inner if f.__code__.co_varnames[:1] == ("request",)]
        if len(views) != 1:
            break
        function = views[0]
    return function


def _made_by_a_decorator(cls: type) -> bool:
    # rest_framework's @api_view makes a class that carries the name of the function.
    local = "<locals>" in cls.__qualname__ and not is_ours(cls)
    return cls.__qualname__ == "WrappedAPIView" or local


def _decorated(cls: type) -> Any:
    """The function that a decorator made a class of: one of its methods calls it."""
    methods = (method for method in vars(cls).values() if inspect.isfunction(method))
    held = (value for method in methods for value in _cells(method))
    return next((value for value in held if inspect.isfunction(value)), None)


def _cells(function: Any) -> Iterator[Any]:
    """What a function has of those around it."""
    for cell in getattr(function, "__closure__", None) or ():
        try:
            yield cell.cell_contents
        except ValueError:
            continue  # a cell that is empty yet


def view_location(view: Any) -> Location | None:
    """Where a view is written."""
    target = view_target(view) if view is not None else None
    if target is None:
        return None
    if isinstance(target, type):
        admin = getattr(view, "model_admin", None)
        if admin is not None and not is_ours(target):
            target = admin.model  # registered without a class of its own
        if target.__module__.startswith(("django.", "rest_framework.")):
            return None  # a framework's view as it is: nothing of it is for the project to change
        return member_location(target, "")
    code = target.__code__
    line = code.co_firstlineno
    while (text := source_line(code.co_filename, line)).startswith("@"):
        line += 1
    return Location(code.co_filename, line, code.co_qualname, text)


def member_location(cls: type, name: str, *, whole_class: bool = True) -> Location | None:
    """Where a class writes one of its members, looked for in the project's classes first.

    A serializer's field or a changelist's column may be an attribute, a method or a string in a
    list such as ``Meta.fields``; the class itself is the last resort, with ``whole_class``.
    """
    classes = [c for c in cls.__mro__ if is_application(inspect_file(c) or "<unknown>")] or [cls]
    for owner in classes if name else ():
        file = inspect_file(owner)
        line = _members(file).get(owner.__qualname__, {}).get(name) if file else None
        if file and line:
            return Location(file, line, f"{owner.__qualname__}.{name}", source_line(file, line))
    file = inspect_file(classes[0])
    line = _members(file).get(classes[0].__qualname__, {}).get("") if file else None
    if not whole_class or file is None or line is None:
        return None
    function = f"{classes[0].__qualname__}.{name}" if name else classes[0].__qualname__
    return Location(file, line, function, source_line(file, line))


@lru_cache(maxsize=128)
def _members(file: str) -> dict[str, dict[str, int]]:
    """Class name -> {member: line}, the class's own line under the empty name."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[str, dict[str, int]] = {}
    pending: list[tuple[str, ast.AST]] = [("", tree)]
    for prefix, node in pending:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                name = prefix + child.name
                found[name] = _class_members(child)
                pending.append((f"{name}.", child))
            elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                pending.append((f"{prefix}{child.name}.<locals>.", child))
            elif isinstance(child, (ast.If, ast.Try, ast.ExceptHandler, ast.With)):
                pending.append((prefix, child))
    return found


def _class_members(node: ast.ClassDef) -> dict[str, int]:
    lines: dict[str, int] = {}
    strings: dict[str, int] = {}
    for child in node.body:
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines[child.name] = child.lineno
            # A serializer's get_title, a graphene type's resolve_title.
            prefix, _, field = child.name.partition("_")
            if prefix in ("get", "resolve"):
                strings.setdefault(field, child.lineno)
            continue
        if isinstance(child, ast.Assign):
            lines.update((t.id, child.lineno) for t in child.targets if isinstance(t, ast.Name))
        elif isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name):
            lines[child.target.id] = child.lineno
        for inner in ast.walk(child):
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                strings.setdefault(inner.value, inner.lineno)
    return {**strings, **lines, "": node.lineno}
