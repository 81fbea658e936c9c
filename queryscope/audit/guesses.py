"""What an argument's name and the text before it say about the model behind it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import DateField, ForeignKey, Model
from django.urls.converters import IntConverter

from .routes import Argument, Route, view_class

Guess = tuple[type[Model], Mapping[str, str], Mapping[str, Callable[[Any], Any]]]

_KEYS = {"pk", "id", "object_id", "object_pk"}
_DATE_PARTS = {"year": "%Y", "month": "%m", "day": "%d", "week": "%W"}


def guess(
    route: Route, argument: Argument, primary: type[Model] | None, taken: set[str]
) -> Guess | None:
    """Model, lookup path and converter for one argument; ``taken`` are the paths in use."""
    name = argument.name
    if name in _DATE_PARTS:
        return _date_part(route, argument, primary)
    segment = _model_before(route, argument)
    if name in _KEYS or name.isdecimal():
        owners = [primary if "pk" not in taken else None, segment]
        if route.parts[-1] not in (argument, "/"):
            owners.reverse()  # "/webhooks/{pk}/deliveries/": the key is that of the webhook
        owner = next((model for model in owners if model is not None), None)
        return _plain(owner, name, "pk") if owner else None
    for owner in (primary, segment):
        if owner is not None and has_field(owner, name):
            return _plain(owner, name, _value_path(owner, name))
    named = _by_model_name(route, argument) or _by_unique_field(route, argument)
    # A whole number after "/publishers/" is a key, whatever it is called.
    if named is None and segment is not None and _is_whole(argument):
        return _plain(segment, name, "pk")
    return named


def _plain(model: type[Model], name: str, path: str) -> Guess:
    return model, {name: path}, {}


def _value_path(model: type[Model], name: str) -> str:
    found = model._meta.get_field(name)
    return f"{name}__pk" if isinstance(found, ForeignKey) else name


def has_field(model: type[Model], name: str) -> bool:
    """Whether the model has a column of that name ("pk" counts)."""
    try:
        return name == "pk" or bool(getattr(model._meta.get_field(name), "concrete", False))
    except FieldDoesNotExist:
        return False


def _date_part(route: Route, argument: Argument, primary: type[Model] | None) -> Guess | None:
    cls = view_class(route.view)
    model = primary or _model_before(route, argument)
    if model is None:
        return None
    dates = [f.name for f in model._meta.concrete_fields if isinstance(f, DateField)]
    column = getattr(cls, "date_field", None) or next(iter(dates), None)
    if column is None:
        return None
    written = getattr(cls, f"{argument.name}_format", None) or _DATE_PARTS[argument.name]
    whole = isinstance(argument.converter, IntConverter)

    def convert(value: Any) -> Any:
        if value is None:
            return None
        text = value.strftime(written)
        return int(text) if whole else text.lower()

    return model, {argument.name: column}, {argument.name: convert}


def _by_model_name(route: Route, argument: Argument) -> Guess | None:
    """ "project_id", "webhook_pk", "project_slug", "project"."""
    words = argument.name.split("_")
    for cut in range(len(words), 0, -1):
        model = _model_named("".join(words[:cut]), route)
        path = "_".join(words[cut:]) or "pk"
        path = "pk" if path == "id" else path
        if model is not None and has_field(model, path):
            if path == "pk" and cut == len(words) and not _is_whole(argument):
                path = "slug" if has_field(model, "slug") else "pk"
            return _plain(model, argument.name, path)
    return None


def _is_whole(argument: Argument) -> bool:
    return isinstance(argument.converter, IntConverter)


def _by_unique_field(route: Route, argument: Argument) -> Guess | None:
    """ "username" is the user's: the one model that has a unique column of that name."""
    owners = []
    for model in apps.get_models():
        for column in model._meta.concrete_fields:
            if column.name == argument.name and column.unique:
                owners.append(model)
    owners = _nearest(owners, route)
    return _plain(owners[0], argument.name, argument.name) if len(owners) == 1 else None


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
        names = {
            _letters(n) for n in (meta.model_name, meta.verbose_name, meta.verbose_name_plural)
        }
        if wanted & names:
            exact.append(model)
        elif any(len(w) > 3 and str(meta.model_name).endswith(w) for w in wanted):
            ending.append(model)
    for found in (_nearest(exact, route), _nearest(ending, route)):
        if len(found) == 1:
            return found[0]
    return None


def _letters(text: Any) -> str:
    return re.sub(r"[\W_]", "", str(text)).lower()


def _singulars(word: str) -> list[str]:
    found = [word] if word else []
    for ending, single in (("ies", "y"), ("es", ""), ("s", "")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            found.append(word[: -len(ending)] + single)
    return found


def _nearest(models: list[type[Model]], route: Route) -> list[type[Model]]:
    """Of several, those of the view's app, else those outside Django itself."""
    module = getattr(view_class(route.view) or inspect.unwrap(route.view), "__module__", "") or ""
    app = apps.get_containing_app_config(module)
    own = [model for model in models if app and model._meta.app_label == app.label]
    project = [model for model in models if not model.__module__.startswith("django.")]
    return own or project or models
