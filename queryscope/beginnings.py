"""Which lines of the project build a queryset, read from the frames that stand when it is made.

A chain of calls begins with a manager. The line that must change is the one that says which rows
there are: not a manager's own method, which serves all who call it, nor a helper that is given the
model. These hand the queryset on to the line that is sought.
"""

from __future__ import annotations

from types import FrameType
from typing import Any, Literal, NamedTuple

from django.db.models.manager import BaseManager
from django.db.models.query import QuerySet, RawQuerySet

from .places import Place, Position, position_of
from .roles import FILES, NOTHING, USER, classify

#: Frames of the project that are looked at for one queryset.
_MOST_CANDIDATES = 6
#: Methods that say what is loaded: where they are called is the line to change.
_LOADS = frozenset({"select_related", "prefetch_related", "only", "defer"})

#: What a frame of the project is to a queryset made below it: the code that says which rows, a
#: manager's own method, or code that serves several models.
_Part = Literal["says", "manager", "serves"]


class Candidate(NamedTuple):
    position: Position
    part: _Part


def chosen(candidates: tuple[Candidate, ...], place: Place) -> Position | None:
    """The first that says which rows there are, where those before handed the queryset out.

    What a manager's method evaluates by itself is for that method to change.
    """
    busy = {(file, function) for file, _, function in place.callers}
    for position, part in candidates:
        if part == "says":
            return position
        if (position[0], position[2]) in busy:
            return position if part == "manager" else None
    return None


def loading(frame: FrameType | None, model: Any) -> tuple[Candidate, ...]:
    """Where the method is called that makes a clone to say what it loads."""
    while frame is not None and frame.f_code.co_name in ("_clone", "_chain"):
        frame = frame.f_back
    if frame is None or frame.f_code.co_name not in _LOADS or _role(frame) == USER:
        return ()
    return Walk(model, _lookups(frame)).candidates(frame.f_back)


def _lookups(frame: FrameType) -> frozenset[str]:
    """What a method like ``select_related(*fields)`` is given."""
    code = frame.f_code
    given = frame.f_locals.get(code.co_varnames[code.co_argcount + code.co_kwonlyargcount], ())
    names = (getattr(lookup, "prefetch_through", lookup) for lookup in given)
    return frozenset(name for name in names if type(name) is str)


class Walk:
    """From the frame that makes a queryset outwards, as far as the frames do nothing else.

    A library's ``View.get`` does much more than to build a queryset: the line that calls it is not
    the one that builds it. With ``lookups`` it is sought who says these.
    """

    def __init__(self, model: Any, lookups: frozenset[str] | None = None) -> None:
        self._model = model
        self._lookups = lookups
        self._related = False
        self.by_library = False
        self.manager = ""

    def candidates(self, frame: FrameType | None) -> tuple[Candidate, ...]:
        """Frames of the project, inwards out, up to the one that says which rows there are."""
        found: list[Candidate] = []
        while frame is not None and len(found) < _MOST_CANDIDATES:
            if _role(frame) == USER:
                found.append(Candidate(position_of(frame), self._part(frame)))
                if found[-1].part == "says":
                    break
            elif not self._passes(frame, bool(found)):
                break
            frame = frame.f_back
        return tuple(found)

    def _passes(self, frame: FrameType, beyond: bool) -> bool:
        """Whether a frame of a library only makes or hands on a queryset."""
        if _role(frame) > 0:
            return False  # a query runs, or a template: what is made below is made for that
        if self._is_manager(first(frame)):
            return True
        name = frame.f_code.co_name
        handed = "queryset" in name or name.endswith("_or_404")
        self.by_library = self.by_library or (handed and not beyond)
        return handed

    def _part(self, frame: FrameType) -> _Part:
        this, code = first(frame), frame.f_code
        if self._is_manager(this) and _akin(vars(this), self._model):
            return "manager"
        if self._lookups is not None:
            return "says" if self._lookups.intersection(map(_text, code.co_consts)) else "serves"
        if self._related:
            return "says"
        if any(given is self._model for given in _given(frame)[1:]):
            return "serves"
        cls = this if is_a(this, type) else type(this)
        # A method that others inherit says what its class is for, or else what all of them are for.
        own = code.co_qualname == f"{cls.__qualname__}.{code.co_name}"
        return "says" if own or _names(frame, self._model) else "serves"

    def _is_manager(self, this: Any) -> bool:
        if is_a(this, BaseManager):
            self._related = self._related or "instance" in vars(this)
            self.manager = self.manager or vars(this).get("name") or ""
        return is_a(this, BaseManager, QuerySet, RawQuerySet)


def _names(frame: FrameType, model: Any) -> bool:
    """Whether a function names a model."""
    names = frame.f_code.co_names
    if model is None or model.__name__ in names:
        return model is not None
    return any(frame.f_globals.get(name) is model for name in names)


def _akin(values: dict[str, Any], model: Any) -> bool:
    """Whether a manager or a queryset is for the rows of a model."""
    own = values.get("model")
    if own is None or model is None:
        return own is model
    return issubclass(own, model) or issubclass(model, own)


def _text(constant: Any) -> str:
    return constant if type(constant) is str else ""


def is_a(value: Any, *classes: type) -> bool:
    """As isinstance(), which would evaluate what is lazy."""
    return issubclass(type(value), classes)


def first(frame: FrameType) -> Any:
    """What a function was given first: ``self`` of a method."""
    code = frame.f_code
    return frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None


def _given(frame: FrameType) -> list[Any]:
    code = frame.f_code
    count = code.co_argcount + code.co_kwonlyargcount
    return [frame.f_locals.get(name) for name in code.co_varnames[:count]]


def _role(frame: FrameType) -> int:
    """What a frame means to a query below it; see ``roles``."""
    file = frame.f_code.co_filename
    meaning = FILES[file] if file in FILES else classify(file)
    if isinstance(meaning, dict):
        return meaning.get(frame.f_code.co_qualname, NOTHING)
    return NOTHING if meaning is None else meaning
