"""Imports put at the top of a module, where its own order has them."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..roles import is_application
from .modules import Bound, absolute, package_of
from .results import Uncertain


@dataclass(frozen=True, slots=True)
class Style:
    """How a file is laid out: the columns of a line, and what one step of indentation is."""

    limit: int = 88
    unit: str = "    "


def with_imports(text: str, path: str, needed: Mapping[str, Bound], style: Style) -> str:
    """The text of a module with the names imported. Raises Uncertain."""
    modules: dict[str, list[str]] = {}
    for bound in needed.values():
        modules.setdefault(bound.module, []).append(bound.name)
    for module, names in sorted(modules.items()):
        text = _with_one(text, path, module, names, style)
    return text


def _with_one(text: str, path: str, module: str, names: list[str], style: Style) -> str:
    tree, package = ast.parse(text), package_of(path)
    for node in tree.body:
        if (
            isinstance(node, ast.ImportFrom)
            and absolute(node, package) == module
            and node.names[0].name != "*"
        ):
            return _longer(text, node, names, style)
    return _with_line(text, tree, _spelled(module, package, tree), names, style)


def _longer(text: str, node: ast.ImportFrom, names: list[str], style: Style) -> str:
    """With more names in an import that is there."""
    lines = text.split("\n")
    first, end = node.lineno - 1, node.end_lineno or node.lineno
    own = lines[first:end]
    there = [f"{a.name} as {a.asname}" if a.asname else a.name for a in node.names]
    if any(";" in line for line in own):
        raise Uncertain("its imports share a line")
    new = _merged(there, names)
    if any("#" in line for line in own):
        if len(own) < 3 or len(own) != len(there) + 2:
            raise Uncertain("its imports have comments")
        # One name a line: the new lines go between.
        for name in names:
            inner = own[1][: len(own[1]) - len(own[1].lstrip())]
            own.insert(new.index(name) + 1, f"{inner}{name},")
        return "\n".join([*lines[:first], *own, *lines[end:]])
    spread = end - first > 1 and own[-2].rstrip().endswith(",")
    module = "." * node.level + (node.module or "")
    return "\n".join([*lines[:first], *_lines(module, new, style, spread=spread), *lines[end:]])


def _merged(there: list[str], names: Iterable[str]) -> list[str]:
    ordered = there == sorted(there, key=_order)
    new = [*there, *(name for name in names if name not in there)]
    return sorted(new, key=_order) if ordered else new


def _order(name: str) -> tuple[int, str, str]:
    """As isort and ruff have it: constants, classes, the rest."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, name.lower(), name


def _lines(module: str, names: list[str], style: Style, *, spread: bool = False) -> list[str]:
    line = f"from {module} import {', '.join(names)}"
    if not spread and len(line) <= style.limit:
        return [line]
    return [f"from {module} import (", *(f"{style.unit}{name}," for name in names), ")"]


def _spelled(module: str, package: str, tree: ast.Module) -> str:
    """A module as the file would name it: from its own package if it names others so."""
    relative = any(isinstance(node, ast.ImportFrom) and node.level for node in tree.body)
    if relative and package and module.startswith(f"{package}."):
        return module[len(package) :]
    parent = package.rpartition(".")[0]
    if relative and parent and "." in package and module.startswith(f"{parent}."):
        return "." + module[len(parent) :]
    return module


def _with_line(text: str, tree: ast.Module, module: str, names: list[str], style: Style) -> str:
    """With one more import, beside those of its kind."""
    lines = text.split("\n")
    new = _lines(module, sorted(names, key=_order), style)
    key = _place(module)
    imports = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    before = [n for n in imports if _key(n) < key]
    beside = [n for n in imports if _key(n)[0] == key[0]]
    if beside and not any(_key(n) < key for n in beside):
        at = min(n.lineno for n in beside) - 1
        return "\n".join([*lines[:at], *new, *lines[at:]])
    if before:
        last = max(before, key=lambda n: (_key(n)[:1], n.lineno))
        at = last.end_lineno or last.lineno
        gap = [] if _key(last)[0] == key[0] else [""]
        after = [""] if gap and any(_key(n)[0] > key[0] for n in imports) else []
        after = after if at < len(lines) and lines[at].strip() else []
        return "\n".join([*lines[:at], *gap, *new, *after, *lines[at:]])
    if imports:
        first = min(imports, key=lambda n: n.lineno)
        gap = [] if _key(first)[0] == key[0] else [""]
        return "\n".join([*lines[: first.lineno - 1], *new, *gap, *lines[first.lineno - 1 :]])
    at = _head_end(tree, lines)
    gap = [""] if at else []
    following = lines[at] if at < len(lines) else ""
    defines = following.startswith(("def ", "class ", "async ", "@"))
    below = ["", ""] if defines else [""] if following else []
    return "\n".join([*lines[:at], *gap, *new, *below, *lines[at:]])


def _head_end(tree: ast.Module, lines: list[str]) -> int:
    """After how many lines a module's docstring, or its first comments, end."""
    if tree.body and ast.get_docstring(tree) is not None:
        return tree.body[0].end_lineno or 1
    at = 0
    while at < len(lines) and lines[at].startswith("#"):
        at += 1
    return at


def _key(node: ast.Import | ast.ImportFrom) -> tuple[int, int, int, str]:
    if isinstance(node, ast.Import):
        section, _, _, name = _place(node.names[0].name)
        return section, 0, 0, name
    return _place("." * node.level + (node.module or ""))


def _place(module: str) -> tuple[int, int, int, str]:
    """Its section (future, standard library, installed, own, relative) and its place there."""
    name = module.lstrip(".")
    if level := len(module) - len(name):
        return 4, 1, -level, name.lower()
    top = name.partition(".")[0]
    if top == "__future__":
        section = 0
    elif top in sys.stdlib_module_names:
        section = 1
    else:
        file = getattr(sys.modules.get(top), "__file__", None)
        section = 3 if file and is_application(file) else 2
    return section, 1, 0, name.lower()
