"""Where in a project's source an index belongs, and the edit that puts it into a model's Meta."""

from __future__ import annotations

import ast
import difflib
import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Model

from .core.paths import relative
from .core.sightings import Location

_STEP = 4


@dataclass(frozen=True, slots=True)
class ModelEdit:
    """The place in the source and what to do there, as a sentence and as a unified diff.

    ``diff`` is "" where the edit is not certain: Meta.indexes is put together by other code.
    """

    file: str
    line: int
    text: str
    diff: str = ""


class UncertainEdit(Exception):
    """The source is written in a way that cannot be added to blindly."""


def model_edit(
    model: type[Model], codes: Iterable[str], imports: Iterable[str], root: str
) -> ModelEdit | None:
    """The edit that adds ``models.Index`` lines to the model; None where it has no source file.

    File names are given from ``root``.
    """
    try:
        file = inspect.getsourcefile(model)
        with open(file or "", encoding="utf-8") as source_file:
            source = source_file.read()
        class_node = _class_of(ast.parse(source), model)
    except (OSError, TypeError, SyntaxError, UncertainEdit):
        return None
    codes = tuple(codes)
    name = relative(file or "", root)
    meta = _meta(class_node)
    line = meta.lineno if meta else class_node.lineno
    lines = ", ".join(codes)
    text = f"{name}:{line}: put into {model.__name__}.Meta: indexes = [{lines}]"
    try:
        new = edited(source, model, codes, imports)
    except UncertainEdit:
        return ModelEdit(name, line, text)
    difference = difflib.unified_diff(
        source.splitlines(keepends=True), new.splitlines(keepends=True), name, name
    )
    return ModelEdit(name, line, text, "".join(difference))


def meta_of(model: type[Model]) -> Location | None:
    """Where the model's Meta is, or its class where it has none; None without a source file."""
    try:
        file = inspect.getsourcefile(model) or ""
        with open(file, encoding="utf-8") as source_file:
            source = source_file.read()
        class_node = _class_of(ast.parse(source), model)
    except (OSError, TypeError, SyntaxError, UncertainEdit):
        return None
    line = (_meta(class_node) or class_node).lineno
    return Location(file, line, model.__qualname__, source.splitlines()[line - 1].strip())


def edited(
    source: str, model: type[Model], codes: Iterable[str], imports: Iterable[str] = ()
) -> str:
    """The source of the model's module with the indexes in its Meta. Raises UncertainEdit."""
    tree = ast.parse(source)
    class_node = _class_of(tree, model)
    lines = f"{source.rstrip()}\n".splitlines(keepends=True)
    # From the end to the beginning, so that line numbers stay what they are.
    at, removed, added = _change(class_node, model, tuple(codes), source)
    lines[at : at + removed] = [f"{line}\n" if line else "\n" for line in added]
    # Last first: an import does not move those above it.
    for line in reversed([line for line in imports if line not in source.splitlines()]):
        at = _import_place(tree, line)
        lines[at:at] = [f"{line}\n"]
    return "".join(lines)


def _import_place(tree: ast.Module, line: str) -> int:
    """After how many lines an import belongs: in order, beside those of the same package."""
    module = line.split()[1]
    above = [
        node
        for node in tree.body
        if isinstance(node, ast.Import)
        or (isinstance(node, ast.ImportFrom) and node.module != "__future__")
    ]
    if not above:
        raise UncertainEdit("it imports nothing")
    beside = [
        node
        for node in above
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").partition(".")[0] == module.partition(".")[0]
        and not node.level
    ]
    if line.startswith("import"):
        return above[0].lineno - 1
    for node in beside:
        if (node.module or "") > module:
            return node.lineno - 1
    last = (beside or above)[-1]
    return last.end_lineno or last.lineno


