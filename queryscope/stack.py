"""Reads the call stack of a running query: where to stop, and how to know the place again.

A walk is the dearest part of recording a query, so it runs on the first sight of each place; the
same query from the same place is recognised by two frames at the depths where they were.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from types import CodeType, FrameType
from typing import Any

from .awaiting import awaiting
from .roles import (
    AGGREGATE,
    BOUNDARY,
    FETCH,
    FILES,
    GENERIC,
    ITERATE,
    LIBRARY_SITES,
    NOTHING,
    OTHER_APP,
    PREFETCH,
    SERIALIZER,
    TEMPLATE,
    THREAD,
    USER,
    classify,
)

_getframe = sys._getframe
#: The local variable of a library's site that is the same object each time it runs.
_ANCHORS = {TEMPLATE: "self", SERIALIZER: "field"}
_UNSEEN: dict[str, int] = {}


class Sight:
    """What one walk found, with depths counted from the frame it began at.

    The same depths lead to the same frames when the query runs again, without walking: a match of
    the site, the holder and the statement is the same query from the same place.
    """

    __slots__ = (
        "anchor",
        "generic_depth",
        "group",
        "holder_code",
        "holder_depth",
        "kind",
        "lasti",
        "prefetch_depth",
        "role",
        "site",
        "site_code",
        "site_depth",
    )

    def __init__(self) -> None:
        #: The group that the recording counts this sight in.
        self.group: Any = None
        self.site: Any = None
        # The node or field of the site: the same object is the same site, without asking its name.
        self.anchor: Any = None
        self.kind = BOUNDARY
        self.lasti = 0
        self.site_code: CodeType | None = None
        self.site_depth = -1
        self.role = 0
        self.holder_code: CodeType | None = None
        self.holder_depth = -1
        self.prefetch_depth = -1
        self.generic_depth = -1

    def match(self, above: int) -> FrameType | None:
        """The holder's frame (the site's without one) when the running query is this one.

        Its walk would begin at depth ``above``.
        """
        if self.site_depth < 0:
            return None
        try:
            frame = _getframe(self.site_depth + above)
            if frame.f_code is not self.site_code:
                return None
            if self.kind == USER:
                if frame.f_lasti != self.lasti:
                    return None
            elif not self._same_site(frame):
                return None
            if self.holder_depth >= 0:
                frame = _getframe(self.holder_depth + above)
                if frame.f_code is not self.holder_code:
                    return None
            return frame
        except ValueError:
            return None

    def _same_site(self, frame: FrameType) -> bool:
        name = _ANCHORS.get(self.kind)
        if name is not None:
            return frame.f_locals.get(name) is self.anchor
        return bool(library_site(frame, self.kind) == self.site)


def walk(frame: FrameType | None) -> Sight:
    """Go up from a query to the place that caused it.

    The place is the first frame of the project, the template node, the serializer's field or the
    changelist's column, whichever is nearest to the query.
    """
    sight = Sight()
    waiting: Iterator[FrameType] | None = None
    other_app: FrameType | None = None
    depth = 0
    while frame is not None:
        code = frame.f_code
        meaning = FILES.get(code.co_filename, _UNSEEN)
        if meaning is _UNSEEN:
            meaning = classify(code.co_filename)
        if meaning is not None:
            found = meaning if type(meaning) is int else meaning.get(code.co_qualname, NOTHING)  # type: ignore[union-attr]
            if found == USER or found in LIBRARY_SITES:
                _settle_on(sight, frame, found)
                sight.site_depth = depth if waiting is None else -1
                return sight
            if found == BOUNDARY:
                # No depth: servers wrap each middleware alike, so that depths coincide.
                _settle_on(sight, other_app or frame, USER if other_app else BOUNDARY)
                return sight
            if found == OTHER_APP:
                other_app = other_app or frame
            _note(sight, found, code, depth)
            if found == THREAD:
                waiting = awaiting(frame)
        frame = frame.f_back if waiting is None else next(waiting, None)
        depth += 1
    if other_app is not None:
        _settle_on(sight, other_app, USER)
    return sight


def _settle_on(sight: Sight, frame: FrameType, found: int) -> None:
    sight.kind, sight.site_code, sight.lasti = found, frame.f_code, frame.f_lasti
    sight.site = _site(frame, found)
    if found in _ANCHORS:
        sight.anchor = frame.f_locals.get(_ANCHORS[found])


def _note(sight: Sight, found: int, code: CodeType, depth: int) -> None:
    if found in (FETCH, ITERATE, AGGREGATE):
        # A queryset filling its cache says more than the iterable it runs to do so.
        inner = sight.role == ITERATE and found == FETCH and sight.prefetch_depth < 0
        if sight.holder_depth < 0 or inner:
            sight.role, sight.holder_code, sight.holder_depth = found, code, depth
    elif found == PREFETCH and sight.prefetch_depth < 0:
        sight.prefetch_depth = depth
    elif found == GENERIC and sight.generic_depth < 0:
        sight.generic_depth = depth


if sys.version_info >= (3, 13):

    def _instruction(frame: FrameType) -> Any:
        return frame.f_lasti

else:

    def _instruction(frame: FrameType) -> Any:
        """Where in its source a frame is.

        Before Python 3.13 ``f_lasti`` of one and the same call changes once the interpreter has
        specialised it, while its position in the source does not.
        """
        return next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None), None)


def _site(frame: FrameType, found: int) -> Any:
    if found == USER:
        return id(frame.f_code), _instruction(frame)
    if found == BOUNDARY:
        return id(frame.f_code)
    return library_site(frame, found)


def library_site(frame: FrameType, found: int) -> Any:
    values = frame.f_locals
    if found == TEMPLATE:
        node = values["self"]
        origin, token = getattr(node, "origin", None), getattr(node, "token", None)
        return (
            getattr(origin, "name", None),
            getattr(token, "lineno", 0),
            getattr(token, "contents", None),
        )
    if found == SERIALIZER:
        field = values.get("field")
        return type(values["self"]), getattr(field, "field_name", None)
    return type(values["cl"].model_admin), str(values.get("field_name"))


#: A frame and its role.
Step = tuple[FrameType, int]


def chain(frame: FrameType | None) -> list[Step]:
    """Every frame from a query up to the boundary, with its role."""
    steps: list[Step] = []
    waiting: Iterator[FrameType] | None = None
    while frame is not None:
        code = frame.f_code
        meaning = FILES.get(code.co_filename, _UNSEEN)
        if meaning is _UNSEEN:
            meaning = classify(code.co_filename)
        found = NOTHING
        if meaning is not None:
            found = meaning if type(meaning) is int else meaning.get(code.co_qualname, NOTHING)  # type: ignore[union-attr]
        steps.append((frame, found))
        if found == BOUNDARY:
            break
        if found == THREAD:
            waiting = awaiting(frame)
        frame = frame.f_back if waiting is None else next(waiting, None)
    return steps


def signature(steps: list[Step]) -> int:
    """A hash of a whole chain of calls.

    Two queries with the same one came from an instruction that ran twice: a loop.
    """
    path: list[Any] = []
    for frame, role in steps:
        path += id(frame.f_code), _instruction(frame)
        if role in LIBRARY_SITES:
            path.append(library_site(frame, role))
    return hash(tuple(path))
