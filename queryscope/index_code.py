"""Django's objects as a person would write them: models.Index lines, operations, their imports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import F, Index, Model, Q
from django.db.models.expressions import OrderBy
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from .core.indexes import IndexDefinition
from .index_objects import Inexpressible, index_object, model_of

#: What a line of code may have before its arguments get lines of their own.
_WIDTH = 88
_INDENT = " " * 4
#: Modules whose names are imported from the package above them.
_POSTGRES = "django.contrib.postgres"
_PACKAGES = ("django.db.models.functions", "django.contrib.postgres.indexes")


@dataclass(frozen=True, slots=True)
class Code:
    """``text`` can be pasted where ``from django.db import models`` is there; ``imports`` are the
    lines that it needs besides."""

    text: str
    imports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IndexCode:
    """An index as the project would have it.

    ``code`` is the line for the Meta of ``model``; None where there is no model, or Django cannot
    say it, which ``reason`` tells: plain SQL is left then. ``needs`` is what must be done first.
    """

    definition: IndexDefinition
    model: type[Model] | None
    index: Index | None
    code: Code | None
    reason: str = ""
    needs: tuple[str, ...] = ()


def index_code(definition: IndexDefinition, connection: Any) -> IndexCode:
    """The ``models.Index`` line for an index of a table, found by its name among all apps."""
    model = None if definition.schema else model_of(definition.table)
    if model is None:
        return IndexCode(
            definition, None, None, None, f"{definition.table} has no model of its own"
        )
    try:
        index = index_object(definition, model, connection)
    except Inexpressible as error:
        return IndexCode(definition, model, None, None, str(error))
    code = rendered(index)
    return IndexCode(definition, model, index, code, needs=_needs(code))


def _needs(code: Code) -> tuple[str, ...]:
    named = any(_POSTGRES in line for line in code.imports)
    if named and not apps.is_installed(_POSTGRES):
        return (f'Add "{_POSTGRES}" to INSTALLED_APPS.',)
    return ()


def rendered(value: Any, indent: int | None = None) -> Code:
    """An index, expression, Q or constant as code: on one line, or where it stands ``indent`` deep
    and is too long for that, on lines of their own for its arguments."""
    writing = _Writing(width=_WIDTH if indent is not None else None)
    return Code(writing.text(value, indent or 0), merged(writing.imports))


def merged(imports: Iterable[str]) -> tuple[str, ...]:
    """Import lines in order, one for each module."""
    names: dict[str, set[str]] = {}
    for line in imports:
        module, _, listed = line.removeprefix("from ").partition(" import ")
        names.setdefault(module, set()).update(listed.split(", ") if listed else ())
    lines = {
        module: f"from {module} import {', '.join(sorted(found))}" if found else module
        for module, found in names.items()
    }
    return tuple(lines[module] for module in sorted(lines, key=lambda m: (bool(names[m]), m)))


class _Writing:
    def __init__(self, width: int | None) -> None:
        self.imports: set[str] = set()
        self._width = width

    def text(self, value: Any, indent: int) -> str:
        if isinstance(value, Q):
            return self._condition(value, indent)
        if isinstance(value, OrderBy):
            return self._order(value, indent)
        if isinstance(value, KeyTextTransform) and (lookup := _lookup(value)):
            self.imports.add("from django.db.models.fields.json import KT")
            return f"KT({self.text(lookup, indent)})"
        if isinstance(value, F):
            return f"models.F({self.text(_field(value), indent)})"
        if hasattr(value, "deconstruct"):
            path, args, kwargs = value.deconstruct()
            return self._call(self._name(path), args, kwargs, indent)
        if isinstance(value, str):
            return repr(value) if '"' in value else f'"{repr(value)[1:-1]}"'
        if isinstance(value, list | tuple):
            return f"[{', '.join(self.text(one, indent) for one in value)}]"
        return self._constant(value)

    def _constant(self, value: Any) -> str:
        module = type(value).__module__
        if module == "datetime":
            self.imports.add("import datetime")
            return repr(value)
        if module != "builtins":
            self.imports.add(f"from {module} import {type(value).__name__}")
        return repr(value).replace("'", '"')

    def _name(self, path: str) -> str:
        module, _, name = path.rpartition(".")
        if module in ("django.db.models", "django.db.models.expressions"):
            return f"models.{name}"
        if module.startswith("django.db.migrations"):
            return f"migrations.{name}"
        module = next((package for package in _PACKAGES if module.startswith(package)), module)
        self.imports.add(f"from {module} import {name}")
        return name

    def _call(self, name: str, args: Iterable[Any], kwargs: Mapping[str, Any], indent: int) -> str:
        def arguments(deep: int) -> list[str]:
            named = sorted(kwargs.items(), key=lambda item: item[0] == "name")
            return [
                *(self.text(arg, deep) for arg in args),
                *(f"{key}={self.text(value, deep)}" for key, value in named),
            ]

        short = f"{name}({', '.join(arguments(indent))})"
        if self._width is None or (len(short) + indent < self._width and "\n" not in short):
            return short
        inner = "\n" + " " * indent + _INDENT
        return f"{name}({inner}{f',{inner}'.join(arguments(indent + 4))},\n{' ' * indent})"

    def _order(self, order: OrderBy, indent: int) -> str:
        nulls = ["nulls_first=True"] * bool(order.nulls_first)
        nulls += ["nulls_last=True"] * bool(order.nulls_last)
        way = "desc" if order.descending else "asc"
        return f"{self.text(order.expression, indent)}.{way}({', '.join(nulls)})"

    def _condition(self, condition: Q, indent: int) -> str:
        tree: Any = condition
        children = [
            f"{child[0]}={self.text(child[1], indent)}"
            if isinstance(child, tuple)
            else self._condition(child, indent)
            for child in tree.children
        ]
        lookups = all(isinstance(child, tuple) for child in tree.children)
        if lookups and (condition.connector == Q.AND or len(children) == 1):
            text = f"models.Q({', '.join(children)})"
        else:
            parts = [
                f"models.Q({text})"
                if isinstance(child, tuple)
                else f"({text})"
                if not child.negated and len(child.children) > 1
                else text
                for child, text in zip(tree.children, children, strict=True)
            ]
            text = f" {'|' if condition.connector == Q.OR else '&'} ".join(parts)
            text = f"({text})" if condition.negated else text
        return f"~{text}" if condition.negated else text


def _lookup(transform: KeyTextTransform) -> str:
    """``data__k`` for KT(), "" where a key cannot stand in one."""
    keys: list[str] = []
    node: Any = transform
    while isinstance(node, KeyTransform):
        keys.insert(0, node.key_name)
        node = node.get_source_expressions()[0]
    plain = all(key.isidentifier() and "__" not in key for key in keys)
    return "__".join([_field(node), *keys]) if plain and isinstance(node, F) else ""


def _field(reference: Any) -> str:
    return str(reference.name)
