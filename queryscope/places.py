"""From frames to a location a person can use.

Where library code does the access (a generic view, a serializer, the admin, a template) the nearest
frame of the project is the server's entry point, which helps nobody. The stack still says which
serializer field, which changelist column, which view: the location is where those are written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from types import FrameType
from typing import Any, cast

from .core.sightings import Location, TemplateLine
from .delegates import class_view, declared_by, delegate, lists
from .givers import Giver, giver
from .roles import ADMIN, BOUNDARY, NOTHING, OTHER_APP, SERIALIZER, TEMPLATE, USER, is_application
from .stack import Step, library_site
from .written import is_ours, member_location, source_line, view_location, view_target

# A comprehension is a function of its own in some versions of Python, to nobody who reads it.
_COMPREHENSION = re.compile(r"(?:\.<locals>)?\.?<(?:listcomp|setcomp|dictcomp|genexpr)>")
#: Callers that are looked at for the line that built a queryset.
_MOST_CALLERS = 12


#: File, line and function.
Position = tuple[str, int, str]
#: Line, last line, column and last column of an expression; columns count bytes from 0.
Span = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Place:
    """What one stack says about where a query comes from; resolved to text only when reported.

    ``code`` is the line of the project that caused it and ``span`` the expression on it that ran,
    ``callers`` are all such lines, inwards out;
    of which the first ``within`` ran inside the template's node; ``member`` is the serializer's
    field or the changelist's column; ``loops_over`` is what a template's ``for`` names and
    ``giver`` whose that is, ``field`` the form's field that is drawn, ``declared`` the class of the
    project that says which rows a library lists, such as a sitemap. ``listed`` tells that the rows
    are those that the view itself lists.
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
    span: Span | None = None
    declared: type | None = None
    giver: Giver | None = None
    within: int = 0
    listed: bool = False

    @property
    def written(self) -> bool:
        """Whether a line of the project asked, rather than a library on behalf of a declaration."""
        return self.code is not None and not self.by_library

    def is_changelist_of(self, model: Any) -> bool:
        """Whether the admin lists rows of ``model`` here."""
        admin = getattr(self.view, "model_admin", None)
        return admin is not None and not self.written and admin.model is model

    @property
    def is_inline(self) -> bool:
        """Whether the admin lists rows inside the form of another."""
        admin = getattr(self.view, "model_admin", None)
        return admin is not None and not hasattr(admin, "list_select_related")

    @property
    def drawn(self) -> str:
        """The field of a form of the project's views; the admin makes its forms by itself."""
        by_admin = hasattr(self.view, "model_admin")
        return self.field[1] if self.field is not None and not by_admin else ""

    @property
    def displayed(self) -> tuple[str, ...]:
        """Foreign keys in the ``list_display`` of a ModelAdmin."""
        admin = getattr(self.view, "model_admin", None)
        listed = getattr(admin, "list_display", ())
        keys = {f.name for f in admin.model._meta.concrete_fields if f.is_relation} if admin else ()
        return tuple(name for name in listed if name in keys)

    def location(self) -> Location | None:
        """The line that caused a query."""
        if self.member is not None and (found := member_location(*self.member)) is not None:
            return found
        if self.code is not None:
            return located(self.code)
        return view_location(self.view) or self.template_location()

    def template_location(self) -> Location | None:
        """The line of the template."""
        if (line := self.template) is None:
            return None
        return Location(line.name, line.line, "template", source_line(line.name, line.line))


def place(steps: list[Step], queryset: Any = None) -> Place:
    """Read the stack from a query up to the boundary of the view."""
    callers: list[Position] = []
    code: Position | None = None
    span: Span | None = None
    outside: Position | None = None
    member: tuple[type, str] | None = None
    template: FrameType | None = None
    view = None
    declared: type | None = None
    field: tuple[type, str] | None = None
    by_library = listed = False
    within = 0
    for step, role in steps:
        if (asks := delegate(step)) is not None:
            view = view or (asks.view if _is_known(asks.view) else None)
            member = member or (asks.member if code is None else None)
        if field is None and step.f_code.co_qualname == "BoundField.as_widget":
            bound = step.f_locals["self"]
            field = (type(bound.form), bound.name)
        by_library = by_library or (not callers and role in (TEMPLATE, SERIALIZER, ADMIN))
        if role == USER:
            callers.append(position_of(step))
            if code is None:
                code, span = callers[-1], _span(step)
        elif role == TEMPLATE:
            # A tag that renders the nodes inside it only passes on: look beyond the templates.
            code = None if by_library else code
            within = within if template is not None else len(callers)
            template = template or step
        elif role in (SERIALIZER, ADMIN) and code is None:
            owner, name = library_site(step, role)
            # A serializer that a library made (Meta.depth) stands for the one of the project.
            if name is not None and (member is None or not is_ours(member[0])):
                member = owner, name
        elif role == BOUNDARY:
            view = view or step.f_locals.get("callback")
        elif role == NOTHING and declared is None:
            declared = declared_by(step, is_ours)
            listed = declared is not None and not callers and template is None
        elif role == OTHER_APP and outside is None:
            outside = position_of(step)
    if template is not None and not isinstance(view_target(view), type):
        # What was put around as_view() hides the class, which the context of its template shows.
        shown = class_view(template)
        view = shown if shown is not None and is_ours(view_target(shown)) else view
    listed = listed and declared is view_target(view)
    line = _template_line(template) if template is not None else None
    application = bool(callers) or is_ours(view_target(view))
    if code is None and not application:
        code = outside
    application = application or (line is not None and is_application(line.name))
    application = application or (member is not None and is_ours(member[0]))
    loops_over = _loops_over(template) if template is not None else None
    asked = tuple(callers[:_MOST_CALLERS])
    return Place(
        code,
        asked,
        member,
        line,
        loops_over,
        field,
        view,
        application,
        by_library,
        span,
        declared,
        giver(steps, queryset) if template is not None else None,
        within,
        listed or lists(steps, queryset),
    )


def _is_known(view: Any) -> bool:
    """Whether a view that stands on the stack is the project's or its admin's."""
    return hasattr(view, "model_admin") or is_ours(view_target(view))


def _loops_over(frame: FrameType) -> str | None:
    node = frame.f_locals.get("self")
    return getattr(getattr(node, "sequence", None), "token", None)


def located(position: Position) -> Location:
    file, line, function = position
    return Location(file, line, function, source_line(file, line))


def position_of(frame: FrameType) -> tuple[str, int, str]:
    code = frame.f_code
    return code.co_filename, frame.f_lineno, _COMPREHENSION.sub("", code.co_qualname) or "<module>"


def _span(frame: FrameType) -> Span | None:
    """The expression that a frame runs; None where the interpreter was told to forget it."""
    found = next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None), None)
    return None if found is None or None in found else cast(Span, found)


def _template_line(frame: FrameType) -> TemplateLine | None:
    name, line, _ = library_site(frame, TEMPLATE)
    return TemplateLine(str(name), line) if name is not None else None