def _class_of(tree: ast.Module, model: type[Model]) -> ast.ClassDef:
    body: list[ast.stmt] = tree.body
    found = None
    for name in model.__qualname__.split("."):
        found = next((n for n in body if isinstance(n, ast.ClassDef) and n.name == name), None)
        if found is None:
            raise UncertainEdit(f"class {model.__qualname__} is not where it should be")
        body = found.body
    assert found is not None
    return found


def _meta(class_node: ast.ClassDef) -> ast.ClassDef | None:
    metas = (n for n in class_node.body if isinstance(n, ast.ClassDef) and n.name == "Meta")
    return next(metas, None)


def _change(
    class_node: ast.ClassDef, model: type[Model], codes: tuple[str, ...], source: str
) -> tuple[int, int, list[str]]:
    """At which line (from 0) how many lines go, and those that come."""
    meta = _meta(class_node)
    if meta is None:
        return _new_meta(class_node, model, codes)
    indent = " " * meta.body[0].col_offset
    for node in meta.body:
        names = [t.id for t in getattr(node, "targets", ()) if isinstance(t, ast.Name)]
        if isinstance(node, ast.Assign) and "indexes" in names:
            return _longer_list(node, codes, source, indent)
    if meta.bases and (not list(_parents(model)) or _has_indexes(model)):
        raise UncertainEdit("its Meta may have indexes of another one's")
    return meta.end_lineno or meta.lineno, 0, _list(codes, indent)


def _list(items: Iterable[str], indent: str) -> list[str]:
    inner = f"{indent}{' ' * _STEP}"
    return [f"{indent}indexes = [", *(f"{inner}{item}," for item in items), f"{indent}]"]


def _longer_list(
    node: ast.Assign, codes: tuple[str, ...], source: str, indent: str
) -> tuple[int, int, list[str]]:
    if not isinstance(node.value, ast.List | ast.Tuple):
        raise UncertainEdit("Meta.indexes is not a list")
    start, end = node.lineno - 1, node.end_lineno or node.lineno
    items = node.value.elts
    lines = source.splitlines()
    closing = lines[end - 1].strip()
    if start != end - 1 and closing in ("]", ")") and lines[end - 2].rstrip().endswith(","):
        inner = f"{indent}{' ' * _STEP}"
        return end - 1, 0, [f"{inner}{code}," for code in codes]
    if len({item.lineno for item in items}) > 1 or start != end - 1:
        raise UncertainEdit("Meta.indexes is not one to a line")
    written = [ast.get_source_segment(source, item) or "" for item in items]
    return start, 1, _list([*written, *codes], indent)


def _new_meta(
    class_node: ast.ClassDef, model: type[Model], codes: tuple[str, ...]
) -> tuple[int, int, list[str]]:
    """After the fields, where Django's own style has it."""
    first, last = class_node.body[0], None
    for node in class_node.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            break
        last = node
    parents = list(_parents(model))
    if _has_indexes(model) or first.lineno == class_node.lineno:
        raise UncertainEdit("its Meta has indexes of another one's, or all is on one line")
    # Without its own, a model has the Meta of an abstract parent: not to be lost.
    bases = f"({parents[0].__name__}.Meta)" if parents else ""
    indent = " " * first.col_offset
    body = [f"{indent}class Meta{bases}:", *_list(codes, indent + " " * _STEP)]
    if last is None:
        decorated = [node.lineno for node in getattr(first, "decorator_list", ())]
        return min([first.lineno, *decorated]) - 1, 0, [*body, ""]
    return last.end_lineno or last.lineno, 0, ["", *body]


def _has_indexes(model: type[Model]) -> bool:
    return any(getattr(vars(parent)["Meta"], "indexes", ()) for parent in _parents(model))


def _parents(model: type[Model]) -> Iterator[type]:
    """Abstract models whose Meta it has, nearest first."""
    for parent in model.__mro__[1:]:
        options = getattr(parent, "_meta", None)
        if options is not None and options.abstract and "Meta" in vars(parent):
            yield parent
