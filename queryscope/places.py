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

from .core.events import Location, TemplateLine
from .roles import ADMIN, BOUNDARY, OTHER_APP, SERIALIZER, TEMPLATE, USER, is_application
from .stack import Step, library_site

# A comprehension is a function of its own in some versions of Python, to nobody who reads it.
_COMPREHENSION = re.compile(r"(?:\.<locals>)?\.?<(?:listcomp|setcomp|dictcomp|genexpr)>")
#: Callers that are looked at for the line that built a queryset.
_MOST_CALLERS = 12


#: File, line and function.
Position = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Place:
    """What one stack says about where a query comes from; resolved to text only when reported.

    ``code`` is the line of the project that caused it, ``callers`` are all of them, inwards out;
    ``member`` is the serializer's field or the changelist's column; ``loops_over`` is what a
    template's ``for`` names, ``field`` the form's field that is drawn.
    """

    code: Position | None
    callers: tuple[Position, ...]
    member: tuple[type, str] | None
    template: TemplateLine | None
    loops_over: str | None
    field: tuple[type, str] | None
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
        if self.member is not None and (found := member_location(*self.member)) is not None:
            return found
        return located(self.code) if self.code is not None else view_location(self.view)


def place(steps: list[Step]) -> Place:
    """Read the stack from a query up to the boundary of the view."""
    callers: list[Position] = []
    code: Position | None = None
    outside: Position | None = None
    member: tuple[type, str] | None = None
    template: FrameType | None = None
    view = None
    field: tuple[type, str] | None = None
    by_library = False
    for step, role in steps:
        if field is None and step.f_code.co_qualname == "BoundField.as_widget":
            bound = step.f_locals["self"]
            field = (type(bound.form), bound.name)
        by_library = by_library or (not callers and role in (TEMPLATE, SERIALIZER, ADMIN))
        if role == USER:
            callers.append(_position(step))
            code = code or callers[-1]
        elif role == TEMPLATE:
            # A tag that renders the nodes inside it only passes on: look beyond the templates.
            code = None if by_library else code
            template = template or step
        elif role in (SERIALIZER, ADMIN) and member is None and code is None:
            owner, name = library_site(step, role)
            member = (owner, name) if name is not None else None
        elif role == BOUNDARY:
            view = step.f_locals.get("callback")
        elif role == OTHER_APP and outside is None:
            outside = _position(step)
    line = _template_line(template) if template is not None else None
    application = bool(callers) or is_ours(view_target(view))
    if code is None and not application:
        code = outside
    application = application or (line is not None and is_application(line.name))
    application = application or (member is not None and is_ours(member[0]))
    loops_over = _loops_over(template) if template is not None else None
    asked = tuple(callers[:_MOST_CALLERS])
    return Place(code, asked, member, line, loops_over, field, view, application, by_library)


def is_ours(thing: Any) -> bool:
    """Whether a class or function is written in the project."""
    return is_application(inspect_file(thing) or "<unknown>")


def _loops_over(frame: FrameType) -> str | None:
    node = frame.f_locals.get("self")
    return getattr(getattr(node, "sequence", None), "token", None)


def located(position: Position) -> Location:
    file, line, function = position
    return Location(file, line, function, source_line(file, line))


def _position(frame: FrameType) -> tuple[str, int, str]:
    code = frame.f_code
    return code.co_filename, frame.f_lineno, _COMPREHENSION.sub("", code.co_qualname) or "<module>"


def _template_line(frame: FrameType) -> TemplateLine | None:
    name, line, _ = library_site(frame, TEMPLATE)
    return TemplateLine(str(name), line) if name is not None else None


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
    if not callable(view):
        return None
    target = inspect.unwrap(view)
    # A view may be an object, as a syndication feed is.
    return target if hasattr(target, "__code__") else type(target)


def _made_by_a_decorator(cls: type) -> bool:
    # rest_framework's @api_view makes a class that carries the name of the function.
    return cls.__qualname__ == "WrappedAPIView" or "<locals>" in cls.__qualname__


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
