"""Where rows come from: the line that built a queryset, or else the one that evaluated it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .construction import built_at, built_in
from .core.events import Location
from .places import (
    Place,
    is_ours,
    located,
    member_location,
    source_line,
    view_location,
    view_target,
)

#: What a view class says its rows with, best first.
_ROWS = ("get_queryset", "queryset", "items", "list_select_related", "model", "serializer_class")
#: What generic views call their rows in a template, beside the model's own name.
_LISTS = frozenset({"object_list", "page_obj", "page", "paginator", "cl"})


@dataclass(frozen=True, slots=True)
class Rows:
    """The line to change for rows. ``built`` tells that it built them, ``manager`` by which."""

    location: Location | None
    built: bool = False
    manager: str | None = None


def rows_of(place: Place, model: Any, accessor: str | None) -> Rows:
    """Where the rows of ``model`` come from; ``accessor`` names their related manager, if any."""
    owner = None if accessor else model.__name__
    names = (accessor,) if accessor else tuple(manager.name for manager in model._meta.managers)
    if place.field is not None:
        return _of_field(place)
    if not _in_template(place, accessor):
        for file, line, function in place.callers:
            found = built_at(file, line, owner, names)
            if found is not None:
                line, name = found
                where = Location(file, line, function, source_line(file, line))
                return Rows(where, True, name if owner else None)
    if place.written and place.code is not None:
        return Rows(located(place.code))
    if place.member is not None and (field := member_location(*place.member)) is not None:
        return Rows(field)
    return _of_view(place, model, owner, names) or Rows(_evaluated(place))


def _of_field(place: Place) -> Rows:
    assert place.field is not None
    form, name = place.field
    if getattr(place.view, "model_admin", None) is not None and not is_ours(form):
        return Rows(view_location(place.view))
    where = member_location(form, name)
    return Rows(where if where is not None and is_ours(form) else view_location(place.view))


def _in_template(place: Place, accessor: str | None) -> bool:
    """Whether a template names the manager itself: nothing of Python built the queryset."""
    asked = (place.loops_over or "").partition("|")[0]
    return accessor is not None and asked.endswith((f".{accessor}.all", f".{accessor}"))


def _of_view(place: Place, model: Any, owner: str | None, names: tuple[str, ...]) -> Rows | None:
    """What the view says of its own rows; None where these are others."""
    target = view_target(place.view) if place.view is not None else None
    if not isinstance(target, type):
        # A function that returned a response to be rendered later.
        function = view_location(place.view) if place.code is None else None
        return (_built_in(function, owner, names) or Rows(function)) if function else None
    if not _lists(place, target, model):
        context = member_location(target, "get_context_data", whole_class=False)
        return _built_in(context, owner, names) if context is not None else None
    for name in _ROWS if is_ours(target) else ():
        member = member_location(target, name, whole_class=False)
        if member is None:
            continue
        return _built_in(member, owner, names) or _declared(member, owner, names)
    return Rows(view_location(place.view))


def _declared(member: Location, owner: str | None, names: tuple[str, ...]) -> Rows:
    """A class attribute such as ``queryset = Task.objects.all()``."""
    named = re.search(rf"\b{owner}\.(\w+)", member.code) if owner else None
    manager = named.group(1) if named and named.group(1) in names else None
    return Rows(member, owner is not None, manager)


def _built_in(method: Location, owner: str | None, names: tuple[str, ...]) -> Rows | None:
    found = built_in(method.file, method.line, owner, names)
    if found is None:
        return None
    line, manager = found
    where = Location(method.file, line, method.function, source_line(method.file, line))
    return Rows(where, True, manager if owner else None)


def _lists(place: Place, target: type, model: Any) -> bool:
    """Whether rows of ``model`` that a template loops over, or a library reads, are the view's."""
    asked = (place.loops_over or "").partition("|")[0].partition(".")[0]
    own = {*_LISTS, f"{model._meta.model_name}_list", getattr(target, "context_object_name", None)}
    if place.loops_over is not None and asked not in own:
        return False
    admin = getattr(place.view, "model_admin", None)
    declared = getattr(admin, "model", None) or getattr(target, "model", None)
    declared = declared or getattr(getattr(target, "queryset", None), "model", None)
    serializer = getattr(target, "serializer_class", None)
    declared = declared or getattr(getattr(serializer, "Meta", None), "model", None)
    if not isinstance(declared, type):
        return True
    return issubclass(model, declared) or issubclass(declared, model)


def _evaluated(place: Place) -> Location | None:
    if place.code is not None:
        return located(place.code)
    if (template := place.template) is not None:
        code = source_line(template.name, template.line)
        return Location(template.name, template.line, "template", code)
    return view_location(place.view)
