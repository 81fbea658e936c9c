"""What an argument's name and the text before it say about the model behind it."""

from __future__ import annotations

import datetime
import inspect
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import DateField, Field, ForeignKey, Model
from django.urls.converters import IntConverter

from .routes import Argument, Route, view_class


@dataclass(frozen=True, slots=True)
class Guess:
    """A column that an argument may come from: its model, the path to it, what makes a value of it
    the argument. ``others`` are paths that are as likely: a name such as "organizer" does not say
    by what the row is looked up.
    """

    model: type[Model]
    path: str
    convert: Callable[[Any], Any] | None = None
    others: tuple[str, ...] = ()


KEYS = {"pk", "id", "object_id", "object_pk"}
_DATE_PARTS = {"year": "%Y", "quarter": "", "month": "%m", "day": "%d", "week": "%W"}


def guess(
    route: Route, argument: Argument, primary: type[Model] | None, taken: Collection[str]
) -> Guess | None:
    """Where the values of one argument are; ``taken`` are the paths in use."""
    name = argument.name
    if name in _DATE_PARTS:
        return _date_part(route, argument, primary)
    segment = _model_before(route, argument)
    if name in KEYS or name.isdecimal():
        owners = [primary if "pk" not in taken else None, segment]
        if route.parts[-1] not in (argument, "/"):
            owners.reverse()  # "/webhooks/{pk}/deliveries/": the key is that of the webhook
        owner = next((model for model in owners if model is not None), None)
        return Guess(owner, "pk") if owner else None
    for owner in (primary, segment):
        if owner is not None and has_field(owner, name):
            return of_field(owner, argument)
    named = _by_model_name(route, argument) or _by_unique_field(route, argument)
    # A whole number after "/publishers/" is a key, whatever it is called.
    if named is None and segment is not None and _is_whole(argument):
        return Guess(segment, "pk")
    return named


def of_field(model: type[Model], argument: Argument) -> Guess:
    """The model's column of the argument's name, or what identifies the row that it points to."""
    found = model._meta.get_field(argument.name)
    if isinstance(found, ForeignKey):
        return _identified(model, argument, found.related_model, f"{argument.name}__")
    return Guess(model, argument.name)


def _identified(model: type[Model], argument: Argument, target: Any, prefix: str = "") -> Guess:
    """By the key where the route takes whole numbers only, else by a text first."""
    if _is_whole(argument):
        return Guess(model, f"{prefix}pk")
    paths = [prefix + path for path in (*_texts(target), "pk")]
    if not has_field(target, "slug"):
        paths.insert(0, paths.pop())
    return Guess(model, paths[0], others=tuple(paths[1:]))


def _texts(model: type[Model]) -> list[str]:
    """Text columns that rows are told apart by, "slug" first."""
    meta = model._meta
    together = [constraint.fields for constraint in meta.total_unique_constraints]
    unique = {name for names in (*meta.unique_together, *together) for name in names}
    kinds = {"CharField", "SlugField", "UUIDField"}
    found: list[Field[Any, Any]] = [
        column
        for column in meta.concrete_fields
        if column.get_internal_type() in kinds
        and (column.unique or column.name in unique or column.name == "slug")
        and not (column.primary_key or column.choices)
    ]
    return sorted((column.name for column in found), key=lambda name: name != "slug")


def today(argument: Argument, now: datetime.date) -> Any:
    """The value for part of a date that no row tells; None for another argument."""
    return _part(argument, None, now) if argument.name in _DATE_PARTS else None


def has_field(model: type[Model], name: str) -> bool:
    """Whether the model has a column of that name ("pk" counts)."""
    try:
        return name == "pk" or bool(getattr(model._meta.get_field(name), "concrete", False))
    except FieldDoesNotExist:
        return False


def _date_part(route: Route, argument: Argument, primary: type[Model] | None) -> Guess | None:
    cls = view_class(route.view)
    # All parts are of one date: what stands before the first of them.
    first = next(part for part in route.arguments if part.name in _DATE_PARTS)
    model = primary or _model_before(route, first)
    if model is None:
        return None
    dates = [f.name for f in model._meta.concrete_fields if isinstance(f, DateField)]
    column = getattr(cls, "date_field", None) or next(iter(dates), None)
    if column is None:
        return None
    return Guess(model, column, partial(_part, argument, cls))


