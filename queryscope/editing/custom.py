"""What the project's own classes say of their querysets, asked of the classes themselves."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from typing import Any

from django.apps import apps

from ..core.sightings import Location
from ..roles import is_application
from .chains import QUERYSETS
from .modules import module_at


def is_queryset(model: str, name: str, near: Location) -> bool | None:
    """Of a manager's method: whether querysets have it too; False when it returns one; None
    when nothing is known.
    """
    managers = [m for each in _models(model, near) for m in each._meta.managers]
    known = [m for m in managers if hasattr(m, name)]
    if not known:
        return None
    if all(hasattr(manager._queryset_class, name) for manager in known):
        return True
    methods = [getattr(type(m), name, None) for m in known]
    return False if all(_returns_one(method) for method in methods) else None


def _models(name: str, near: Location) -> list[Any]:
    models = [model for model in apps.get_models() if model.__name__ == name]
    module = module_at(near.file)
    own = [model for model in models if getattr(module, name, None) is model]
    return own or models


def _returns_one(method: Any) -> bool:
    """Whether all that a method returns is a chain of calls on its own rows."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(method)))
    except (OSError, TypeError, SyntaxError):
        return False
    returns = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
    return bool(returns) and all(_is_chain(value) for value in returns)


def _is_chain(node: ast.expr | None) -> bool:
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr not in QUERYSETS:
            return False
        node = node.func.value
        if isinstance(node, ast.Name) and node.id == "self":
            return True
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "super":
            return True
    return False


def overrides(file: str, class_name: str) -> bool:
    """Whether a class of the project that a view inherits from decides on the rows."""
    cls = _class_at(file, class_name)
    for base in cls.__mro__[1:] if cls is not None else ():
        own = {"get_queryset", "queryset"} & vars(base).keys()
        module = sys.modules.get(base.__module__)
        if own and is_application(getattr(module, "__file__", None) or "<unknown>"):
            return True
    return False


def has_rows(file: str, class_name: str) -> bool:
    """Whether a class says which rows it shows, as views do: forms do not, and an admin says those
    of its changelist, not those of its form's fields. True where the class is not known.
    """
    cls = _class_at(file, class_name)
    if cls is None:
        return True
    method = getattr(cls, "get_queryset", None)
    if method is None:
        return hasattr(cls, "queryset") or hasattr(cls, "items")
    return "request" not in inspect.signature(method).parameters


def _class_at(file: str, class_name: str) -> type | None:
    cls: Any = module_at(file)
    for part in class_name.split("."):
        found = getattr(cls, part, None)
        # An attribute may hold another class: ``model = Task``.
        cls = found if isinstance(found, type) and found.__name__ == part else cls
    return cls if isinstance(cls, type) else None
