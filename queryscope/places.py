"""From frames to a location a person can use.

Where library code does the access (a generic view, a serializer, the admin, a template) the nearest
frame of the project is the server's entry point, which helps nobody. The stack still says which
serializer field, which changelist column, which view: the location is where those are written.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from types import FrameType
from typing import Any

from .construction import built_at, built_in
from .core.events import Location, TemplateLine
from .roles import ADMIN, BOUNDARY, OTHER_APP, SERIALIZER, TEMPLATE, USER, is_application
from .stack import Step, library_site

# A comprehension is a function of its own in some versions of Python, to nobody who reads it.
_COMPREHENSION = re.compile(r"(?:\.<locals>)?\.?<(?:listcomp|setcomp|dictcomp|genexpr)>")
#: What a view class names its rows with, best first.
_ROWS = ("get_queryset", "queryset", "list_select_related", "model", "serializer_class")


@dataclass(frozen=True, slots=True)
class Place:
    """What one stack says about where a query comes from; resolved to text only when reported."""

    code: tuple[str, int, str] | None
    member: tuple[type, str] | None
    template: TemplateLine | None
    view: Any
    application: bool
    by_library: bool

    @property
    def written(self) -> bool:
        """Whether a line of the project asked, rather than a library on behalf of a declaration."""
        return self.code is not None and not self.by_library

    def is_changelist_of(self, model: Any) -> bool:
        """Whether the admin lists rows of ``model`` here."""
        admin = getattr(self.view, "model_admin", None)
        return admin is not None and not self.written and admin.model is model

    def location(self) -> Location | None:
        """The line that caused a query."""
        return self._resolve(None, None)

    def rows_location(self, model: Any, accessor: str | None) -> Location | None:
        """The line that says which rows of ``model`` there are.

        It is the one that built the queryset where that is certain, else the one that evaluated
        it; ``accessor`` is the name of the related manager that it came from.
        """
        return self._resolve(model, accessor)

    def _resolve(self, model: Any, accessor: str | None) -> Location | None:
        if self.member is not None:
            found = member_location(*self.member)
            if found is not None:
                return found
        if self.code is None:
            return view_location(self.view, model)
        file, line, function = self.code
        if model is not None:
            owner = None if accessor else model.__name__
            names = (accessor,) if accessor else tuple(m.name for m in model._meta.managers)
            line = built_at(file, line, owner, names) or line
        return Location(file, line, function, source_line(file, line))


def place(steps: list[Step]) -> Place:
    """Read the stack from a query up to the boundary of the view."""
    code = outside = None
    member: tuple[type, str] | None = None
    template: TemplateLine | None = None
    view = None
    application = by_library = False
    for step, role in steps:
        by_library = by_library or (code is None and role in (TEMPLATE, SERIALIZER, ADMIN))
        if role == USER:
            if code is None:
                code = _position(step)
                application = True
        elif role == TEMPLATE and template is None:
            template = _template_line(step)
        elif role in (SERIALIZER, ADMIN) and member is None and code is None:
            owner, name = library_site(step, role)
            if name is not None:
                member = (owner, name)
        elif role == BOUNDARY:
            view = step.f_locals.get("callback")
        elif role == OTHER_APP and outside is None:
            outside = _position(step)
    ours = is_application(inspect_file(_view_target(view)) or "<unknown>")
    if code is None:
        application = ours or (template is not None and is_application(template.name))
        if not ours:
            code = outside
    if member is not None:
        application = application or is_application(inspect_file(member[0]) or "<unknown>")
    return Place(code, member, template, view, application, by_library)


def _position(frame: FrameType) -> tuple[str, int, str]:
    code = frame.f_code
    return code.co_filename, frame.f_lineno, _COMPREHENSION.sub("", code.co_qualname) or "<module>"


def _template_line(frame: FrameType) -> TemplateLine | None:
    name, line = library_site(frame, TEMPLATE)
    return TemplateLine(str(name), line) if name is not None else None


def inspect_file(thing: Any) -> str | None:
    """The file a class or function is written in; None where there is none."""
    module = sys.modules.get(getattr(thing, "__module__", None) or "")
    return getattr(module, "__file__", None)


def source_line(file: str, line: int) -> str:
    """The text of a line without its indentation; empty where it cannot be read."""
    return linecache.getline(file, line).strip()


def _view_target(view: Any) -> Any:
    """The class or function that a URL's callback stands for."""
    admin = getattr(view, "model_admin", None)
    if admin is not None:
        return type(admin)
    cls = getattr(view, "view_class", None) or getattr(view, "cls", None)
    if cls is not None and not _made_by_a_decorator(cls):
        return cls
    return inspect.unwrap(view) if callable(view) else None


def _made_by_a_decorator(cls: type) -> bool:
    # rest_framework's @api_view makes a class that carries the name of the function.
    return cls.__qualname__ == "WrappedAPIView" or "<locals>" in cls.__qualname__


def view_location(view: Any, model: Any) -> Location | None:
    """Where a view is written; for rows of ``model``, the member of it that says to list them."""
    if view is None:
        return None
    target = _view_target(view)
    if isinstance(target, type):
        for name in _ROWS if _lists(view, target, model) else ():
            found = member_location(target, name, whole_class=False)
            if found is not None:
                return _built_in(found, model)
        return member_location(target, "")
    code = getattr(target, "__code__", None)
    if code is None:
        return None
    line = code.co_firstlineno
    while (text := source_line(code.co_filename, line)).startswith("@"):
        line += 1
    return Location(code.co_filename, line, code.co_qualname, text)


def _built_in(method: Location, model: Any) -> Location:
    """The line of a method that names the model's manager, where it is the only one."""
    names = tuple(manager.name for manager in model._meta.managers)
    line = built_in(method.file, method.line, model.__name__, names)
    if line is None:
        return method
    return Location(method.file, line, method.function, source_line(method.file, line))


def _lists(view: Any, target: type, model: Any) -> bool:
    """Whether a view's own rows are of ``model``; true where the view does not say otherwise."""
    if model is None:
        return False
    admin = getattr(view, "model_admin", None)
    declared = getattr(admin, "model", None) or getattr(target, "model", None)
    queryset = getattr(target, "queryset", None)
    declared = declared or getattr(queryset, "model", None)
    serializer = getattr(target, "serializer_class", None)
    declared = declared or getattr(getattr(serializer, "Meta", None), "model", None)
    if not isinstance(declared, type):
        return True
    return issubclass(model, declared) or issubclass(declared, model)


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
    except (SyntaxError, ValueError):
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
            elif isinstance(child, (ast.If, ast.Try, ast.With)):
                pending.append((prefix, child))
    return found


def _class_members(node: ast.ClassDef) -> dict[str, int]:
    lines: dict[str, int] = {}
    strings: dict[str, int] = {}
    for child in node.body:
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines[child.name] = child.lineno
            if child.name.startswith("get_"):
                strings.setdefault(child.name[4:], child.lineno)
            continue
        if isinstance(child, ast.Assign):
            lines.update((t.id, child.lineno) for t in child.targets if isinstance(t, ast.Name))
        elif isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name):
            lines[child.target.id] = child.lineno
        for inner in ast.walk(child):
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                strings.setdefault(inner.value, inner.lineno)
    return {**strings, **lines, "": node.lineno}