def _part(argument: Argument, cls: type | None, value: datetime.date | None) -> Any:
    if value is None:
        return None
    if argument.name == "quarter":
        return (value.month + 2) // 3
    whole = _is_whole(argument)
    written = None if whole else getattr(cls, f"{argument.name}_format", None)
    text = value.strftime(written or _DATE_PARTS[argument.name])
    return int(text) if whole else text.lower()


def _by_model_name(route: Route, argument: Argument) -> Guess | None:
    """ "project_id", "webhook_pk", "project_slug", "project"."""
    words = argument.name.split("_")
    for cut in range(len(words), 0, -1):
        model = _model_named("".join(words[:cut]), route)
        path = "_".join(words[cut:]) or "pk"
        path = "pk" if path == "id" else path
        if model is not None and has_field(model, path):
            if cut == len(words):
                return _identified(model, argument, model)
            return Guess(model, path)
    return None


def _is_whole(argument: Argument) -> bool:
    return isinstance(argument.converter, IntConverter)


def _by_unique_field(route: Route, argument: Argument) -> Guess | None:
    """ "username" is the user's: the one model that has a unique column of that name, or of one
    that is spelled with other underscores.
    """
    owners = {}
    for model in apps.get_models():
        for column in model._meta.concrete_fields:
            if _letters(column.name) == _letters(argument.name) and column.unique:
                owners[model] = column.name
    nearest = _nearest(list(owners), route)
    return Guess(nearest[0], owners[nearest[0]]) if len(nearest) == 1 else None


def _model_before(route: Route, argument: Argument) -> type[Model] | None:
    """ "/api/security-events/{id}/" is about SecurityEvent."""
    before = ""
    for part in route.parts:
        if part is argument:
            break
        before = part if isinstance(part, str) else before
    segments = [segment for segment in before.split("/") if segment]
    for segment in reversed(segments):
        model = _model_named(segment, route)
        if model is not None:
            return model
    return None


def _model_named(text: str, route: Route) -> type[Model] | None:
    wanted = set(_singulars(_letters(text)))
    if not wanted:
        return None
    exact, ending = [], []
    for model in apps.get_models():
        meta = model._meta
        # Some projects call every model "...Model", which no URL repeats.
        short = str(meta.model_name).removesuffix("model")
        names = {_letters(n) for n in (meta.verbose_name, meta.verbose_name_plural)}
        if wanted & {*names, meta.model_name, short}:
            exact.append(model)
        elif any(len(w) > 3 and short.endswith(w) for w in wanted) or _initials(model) in wanted:
            ending.append(model)
    own = _own_app(route)
    kinds = [[m for m in found if m._meta.app_label == own] for found in (exact, ending)]
    for found in (*kinds, _nearest(exact, route), _nearest(ending, route)):
        if len(found) == 1:
            return found[0]
    return None


def model_called(name: str) -> type[Model] | None:
    """The one model of that class name, as variables are named after it; None for several."""
    found = [m for m in apps.get_models() if m._meta.model_name == _letters(name)]
    return found[0] if len(found) == 1 else None


def _letters(text: Any) -> str:
    return re.sub(r"[\W_]", "", str(text)).lower()


def _initials(model: type[Model]) -> str:
    """ "coa" of ChartOfAccounts."""
    capitals = [c for c in model.__name__.removesuffix("Model") if c.isupper()]
    return "".join(capitals).lower() if len(capitals) > 1 else ""


def _singulars(word: str) -> list[str]:
    found = [word] if word else []
    for ending, single in (("ies", "y"), ("es", ""), ("s", "")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            found.append(word[: -len(ending)] + single)
    return found


def _nearest(models: list[type[Model]], route: Route) -> list[type[Model]]:
    """Of several, those of the view's app, else those outside Django itself."""
    own = [model for model in models if model._meta.app_label == _own_app(route)]
    project = [model for model in models if not model.__module__.startswith("django.")]
    return own or project or models


def _own_app(route: Route) -> str | None:
    module = getattr(view_class(route.view) or inspect.unwrap(route.view), "__module__", "") or ""
    app = apps.get_containing_app_config(module)
    return app.label if app else None
