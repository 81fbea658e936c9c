"""Whom a library works for, where its own code stands between the project's and a query.

Each function of a library named here has what the project gave it in a local variable. One that a
release renames costs a better place, never a count.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType, SimpleNamespace
from typing import Any

from django.db.models import Model, QuerySet
from django.db.models.manager import BaseManager
from django.views import View

#: What a class says its rows with.
LISTS = ("items", "get_queryset", "queryset")


@dataclass(frozen=True, slots=True)
class Delegate:
    """The view, or the class and its member, on whose behalf a library's frame runs."""

    view: Any = None
    member: tuple[type, str] | None = None


def delegate(frame: FrameType) -> Delegate | None:
    """What a frame says of whom it works for; None where it says nothing."""
    read = _FRAMES.get(frame.f_code.co_qualname)
    return read(frame.f_locals) if read is not None else None


def _ninja(values: dict[str, Any]) -> Delegate | None:
    """django-ninja: an operation calls the function that was decorated."""
    return Delegate(view=getattr(values.get("self"), "view_func", None))


def _graphql(values: dict[str, Any]) -> Delegate | None:
    """graphql-core under graphene or strawberry: a field of a type that the project wrote."""
    parent, nodes = values.get("parent_type"), values.get("field_nodes")
    definition = (getattr(parent, "extensions", None) or {}).get("strawberry-definition")
    owner = getattr(parent, "graphene_type", None) or getattr(definition, "origin", None)
    if not isinstance(owner, type) or not nodes:
        return None
    return Delegate(member=(owner, re.sub(r"(?<!^)(?=[A-Z])", "_", nodes[0].name.value).lower()))


def _inline(values: dict[str, Any]) -> Delegate | None:
    """Django's admin: the forms of an inline, of which the project wrote the class."""
    inline = values.get("inline") or getattr(values.get("self"), "opts", None)
    return Delegate(view=SimpleNamespace(model_admin=inline)) if inline is not None else None


def _class_view(values: dict[str, Any]) -> Delegate | None:
    """Django's class-based views, whatever was put around their ``as_view()``."""
    view = values.get("self")
    return Delegate(view=SimpleNamespace(view_class=type(view))) if view is not None else None


_FRAMES: dict[str, Callable[[dict[str, Any]], Delegate | None]] = {
    "Operation.run": _ninja,
    "AsyncOperation.run": _ninja,
    "ExecutionContext.execute_field": _graphql,
    "ModelAdmin._create_formsets": _inline,
    "InlineAdminFormSet.__iter__": _inline,
    "InlineAdminFormSet.media": _inline,
    "InlineAdminFormSet.forms": _inline,
    "View.as_view.<locals>.view": _class_view,
}


def class_view(node: FrameType) -> Any:
    """The view that a template's node is rendered for; None where its context names none."""
    view = _shown(node)
    return SimpleNamespace(view_class=type(view)) if view is not None else None


def lists(steps: list[tuple[FrameType, int]], queryset: Any) -> bool:
    """Whether a queryset is the very list of the class-based view around it."""
    if queryset is None:
        return False
    return any(
        getattr(view, "__dict__", {}).get("object_list") is queryset
        for frame, _ in steps
        if (view := _around(frame)) is not None
    )


def _around(frame: FrameType) -> Any:
    name = frame.f_code.co_qualname
    if name == "View.as_view.<locals>.view":
        return frame.f_locals.get("self")
    return _shown(frame) if name == "Node.render_annotated" else None


def _shown(node: FrameType) -> View | None:
    for layer in reversed(getattr(node.f_locals.get("context"), "dicts", ())):
        view = dict.get(layer, "view") if isinstance(layer, dict) else None
        if issubclass(type(view), View):  # isinstance() would evaluate one that is lazy
            return view
    return None


def declared_by(frame: FrameType, is_ours: Callable[[Any], bool]) -> type | None:
    """The project's class that lists rows and whose inherited method runs, such as a sitemap."""
    code = frame.f_code
    if not code.co_argcount or code.co_varnames[0] != "self":
        return None
    cls = type(frame.f_locals.get("self"))
    if issubclass(cls, (Model, QuerySet, BaseManager)) or not is_ours(cls):
        return None
    return cls if any(hasattr(cls, name) for name in LISTS) else None
