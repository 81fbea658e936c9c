"""Where rows come from: the line that built a queryset, or else the one that evaluated it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .construction import Given, begun_at, built_at, built_in, given_as, named_at
from .core.sightings import Location
from .delegates import LISTS
from .givers import Giver
from .places import Place, Position, located
from .written import is_ours, member_location, source_line, view_location, view_target

#: What a view class says its rows with, best first.
_ROWS = ("get_queryset", "queryset", "items", "list_select_related", "model", "serializer_class")
#: What generic views call their rows in a template, beside the model's own name.
_LISTS = frozenset({"object_list", "page_obj", "page", "paginator", "cl"})


#: How a class-based view names its own rows in what it gives a template.
_OWN = frozenset({"object_list", "get_queryset", "page_obj"})


@dataclass(frozen=True, slots=True)
class Rows:
    """The line to change for rows. ``built`` tells that it built them, ``manager`` by which.

    ``evaluates`` tells that it only evaluates them, since what built them could not be told.
    """

    location: Location | None
    built: bool = False
    manager: str | None = None
    evaluates: bool = False


@dataclass(frozen=True, slots=True)
class _Sought:
    """The rows of ``model`` as code names them: its managers, or those of a relation."""

    model: Any
    owner: str | None
    names: tuple[str, ...]

    def at(self, position: Position) -> Rows | None:
        """The line that built what is evaluated at a position."""
        file, line, function = position
        return self.at_line(file, function, built_at(file, line, self.owner, self.names))

    def inside(self, method: Location) -> Rows | None:
        """The only line of a function that builds some."""
        found = built_in(method.file, method.line, self.owner, self.names)
        return self.at_line(method.file, method.function, found)

    def given(self, position: Position, key: str) -> tuple[Given, Rows | None] | None:
        """What a function gives a template as ``key``; None where it does not name that."""
        file, line, function = position
        given = given_as(file, line, key, self.owner, self.names)
        return (given, self.at_line(file, function, given.built)) if given is not None else None

    def at_line(self, file: str, function: str, found: tuple[int, str] | None) -> Rows | None:
        """A line that builds some, with the manager that it names."""
        if found is None:
            return None
        line, manager = found
        where = Location(file, line, function, source_line(file, line))
        return Rows(where, True, manager if self.owner else None)


def rows_at(position: Position, manager: str, model: Any, accessor: str | None) -> Rows:
    """The rows of ``model`` that were seen being built at a position, with a manager."""
    file, line, function = position
    sought = _sought(model, accessor)
    # A call that goes over several lines is where its name stands; its manager may stand above.
    found = begun_at(file, line, sought.owner, sought.names)
    if found is None and manager in sought.names:
        found = line, manager
    return sought.at_line(file, function, found) or Rows(located(position), True)


def _sought(model: Any, accessor: str | None) -> _Sought:
    owner = None if accessor else model.__name__
    names = (accessor,) if accessor else tuple(manager.name for manager in model._meta.managers)
    return _Sought(model, owner, names)


def rows_of(place: Place, model: Any, accessor: str | None) -> Rows:
    """Where the rows of ``model`` come from; ``accessor`` names their related manager, if any."""
    sought = _sought(model, accessor)
    if place.field is not None:
        return _of_field(place)
    if not _in_template(place, accessor):
        for position in place.callers[: place.within] if place.giver else place.callers:
            if (built := sought.at(position)) is not None:
                return built
        if place.giver is not None:
            return _given(place, place.giver, sought) or _evaluated(place, place.giver)
    if place.written and place.code is not None and not _listed(place, model):
        return Rows(located(place.code), evaluates=True)
    if place.member is not None and (found := _of_member(*place.member, sought)) is not None:
        return found
    return _declared_rows(place, sought) or _of_view(place, sought) or _evaluated(place)


def _of_member(cls: type, name: str, sought: _Sought) -> Rows | None:
    """A member of a serializer or a type, or the method of it that answers."""
    for method in (f"resolve_{name}", f"get_{name}"):
        where = member_location(cls, method, whole_class=False)
        if where is not None and (found := sought.inside(where)) is not None:
            return found
    field = member_location(cls, name)
    return (sought.inside(field) or Rows(field)) if field is not None else None


def _given(place: Place, giver: Giver, sought: _Sought) -> Rows | None:
    """The line behind a variable of a template; None where that is not certain."""
    if giver.functions:
        return _by_function(giver, sought)
    if giver.of_object:
        return None
    for position in place.callers[place.within :]:
        if (known := sought.given(position, giver.name)) is not None:
            return _or_own(place, known, sought)
    target = view_target(place.view) if place.view is not None else None
    if target is None:
        return None
    functions = _methods(target) if isinstance(target, type) else (target,)
    said = [sought.given(_start(function), giver.name) for function in functions]
    mentions = [one for one in said if one is not None]
    if mentions:
        built = [one for one in mentions if one[1] is not None] or mentions
        return _or_own(place, built[0], sought) if len(built) == 1 else None
    # No line of the project names it: it is what a library calls the rows of a view.
    if isinstance(target, type) and (
        _lists(place, target, sought.model)
        or (not giver.as_is and _model(place, target) is sought.model)
    ):
        return _said(place, target, sought)
    return None


def _by_function(giver: Giver, sought: _Sought) -> Rows | None:
    """What a filter or a tag returns, or one of the context processors gives."""
    found = []
    for function in giver.functions:
        where = located(_start(function))
        if not giver.name:
            found.append(sought.inside(where) or Rows(where))
        elif (known := sought.given(_start(function), giver.name)) is not None:
            found.append(known[1] or Rows(where))
    return found[0] if len(found) == 1 else None


def _start(function: Any) -> Position:
    """The line of a function's name, below its decorators."""
    code = inspect.unwrap(function).__code__
    return code.co_filename, named_at(code.co_filename, code.co_firstlineno), code.co_qualname


