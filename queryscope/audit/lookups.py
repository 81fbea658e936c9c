"""A view's source -> which rows its URL arguments select: read, never run.

``get_object_or_404(project.tasks, pk=pk)`` after ``project = get_object_or_404(Project,
slug=slug)`` says that ``pk`` is a Task whose ``project__slug`` is ``slug``. Only what is written
plainly is understood; what is not is left to the names of the arguments.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import Manager, Model

from .guesses import model_called

_SHORTCUTS = {"get_object_or_404", "get_list_or_404", "aget_object_or_404", "aget_list_or_404"}
_CONVERSIONS = {"int", "str", "UUID", "uuid.UUID"}
_SINGLE = {"get", "aget", "first", "afirst", "last", "latest", "earliest"}
#: Helpers called by helpers that are followed.
_MAX_DEPTH = 2
_NARROWING = {"filter", "get", "aget"}


@dataclass(frozen=True, slots=True)
class FromUrl:
    """The value of a URL argument."""

    name: str


class CurrentUser:
    """The user who makes the request."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one model under conditions: lookup -> constant, :class:`FromUrl` or CurrentUser."""

    model: type[Model]
    conditions: Mapping[str, Any] = field(default_factory=dict)
    single: bool = False

    @property
    def arguments(self) -> frozenset[str]:
        return frozenset(v.name for v in self.conditions.values() if isinstance(v, FromUrl))

    def narrowed(self, conditions: Mapping[str, Any], single: bool = False) -> Rows:
        return Rows(self.model, {**self.conditions, **conditions}, single)

    def related(self, name: str) -> Rows | None:
        """Rows behind a relation of this instance, tied to it; None when there is none."""
        for relation in self.model._meta.get_fields(include_hidden=False):
            accessor = getattr(
                relation, "get_accessor_name", lambda relation=relation: relation.name
            )
            if accessor() != name or not isinstance(relation.related_model, type):
                continue
            back = getattr(relation, "remote_field", None)
            if back is None or getattr(back, "hidden", False):
                return Rows(relation.related_model)
            query_name = back.name
            tied = {f"{query_name}__{path}": value for path, value in self.conditions.items()}
            return Rows(relation.related_model, tied)
        return None


def read(function: Callable[..., Any], primary: Rows | None = None) -> list[Rows]:
    """Rows that a view function or method selects by URL arguments, the most precise first.

    ``primary`` stands for ``self.get_queryset()`` and ``self.queryset``.
    """
    reader = _reader(function, primary)
    found = [rows for rows in reader.found if rows.arguments] if reader else []
    return sorted(found, key=lambda rows: (-len(rows.arguments), -len(rows.conditions)))


def returned(function: Callable[..., Any], primary: Rows | None = None) -> Rows | None:
    """The rows that a ``get_queryset`` method returns, as far as its source tells."""
    reader = _reader(function, primary)
    return reader.result if reader else None


