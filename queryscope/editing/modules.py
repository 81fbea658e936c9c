"""What the names of a project's modules stand for, read from their source."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.apps import apps

from ..roles import is_application
from .results import Uncertain

#: Modules that are looked through for one that imports another.
_MOST = 2000


@dataclass(frozen=True, slots=True)
class Bound:
    """What a name stands for: ``name`` of a module, by its full name."""

    module: str
    name: str


def module_at(path: str) -> Any:
    """The module that was imported from a file, None where it was not."""
    real, base = os.path.realpath(path), os.path.basename(path)
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and name != "__main__" and file.endswith(base) and os.path.realpath(file) == real:
            return module
    return None


@lru_cache(maxsize=1024)
def module_name(path: str) -> str:
    """The full name of a file's module: as it was imported, else by the packages around it."""
    if (module := module_at(path)) is not None:
        return str(module.__name__)
    real = os.path.realpath(path)
    folder, file = os.path.split(real)
    parts = [] if file == "__init__.py" else [os.path.splitext(file)[0]]
    while os.path.exists(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        parts.insert(0, package)
    return ".".join(parts)


def package_of(path: str) -> str:
    """The package that relative imports of a file begin at."""
    name = module_name(path)
    return name if os.path.basename(path) == "__init__.py" else name.rpartition(".")[0]


def absolute(node: ast.ImportFrom, package: str) -> str:
    """The full name of the module that a ``from`` import names."""
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    above = parts[: len(parts) - node.level + 1]
    return ".".join([*above, *([node.module] if node.module else [])])


def bindings(text: str, path: str) -> dict[str, Bound]:
    """What the names at the top of a module stand for; "" is the name of a whole module."""
    package, own = package_of(path), module_name(path)
    found: dict[str, Bound] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom):
            module = absolute(node, package)
            for alias in node.names:
                found[alias.asname or alias.name] = Bound(module, alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                found[name] = Bound(alias.name if alias.asname else name, "")
        elif not _is_for_types(node):
            found.update((name, Bound(own, name)) for name in _bound_by(node))
    return found


def _is_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _bound_by(node: ast.stmt) -> Iterator[str]:
    """Names that a statement binds around it."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        return
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            yield inner.id
        elif isinstance(inner, ast.alias):
            yield inner.asname or inner.name.partition(".")[0]
        elif isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield inner.name


def alike(one: Bound, other: Bound) -> bool:
    """Whether two names stand for the same thing, imported from here or from there."""
    if one == other:
        return True
    mine, its = _object(one), _object(other)
    return mine is not None and mine is its


def _object(bound: Bound) -> Any:
    module = sys.modules.get(bound.module)
    return getattr(module, bound.name, None) if bound.name else module


def model_named(name: str, near: str) -> Bound | None:
    """The model of that name, of the app that has the file ``near`` where several do.

    Raises Uncertain where it could be any of several.
    """
    models = [model for model in apps.get_models() if model.__name__ == name]
    if len(models) > 1:
        config = apps.get_containing_app_config(module_name(near))
        models = [m for m in models if config and m._meta.app_label == config.label] or models
    if len(models) > 1:
        raise Uncertain(f"there are {len(models)} models named {name}")
    if not models:
        return None
    model = models[0]
    public = f"{model._meta.app_config.name}.models"
    exported = getattr(sys.modules.get(public), name, None) is model
    return Bound(public if exported else model.__module__, name)


def leads_to(module: str, path: str) -> bool:
    """Whether importing a module imports a file of the project, by way of others."""
    target = os.path.realpath(path)
    pending, seen = [module], {module}
    while pending and len(seen) < _MOST:
        file = getattr(sys.modules.get(pending.pop()), "__file__", None)
        if not file or not is_application(file):
            continue
        if os.path.realpath(file) == target:
            return True
        new = _imported(file) - seen
        seen |= new
        pending += new
    return False


@lru_cache(maxsize=1024)
def _imported(path: str) -> frozenset[str]:
    """Modules that a file imports at its top."""
    try:
        with open(path, "rb") as stream:
            tree = ast.parse(stream.read())
    except (OSError, SyntaxError, ValueError):
        return frozenset()
    package, found = package_of(path), set()
    for node in tree.body:
        for inner in ast.walk(node) if not isinstance(node, ast.FunctionDef) else ():
            if isinstance(inner, ast.ImportFrom):
                module = absolute(inner, package)
                found |= {module, *(f"{module}.{alias.name}" for alias in inner.names)}
            elif isinstance(inner, ast.Import):
                found |= {alias.name for alias in inner.names}
    return frozenset(found)
