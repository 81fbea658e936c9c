"""Who gave a template the rows that it loops over: a filter, a tag, a context processor, a view.

A template names its rows. Around the node that evaluates them are the nodes that gave the name,
each with what it was written with; what none of them gave is the view's. Read on the first sight
of a place only. One class that a release of Django changes costs a better place, never a count.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from types import FrameType
from typing import Any

from django.db.models import Model
from django.template import Template
from django.template.base import FilterExpression
from django.template.defaulttags import ForNode, IfNode
from django.template.library import SimpleNode
from django.utils.functional import LazyObject

from .roles import TEMPLATE, is_application
from .stack import Step


@dataclass(frozen=True, slots=True)
class Giver:
    """What a template calls its rows outside all loops, and whose they are.

    ``name`` is the variable, "" where a function returned the rows themselves. ``functions`` are
    those of the project that may have given it, none when it is the view's.
    ``of_object`` tells that the rows were reached from an object: they are no list of the view's;
    ``as_is`` that the variable is their queryset itself.
    """

    name: str
    functions: tuple[Callable[..., Any], ...] = ()
    of_object: bool = False
    as_is: bool = False


def giver(steps: list[Step], queryset: Any) -> Giver | None:
    """Whose rows the innermost template node evaluates; None where that is not known."""
    frames = [frame for frame, role in steps if role == TEMPLATE]
    if not frames or not all(hasattr(_context(frame), "dicts") for frame in frames):
        return None
    name = alias = _alias(_context(frames[0]), queryset)
    if name is None:
        expression = _expression(frames[0].f_locals.get("self"))
        if (function := _filtered_by(expression)) is not None:
            return Giver("", (function,))
        name = _root(expression)
    found = _outwards(steps, frames, name) if name is not None else None
    return replace(found, as_is=True) if found is not None and alias is not None else found


def _outwards(steps: list[Step], frames: list[FrameType], name: str) -> Giver | None:
    """Follow a name from the node that uses it to what gave it."""
    context = _context(frames[0])
    of_object = _is_object(_value(context, name))
    for frame in frames[1:]:
        node, outer = frame.f_locals.get("self"), _context(frame)
        known: str | None = name
        if (expression := _given_by(node, name)) is not None:
            if (function := _filtered_by(expression)) is not None:
                return Giver("", (function,), of_object)
            known = _root(expression)
        elif outer is not context:
            if (function := _included_by(node)) is not None:
                return Giver(name, (function,), of_object)
            known = _alias(outer, _value(context, name))
        if known is None:
            return None
        name, context = known, outer
        of_object = of_object or _is_object(_value(context, name))
    return _of_template(steps, context, name, of_object)


def _of_template(steps: list[Step], context: Any, name: str, of_object: bool) -> Giver:
    tags = {tag for template in _templates(steps) for tag in _tags(template).get(name, ())}
    if tags:
        return Giver("", tuple(filter(_is_ours, tags)), of_object=not any(map(_is_ours, tags)))
    if _by_processor(context, name):
        engine = context.template.engine
        functions = tuple(f for f in engine.template_context_processors if _is_ours(f))
        return Giver(name, functions, of_object or not functions)
    return Giver(name, (), of_object)


def _templates(steps: list[Step]) -> Iterator[Template]:
    """The templates that are being rendered."""
    for frame, _ in steps:
        if frame.f_code.co_varnames[:1] == ("self",):
            template = frame.f_locals.get("self")
            if type(template) is Template:
                yield template


@lru_cache(maxsize=64)
def _tags(template: Template) -> dict[str, set[Callable[..., Any]]]:
    """The functions behind the tags of a template that make a variable, by its name."""
    found: dict[str, set[Callable[..., Any]]] = {}
    for node in template.nodelist.get_nodes_by_type(SimpleNode):
        if isinstance(node, SimpleNode) and node.target_var is not None:
            found.setdefault(node.target_var, set()).add(inspect.unwrap(node.func))
    return found


def _by_processor(context: Any, name: str) -> bool:
    index = getattr(context, "_processors_index", None)
    if index is None or context.template is None:
        return False
    layers = _layers(context)
    return name in layers[index] and not any(name in layer for layer in layers[index + 1 :])


def _context(frame: FrameType) -> Any:
    return frame.f_locals.get("context")


def _layers(context: Any) -> list[dict[Any, Any]]:
    """What a context is made of, without anything that would run code of its own."""
    return [dict(dict.items(x)) if isinstance(x, dict) else {} for x in context.dicts]


def _alias(context: Any, value: Any) -> str | None:
    """The innermost name of an object itself in a context."""
    for layer in reversed(_layers(context)):
        for name, known in layer.items():
            if known is value and value is not None:
                return str(name)
    return None


def _is_object(value: Any) -> bool:
    """Whether it is a model's instance. What is lazy stays so: isinstance() would evaluate it."""
    if issubclass(type(value), LazyObject):
        value = object.__getattribute__(value, "__dict__").get("_wrapped")
    return issubclass(type(value), Model)


def _value(context: Any, name: str | None) -> Any:
    for layer in reversed(_layers(context)):
        if name in layer:
            return layer[name]
    return None


def _expression(node: Any) -> FilterExpression | None:
    """The only expression that a node evaluates; None where it has several or none."""
    found = [getattr(node, "sequence", None), getattr(node, "filter_expression", None)]
    if isinstance(node, IfNode):
        found = [e for condition, _ in node.conditions_nodelists for e in _operands(condition)]
    expressions = [one for one in found if isinstance(one, FilterExpression)]
    return expressions[0] if len(expressions) == 1 else None


def _operands(condition: Any) -> Iterator[Any]:
    if (value := getattr(condition, "value", None)) is not None:
        yield value
    for side in (getattr(condition, "first", None), getattr(condition, "second", None)):
        if side is not None:
            yield from _operands(side)


def _given_by(node: Any, name: str) -> FilterExpression | None:
    """The expression of which a node around another made a variable."""
    extra = getattr(node, "extra_context", None)
    found: Any = extra.get(name) if isinstance(extra, dict) else None
    if isinstance(node, ForNode) and name in node.loopvars:
        found = node.sequence
    return found if isinstance(found, FilterExpression) else None


def _included_by(node: Any) -> Callable[..., Any] | None:
    """The function of the project behind an inclusion tag."""
    written: Callable[..., Any] | None = getattr(node, "func", None)
    if written is None or not hasattr(node, "filename"):
        return None
    function: Callable[..., Any] = inspect.unwrap(written)
    return function if _is_ours(function) else None


def _filtered_by(expression: FilterExpression | None) -> Callable[..., Any] | None:
    """The last filter of the project in an expression."""
    filters: list[tuple[Callable[..., Any], Any]] = getattr(expression, "filters", [])
    functions: list[Callable[..., Any]] = [inspect.unwrap(written) for written, _ in filters]
    return next(filter(_is_ours, reversed(functions)), None)


def _root(expression: FilterExpression | None) -> str | None:
    """The first name in an expression; None where it is a literal."""
    lookups = getattr(getattr(expression, "var", None), "lookups", None)
    return str(lookups[0]) if lookups else None


def _is_ours(function: Any) -> bool:
    code = getattr(function, "__code__", None)
    return code is not None and is_application(code.co_filename)