def _or_own(place: Place, known: tuple[Given, Rows | None], sought: _Sought) -> Rows | None:
    """What was built under a name, or the view's own rows where it says so."""
    given, rows = known
    target = view_target(place.view) if place.view is not None else None
    if rows is not None:
        return rows
    if not isinstance(target, type):
        return Rows(view_location(place.view)) if place.code is None else None
    own = place.listed or not given.names.isdisjoint(_OWN | _called(target, sought.model))
    fits = _model(place, target) in (None, sought.model)
    return _said(place, target, sought) if own and fits else None


def _methods(cls: type) -> Iterator[Any]:
    for owner in cls.__mro__:
        if is_ours(owner):
            yield from (method for method in vars(owner).values() if inspect.isfunction(method))


def _listed(place: Place, model: Any) -> bool:
    """Whether the rows are those that the view itself lists, whichever line evaluates them."""
    target = view_target(place.view) if place.listed else None
    return isinstance(target, type) and model is _model(place, target)


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


def _declared_rows(place: Place, sought: _Sought) -> Rows | None:
    """What a class that is no view lists, a sitemap say."""
    if place.declared is None or place.declared is view_target(place.view):
        return None
    for name in LISTS:
        member = member_location(place.declared, name, whole_class=False)
        if member is not None and (found := sought.inside(member)) is not None:
            return found
    return None


def _of_view(place: Place, sought: _Sought) -> Rows | None:
    """What the view says of its own rows; None where these are others."""
    target = view_target(place.view) if place.view is not None else None
    if not isinstance(target, type):
        # A function that returned a response to be rendered later.
        function = view_location(place.view) if place.code is None else None
        return (sought.inside(function) or Rows(function)) if function else None
    if not _lists(place, target, sought.model):
        context = member_location(target, "get_context_data", whole_class=False)
        return sought.inside(context) if context is not None else None
    return _said(place, target, sought)


def _said(place: Place, target: type, sought: _Sought) -> Rows | None:
    for name in _ROWS if is_ours(target) else ():
        member = member_location(target, name, whole_class=False)
        if member is not None:
            return sought.inside(member) or _declared(member, sought)
    where = view_location(place.view)
    return Rows(where) if where is not None else None


def _declared(member: Location, sought: _Sought) -> Rows:
    """A class attribute such as ``queryset = Task.objects.all()``."""
    named = re.search(rf"\b{sought.owner}\.(\w+)", member.code) if sought.owner else None
    manager = named.group(1) if named and named.group(1) in sought.names else None
    return Rows(member, sought.owner is not None, manager)


def _lists(place: Place, target: type, model: Any) -> bool:
    """Whether rows of ``model`` that a template loops over, or a library reads, are the view's."""
    asked = (place.loops_over or "").partition("|")[0].partition(".")[0]
    asked = place.giver.name if place.giver is not None else asked
    if place.loops_over is not None and asked not in _called(target, model):
        return False
    declared = _model(place, target)
    if not isinstance(declared, type):
        return True
    return issubclass(model, declared) or issubclass(declared, model)


def _called(target: type, model: Any) -> frozenset[Any]:
    """What a generic view calls its rows in a template."""
    named = getattr(target, "context_object_name", None)
    return _LISTS | {f"{model._meta.model_name}_list", *([named] if named else ())}


def _model(place: Place, target: type) -> Any:
    """The model of the rows that a view lists, as it declares them; None where it does not."""
    admin = getattr(place.view, "model_admin", None)
    declared = getattr(admin, "model", None) or getattr(target, "model", None)
    declared = declared or getattr(getattr(target, "queryset", None), "model", None)
    serializer = getattr(target, "serializer_class", None)
    return declared or getattr(getattr(serializer, "Meta", None), "model", None)


def _evaluated(place: Place, giver: Giver | None = None) -> Rows:
    """The line that evaluates the rows: the template's, unless code passed them on to it."""
    by_view = giver is None or not (giver.functions or giver.of_object)
    if place.code is not None and by_view:
        return Rows(located(place.code), evaluates=True)
    if (line := place.template_location()) is not None:
        return Rows(line, evaluates=True)
    return Rows(view_location(place.view))
