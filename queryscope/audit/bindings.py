"""A route's view -> which model's rows its URL arguments come from.

Told, in this order, by the view's class attributes, by its source, and by the names in the URL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.db.models import Field, ForeignKey, Model, QuerySet

from . import guesses, lookups
from .lookups import CurrentUser, FromUrl, Rows
from .routes import Argument, Route, view_actions, view_class, view_options

#: Steps from a row to the parent named earlier in the URL.
MAX_STEPS = 3
#: Columns tried for an argument that is named after a model.
MAX_SPELLINGS = 3

_HANDLERS = (
    *("setup", "dispatch", "initial", "get_queryset", "get_object", "get", "head"),
    *("retrieve", "list", "get_context_data", "get_template_names"),
)


@dataclass(frozen=True, slots=True)
class Binding:
    """Arguments that come from one row of ``model``: argument -> lookup path of its value.

    ``conditions`` are what else the row must meet (constants and CurrentUser), ``converters``
    turn a value into the argument, ``base`` is the view's own queryset, ``others`` are paths to
    try where that of an argument was only guessed.
    """

    model: type[Model]
    paths: Mapping[str, str]
    conditions: Mapping[str, Any] = field(default_factory=dict)
    converters: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    base: QuerySet[Any] | None = None
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def parent(self) -> ForeignKey[Any, Any] | None:
        """The foreign key that all arguments come through, where only the parent is asked for
        ("/webhooks/{webhook_pk}/deliveries/").
        """
        heads = {path.partition("__")[0] for path in self.paths.values()}
        return _relation(self.model, heads.pop()) if len(heads) == 1 else None

    def above(self) -> Binding | None:
        """The same arguments from the row that ``parent`` points to; None where there is none."""
        parent = self.parent
        prefix = f"{parent.name}__" if parent is not None else ""
        if parent is None or not all(path.startswith(prefix) for path in self.paths.values()):
            return None
        paths = {name: path.removeprefix(prefix) for name, path in self.paths.items()}
        others = {n: tuple(p.removeprefix(prefix) for p in ps) for n, ps in self.others.items()}
        model: Any = parent.related_model
        return Binding(model, paths, {}, self.converters, None, others)

    def spellings(self) -> list[Binding]:
        """Itself, and with other columns in place of those that were guessed."""
        most = max(map(len, self.others.values()), default=0)
        found = [self]
        for index in range(most):
            paths = {n: ps[min(index, len(ps) - 1)] for n, ps in self.others.items()}
            found.append(replace(self, paths={**self.paths, **paths}))
        return found[:MAX_SPELLINGS]

    def told(self, name: str) -> str:
        """ "Event.organizer.pk": where the values of an argument are."""
        return f"{self.model.__name__}.{self.paths[name].replace('__', '.')}"


def fixed_values(route: Route) -> dict[str, str]:
    """Arguments that no row is needed for."""
    cls = view_class(route.view)
    known = {
        getattr(cls, "page_kwarg", "page"): "1",
        "lang": settings.LANGUAGE_CODE,
        "language": settings.LANGUAGE_CODE,
        "lang_code": settings.LANGUAGE_CODE,
    }
    values = {a.name: a.only for a in route.arguments if a.only is not None}
    return values | {a.name: known[a.name] for a in route.arguments if a.name in known}


def bindings(route: Route, arguments: list[Argument]) -> list[Binding]:
    """Where the arguments come from; one that nothing tells is in none of the bindings."""
    wanted = {argument.name for argument in arguments}
    primary, base = primary_rows(route)
    found: list[Binding] = []
    if primary is not None:
        found = _joined(found, _from_view(route, primary, base, wanted))
    for rows in _from_source(route, primary):
        found = _joined(found, _from_rows(rows, wanted - _bound(found)))
    model = primary.model if primary else None
    for argument in reversed(arguments):
        if argument.name not in _bound(found):
            taken = {path for binding in found for path in binding.paths.values()}
            found = _joined(found, _guessed(argument, guesses.guess(route, argument, model, taken)))
    for argument in arguments:
        if argument.name not in _bound(found):
            # "/order/{order}/{secret}/": the second is the order's.
            owners = [b.model for b in found if guesses.has_field(b.model, argument.name)]
            if owners and argument.name not in guesses.KEYS:
                found = _joined(found, _guessed(argument, guesses.of_field(owners[0], argument)))
    return [binding for binding in found if binding.paths]


def _guessed(argument: Argument, guess: guesses.Guess | None) -> Binding | None:
    if guess is None:
        return None
    name = argument.name
    converters = {name: guess.convert} if guess.convert else {}
    others = {name: guess.others} if guess.others else {}
    return Binding(guess.model, {name: guess.path}, converters=converters, others=others)


def primary_rows(route: Route) -> tuple[Rows | None, QuerySet[Any] | None]:
    """The model a class-based view shows, with what its ``get_queryset`` says."""
    model_admin = getattr(route.view, "model_admin", None)
    if model_admin is not None:
        return Rows(model_admin.model), None
    cls = view_class(route.view)
    if cls is None:
        return None, None
    options = view_options(route.view)
    queryset = options.get("queryset", getattr(cls, "queryset", None))
    base = queryset if isinstance(queryset, QuerySet) else None
    models = [base.model if base is not None else None, options.get("model")]
    models.append(getattr(cls, "model", None))
    for name in ("serializer_class", "form_class"):
        meta = getattr(options.get(name, getattr(cls, name, None)), "Meta", None)
        models.append(getattr(meta, "model", None))
    model = next((m for m in models if isinstance(m, type) and issubclass(m, Model)), None)
    rows = Rows(model) if model is not None else None
    method = _own(cls, "get_queryset")
    if method is not None:
        rows = lookups.returned(method, rows) or rows
    return rows, base


def _own(cls: type, name: str) -> Any:
    """A method that the project wrote, not one inherited from a framework."""
    method = getattr(cls, name, None)
    module = str(getattr(method, "__module__", "django."))
    return None if module.startswith(("django.", "rest_framework.")) else method


def _from_view(route: Route, rows: Rows, base: QuerySet[Any] | None, wanted: set[str]) -> Binding:
    cls = view_class(route.view)
    paths: dict[str, str] = {}
    lookup = getattr(cls, "lookup_field", None) if _shows_one(route) else None
    pairs = [
        (getattr(cls, "pk_url_kwarg", None), "pk"),
        (getattr(cls, "slug_url_kwarg", None), getattr(cls, "slug_field", "slug")),
        ((getattr(cls, "lookup_url_kwarg", None) or lookup) if lookup else None, lookup),
    ]
    if hasattr(route.view, "model_admin"):
        pairs.append(("object_id", "pk"))
    for name, path in pairs:
        if name in wanted and isinstance(path, str) and guesses.has_field(rows.model, path):
            paths.setdefault(name, path)
    binding = _from_rows(rows, wanted)
    return replace(binding, paths={**binding.paths, **paths}, base=base)


def _shows_one(route: Route) -> bool:
    """Whether a REST framework view looks up a single object by its ``lookup_field``."""
    detail = view_options(route.view).get("detail")
    return bool(detail) if detail is not None else hasattr(view_class(route.view), "retrieve")


def _from_rows(rows: Rows, wanted: set[str]) -> Binding:
    paths = {}
    conditions = {}
    for path, value in rows.conditions.items():
        if isinstance(value, FromUrl):
            if value.name in wanted and _is_value(path):
                paths[value.name] = _spelled(rows.model, path)
        elif isinstance(value, CurrentUser) or path.split("__")[-1] != "in":
            conditions[path] = value
    return Binding(rows.model, paths, conditions)


def _is_value(path: str) -> bool:
    return path.rsplit("__", 1)[-1] not in {"in", "gte", "lte", "gt", "lt", "contains", "isnull"}


def _spelled(model: type[Model], path: str) -> str:
    """The path of the value that a lookup compares: "project" and "project_id" are the key."""
    path = path.removesuffix("__iexact").removesuffix("__exact")
    relation = None if "__" in path else _relation(model, path)
    return f"{relation.name}__pk" if relation is not None else path


def _from_source(route: Route, primary: Rows | None) -> Iterator[Rows]:
    cls = view_class(route.view)
    if cls is None:
        yield from lookups.read(route.view)
        return
    names = dict.fromkeys((*view_actions(route.view).values(), *_HANDLERS))
    for name in names:
        method = _own(cls, name)
        if callable(method):
            yield from lookups.read(method, primary)


def _joined(found: list[Binding], new: Binding | None) -> list[Binding]:
    """Add a binding, tied to an earlier one where a row of one model leads to the other."""
    if new is None:
        return found
    for index, old in enumerate(found):
        step = relation_path(old.model, new.model)
        if step is not None:
            found[index] = _merged(old, new, step)
            return found
        step = relation_path(new.model, old.model)
        if step is not None and new.paths:
            found[index] = _merged(new, old, step)
            return found
    return [*found, new]


def _merged(leaf: Binding, parent: Binding, step: str) -> Binding:
    prefix = f"{step}__" if step else ""
    return Binding(
        leaf.model,
        {**{name: prefix + path for name, path in parent.paths.items()}, **leaf.paths},
        {**{prefix + path: value for path, value in parent.conditions.items()}, **leaf.conditions},
        {**parent.converters, **leaf.converters},
        leaf.base if prefix or leaf.base is not None else parent.base,
        {**{n: tuple(prefix + p for p in ps) for n, ps in parent.others.items()}, **leaf.others},
    )


def _bound(found: list[Binding]) -> set[str]:
    return {name for binding in found for name in binding.paths}


def _relation(model: type[Model], name: str) -> ForeignKey[Any, Any] | None:
    for candidate in model._meta.concrete_fields:
        if isinstance(candidate, ForeignKey) and name in {candidate.name, candidate.attname}:
            return candidate
    return None


def relation_path(model: type[Model], target: type[Model]) -> str | None:
    """Lookup path from a row to a row of ``target`` ("" for itself), foreign keys first.

    The shortest one; None when there is none within ``MAX_STEPS``.
    """
    if model is target:
        return ""
    front: list[tuple[type[Model], str]] = [(model, "")]
    seen = {model}
    for _ in range(MAX_STEPS):
        following = []
        for owner, prefix in front:
            for step in _steps(owner):
                related = step.related_model
                if related is target:
                    return prefix + step.name
                if isinstance(related, type) and related not in seen:
                    seen.add(related)
                    following.append((related, f"{prefix}{step.name}__"))
        front = following
    many = next((f for f in model._meta.many_to_many if f.related_model is target), None)
    return many.name if many is not None else None


def _steps(model: type[Model]) -> list[Field[Any, Any]]:
    return [f for f in model._meta.concrete_fields if isinstance(f, ForeignKey)]
