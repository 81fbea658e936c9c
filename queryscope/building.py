"""Where querysets are built, noted while an audit or a test watches.

A view evaluates what a helper in another file began, or a class attribute that is older than the
request. Which of them it was the stack of the query does not say; the one that stood when the
queryset was made does. So ``QuerySet.__init__`` is wrapped for as long as somebody watches and put
back afterwards. A clone is made in a method of the queryset that it comes from, so it begins where
that one did. What is noted is kept beside the querysets, behind weak references, never on them.
"""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from types import FrameType
from typing import Any, NamedTuple

from django.db.models.query import QuerySet, RawQuerySet

from .beginnings import Candidate, Walk, chosen, first, is_a, loading
from .declared import declared
from .places import Place, Position


@dataclass(frozen=True, slots=True)
class _Birth:
    """Where a queryset and all that it was cloned from began; plain data but for ``root``.

    ``root`` is the oldest of them when that is older than the watch, ``by_library`` tells that a
    method of a library began it from there. ``loads`` is where it was last said what it loads.
    """

    model: Any
    begun: tuple[Candidate, ...]
    root: weakref.ref[Any] | None = None
    by_library: bool = False
    loads: tuple[Candidate, ...] = ()
    manager: str = ""


class Site(NamedTuple):
    """The line that builds a queryset, and the manager that it begins with ("" if not known)."""

    position: Position
    manager: str = ""


class _Reference(weakref.ref[Any]):
    """A queryset, and where it began."""

    __slots__ = ("birth", "key")

    birth: _Birth
    key: int


class Building:
    """The sites of one recording, by the index of the group of queries that evaluates them.

    A group whose querysets were built in several places has none. ``fault`` is the first error of
    queryscope itself.
    """

    def __init__(self) -> None:
        self._found: dict[int, Site | None] = {}
        #: Querysets that are older than the watch, and where they stand.
        self._declared: dict[int, tuple[_Birth, Position | None]] = {}
        self.fault: Exception | None = None

    @property
    def sites(self) -> dict[int, Site]:
        """Those that are certain."""
        return {index: site for index, site in self._found.items() if site is not None}

    def note(self, index: int, queryset: Any, place: Place | None) -> None:
        """Note that the queries of a group evaluate a queryset."""
        if place is None or (index in self._found and self._found[index] is None):
            return
        site = self._site(queryset, place)
        if self._found.setdefault(index, site) != site:
            self._found[index] = None

    def close(self) -> None:
        """Let go of what belongs to the application."""
        self._declared.clear()

    def _site(self, queryset: Any, place: Place) -> Site | None:
        """The one line that must change for a queryset; None where it is not certain."""
        birth = _birth(queryset) or _Birth(queryset.model, (), weakref.ref(queryset))
        found = chosen(birth.loads, place)
        if found is None and (birth.root is None or birth.by_library):
            found = chosen(birth.begun, place)
        if found is None and birth.root is not None:
            found = self._declared_at(birth, place)
        return Site(found, birth.manager) if found is not None else None

    def _declared_at(self, birth: _Birth, place: Place) -> Position | None:
        if id(birth) not in self._declared:
            root = birth.root() if birth.root is not None else None
            found = declared(root, place.view) if root is not None else None
            self._declared[id(birth)] = birth, found
        return self._declared[id(birth)][1]


_watches: tuple[Building, ...] = ()
_lock = threading.Lock()
_births: dict[int, _Reference] = {}
_wrapped: dict[Any, tuple[Callable[..., None], Callable[..., None]]] = {}


@contextmanager
def watch_building() -> Iterator[Building]:
    """Note where the querysets of all threads are built, inside the block.

    Blocks may overlap; the last one to end puts ``QuerySet`` back as it was.
    """
    building = Building()
    _begin(building)
    try:
        yield building
    finally:
        _end(building)
        building.close()


def _begin(building: Building) -> None:
    global _watches
    with _lock:
        if not _watches:
            for cls in (QuerySet, RawQuerySet):
                original = cls.__dict__["__init__"]
                wrapper = _wrapper(original)
                _wrapped[cls] = original, wrapper
                _put(cls, wrapper)
        _watches = (*_watches, building)


def _end(building: Building) -> None:
    global _watches
    with _lock:
        _watches = tuple(other for other in _watches if other is not building)
        if _watches:
            return
        for cls, (original, wrapper) in _wrapped.items():
            # What was put over it meanwhile stays, and calls a wrapper that does nothing more.
            if cls.__dict__.get("__init__") is wrapper:
                _put(cls, original)
        _wrapped.clear()
        _births.clear()


def _put(cls: Any, function: Callable[..., None]) -> None:
    cls.__init__ = function


def _wrapper(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if _watches:
            try:
                _note(self, sys._getframe(1))
            except Exception as error:  # the application must not notice
                for building in _watches:
                    building.fault = building.fault or error

    return __init__


def _note(queryset: Any, frame: FrameType | None) -> None:
    while frame is not None and first(frame) is queryset:
        frame = frame.f_back  # a subclass with an __init__ of its own
    if frame is None:
        return
    above = first(frame)
    if is_a(above, QuerySet, RawQuerySet):
        known = _birth(above)
        birth = known or _begun(frame, above.model, above)
        if known is None:
            _keep(above, birth)
        if loads := loading(frame, birth.model):
            birth = replace(birth, loads=loads)
    else:
        birth = _begun(frame, queryset.model, None)
    _keep(queryset, birth)


def _keep(queryset: Any, birth: _Birth) -> None:
    reference = _Reference(queryset, _forget)
    reference.key, reference.birth = id(queryset), birth
    _births[reference.key] = reference


def _forget(reference: _Reference) -> None:
    if _births.get(reference.key) is reference:
        _births.pop(reference.key, None)


def _birth(queryset: Any) -> _Birth | None:
    reference = _births.get(id(queryset))
    return reference.birth if reference is not None and reference() is queryset else None


def _begun(frame: FrameType, model: Any, root: Any) -> _Birth:
    """Where a queryset begins that is made in a frame; ``root`` is what it is a clone of."""
    walk = Walk(model)
    begun = walk.candidates(frame)
    reference = weakref.ref(root) if root is not None else None
    return _Birth(model, begun, reference, walk.by_library, manager=walk.manager)
