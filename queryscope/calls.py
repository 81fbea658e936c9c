"""Reads the stack of a query that writes: whose call it belongs to, and whose loop makes it."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from itertools import takewhile
from types import FrameType
from typing import Any

from django.db.models import Model, QuerySet
from django.db.models.manager import BaseManager

from .core.events import WRITES
from .provenance import OPERATIONS
from .roles import BOUNDARY, NOTHING, USER
from .saving import OF_MANAGERS
from .stack import Step

#: Library functions that write in a loop which the application can replace.
_REPLACEABLE = {
    "BaseModelFormSet.save_new_objects": "formset",
    "BaseModelFormSet.save_existing_objects": "formset",
    "ListSerializer.create": "list serializer",
}
_OVERRIDES_OF_MODELS = frozenset({"save", "asave", "delete", "adelete"})
_OVERRIDES_OF_QUERYSETS = frozenset(
    {"create", "get_or_create", "update_or_create", "update", "delete"}
    | {"acreate", "aget_or_create", "aupdate_or_create", "aupdate", "adelete"}
)
_DISPATCH = frozenset({"Signal.send", "Signal.send_robust"})


def beyond_overrides(steps: list[Step]) -> list[Step]:
    """The stack without the project's own ``save()`` that hands on to Django's.

    Who called it is the one who writes.
    """
    seen = [(f, NOTHING if r == USER and _hands_on(f) else r) for f, r in steps]
    return seen if any(role == USER for _, role in seen) else steps


def _hands_on(frame: FrameType) -> bool:
    name, target = frame.f_code.co_name, frame.f_locals.get("self")
    # By its type: an object may lie about its class, and query to do so.
    if issubclass(type(target), Model):
        return name in _OVERRIDES_OF_MODELS
    return name in _OVERRIDES_OF_QUERYSETS and issubclass(type(target), (BaseManager, QuerySet))


def between(steps: list[Step]) -> list[FrameType]:
    """The frames between a query and the line of the project that caused it."""
    return [frame for frame, _ in takewhile(lambda step: step[1] != USER, steps)]


def outermost(inner: list[FrameType]) -> FrameType | None:
    """The ORM's method that the application called."""
    found = None
    for frame in inner:
        if OPERATIONS.get(frame.f_code.co_qualname) in WRITES:
            found = frame
    return found


def loop_of(frames: Iterable[FrameType]) -> str:
    names = (_REPLACEABLE.get(frame.f_code.co_qualname, "") for frame in frames)
    return next(filter(None, names), "")


def hook_of(steps: list[Step]) -> tuple[str, int]:
    """Whose loop calls the project's line back, and how many of its lines stand in between."""
    roles = [role for _, role in steps]
    first = roles.index(USER) if USER in roles else len(roles)
    own = len(list(takewhile(lambda step: step[1] == USER, steps[first:])))
    return loop_of(between(steps[first + own :])), own


def scope_of(steps: list[Step]) -> Any:
    """What is another object for each request and for each signal that is sent."""
    beyond = False
    for frame, role in steps:
        beyond = beyond or role == USER
        if beyond and frame.f_code.co_qualname in _DISPATCH:
            # A signal without an instance: no two writes are known to be of one dispatch.
            named = frame.f_locals.get("named") or {}
            return named.get("instance", object())
        if role == BOUNDARY:
            values = frame.f_locals
            return values.get("request", values.get("self"))
    return None


def call_of(inner: list[FrameType], frame: FrameType | None) -> Any:
    """What is made anew for each call of the application to a method that loops by itself."""
    for each in inner:
        if each.f_code.co_qualname == "Collector.delete":
            return each.f_locals.get("self")
    if frame is not None and OPERATIONS[frame.f_code.co_qualname] in OF_MANAGERS:
        return frame.f_locals.get("self")
    return None


def reference(thing: Any) -> Any:
    try:
        return weakref.ref(thing)
    except TypeError:
        return lambda: None