def _reader(
    function: Callable[..., Any], primary: Rows | None, depth: int = 0, owner: Rows | None = None
) -> _Reader | None:
    function = inspect.unwrap(function)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return None
    definition = tree.body[0]
    if not isinstance(definition, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return None
    reader = _Reader(getattr(function, "__globals__", {}), primary, depth)
    if depth == 0:
        reader.arguments(definition)
    if owner is not None:
        reader.known["self"] = owner
    for statement in definition.body:
        reader.visit(statement)
    return reader


class _Reader(ast.NodeVisitor):
    def __init__(self, names: dict[str, Any], primary: Rows | None, depth: int) -> None:
        self.names = names
        self.primary = primary
        self.depth = depth
        self.known: dict[str, Any] = {}
        self.found: list[Rows] = []
        self.result: Rows | None = None

    def arguments(self, definition: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        names = [arg.arg for arg in definition.args.posonlyargs + definition.args.args]
        if names[:1] == ["self"]:
            del names[0]
        if names[:1] == ["request"] or names[:1] == ["_request"]:
            del names[0]
        for position, name in enumerate(names):
            self.known[name] = FromUrl(name)
            self.known[f"args[{position}]"] = FromUrl(str(position))
        for arg in definition.args.kwonlyargs:
            self.known[arg.arg] = FromUrl(arg.arg)

    def visit_Assign(self, node: ast.Assign) -> None:
        value = self.value(node.value)
        self.generic_visit(node)
        for target in node.targets:
            self.known[ast.unparse(target)] = value

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.known[ast.unparse(node.target)] = self.value(node.value)
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None:
            value = self.value(node.value)
            self.result = value if isinstance(value, Rows) else self.result
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        value = self.value(node)
        if isinstance(value, Rows):
            self.found.append(value)
        self.generic_visit(node)

    def value(self, node: ast.expr | None) -> Any:
        """A constant, FromUrl, CurrentUser, Rows, a model class; None when it is not plain."""
        if node is None:
            return None
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Await):
            return self.value(node.value)
        text = ast.unparse(node)
        if self.known.get(text) is not None:
            return self.known[text]
        if text in {"request.user", "self.request.user"}:
            return CurrentUser()
        if text in {"self.queryset", "self.get_queryset()", "super().get_queryset()"}:
            return self.known.get("self.queryset") or self.primary
        if isinstance(node, ast.Name):
            found = self._global(self.names.get(node.id))
            return _one_called(node.id) if found is None else found
        if isinstance(node, ast.Subscript):
            return self._subscript(node)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        return self._call(node) if isinstance(node, ast.Call) else None

    def _global(self, value: Any) -> Any:
        if isinstance(value, type) and issubclass(value, Model) and not value._meta.abstract:
            return value
        return value if isinstance(value, (str, int, bool)) else None

    def _subscript(self, node: ast.Subscript) -> FromUrl | None:
        if ast.unparse(node.value) in {"kwargs", "self.kwargs"}:
            key = self.value(node.slice)
            return FromUrl(key) if isinstance(key, str) else None
        return None

    def _attribute(self, node: ast.Attribute) -> Any:
        if isinstance(node.value, ast.Name) and inspect.ismodule(self.names.get(node.value.id)):
            return self._global(getattr(self.names[node.value.id], node.attr, None))
        owner = self.value(node.value)
        if isinstance(owner, type):
            value = inspect.getattr_static(owner, node.attr, None)
            is_manager = _has_manager(owner, node.attr)
            return Rows(owner) if is_manager or isinstance(value, Manager) else None
        if isinstance(owner, Rows) and owner.single:
            if node.attr in {"pk", "id"}:
                return owner.conditions.get("pk", owner.conditions.get("id"))
            return owner.related(node.attr)
        return _one_called(node.attr) if owner is None else None

    def _call(self, node: ast.Call) -> Any:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        if name == "get_user_model":
            return get_user_model()
        if name == "get_model" and node.args:
            return _model(*[self.value(arg) for arg in node.args])
        if name in _SHORTCUTS and node.args:
            rows = self.value(node.args[0])
            rows = Rows(rows) if isinstance(rows, type) else rows
            if not isinstance(rows, Rows):
                return None
            return rows.narrowed(self._conditions(node), name.endswith("object_or_404"))
        if name in _CONVERSIONS and len(node.args) == 1:
            return self.value(node.args[0])
        if isinstance(node.func, ast.Name):
            return self._helper(self.names.get(node.func.id))
        if not isinstance(node.func, ast.Attribute):
            return None
        if ast.unparse(node.func) in {"kwargs.get", "self.kwargs.get"} and node.args:
            key = self.value(node.args[0])
            return FromUrl(key) if isinstance(key, str) else None
        rows = self.value(node.func.value)
        if not isinstance(rows, Rows):
            return None
        if rows.single:
            return self._helper(getattr(rows.model, name, None), rows)
        conditions = self._conditions(node) if name in _NARROWING else {}
        return rows.narrowed(conditions, name in _SINGLE)

    def _helper(self, function: Any, owner: Rows | None = None) -> Rows | None:
        """The rows that a function of the project, or a method of a row, returns, read so, too."""
        if not inspect.isfunction(function) or self.depth >= _MAX_DEPTH:
            return None
        reader = _reader(function, None, self.depth + 1, owner)
        return reader.result if reader else None

    def _conditions(self, node: ast.Call) -> dict[str, Any]:
        conditions: dict[str, Any] = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                continue
            value = self.value(keyword.value)
            if isinstance(value, Rows):
                pairs = value.conditions.items() if value.single else ()
                conditions.update({f"{keyword.arg}__{path}": v for path, v in pairs})
            elif value is not None and not isinstance(value, type):
                conditions[keyword.arg] = value
        return conditions


def _one_called(name: str) -> Rows | None:
    """ "request.event", "entity_model": a row of the model of that name, whichever it is."""
    model = model_called(name)
    return Rows(model, single=True) if model is not None else None


def _model(*label: Any) -> type[Model] | None:
    try:
        return apps.get_model(*label)
    except (LookupError, ValueError, TypeError, AttributeError):
        return None


def _has_manager(model: Any, name: str) -> bool:
    return any(manager.name == name for manager in model._meta.managers)
