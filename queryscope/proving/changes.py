"""A fix at run time: the very code that is advised, put on a queryset as it is evaluated."""

from __future__ import annotations

import builtins
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any

from django.apps import apps
from django.contrib.contenttypes import prefetch
from django.db import models
from django.db.models import functions
from django.db.models.query import FlatValuesListIterable, RawQuerySet, ValuesIterable

from ..core.sightings import Location, Reading


class Unfit(Exception):
    """The code cannot be run from here: why, in a sentence."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is put on the querysets of one spot; see ``core.repairs.Fix``.

    ``kept`` are lookups of which some in ``drops`` are longer: that much of these stays.
    ``rows_code`` loads more for rows that are there already, where a queryset takes no methods.
    ``location`` is where the code would stand, whose names it may use; ``models`` are those that
    it names.
    """

    methods: str = ""
    deferral: str = ""
    drops: frozenset[str] = frozenset()
    kept: tuple[str, ...] = ()
    rows_code: str = ""
    location: Location | None = None
    models: frozenset[type[models.Model]] = frozenset()

    def __or__(self, other: Change) -> Change:
        """Both, where they are of different findings: of one queryset they say the same."""
        methods = other.methods if self.methods in other.methods else self.methods
        if other.methods not in methods:
            methods += other.methods
        return Change(
            methods,
            other.deferral or self.deferral,
            self.drops | other.drops,
            (*self.kept, *other.kept),
            other.rows_code or self.rows_code,
            other.location or self.location,
            self.models | other.models,
        )

    def on(self, queryset: Any, frame: FrameType | None) -> Any:
        """A changed clone. Raises Unfit where a name of the code is not known here."""
        changed = _without(queryset, self.drops, self.kept) if self.drops else queryset._clone()
        deferral = self.deferral and f".defer(None){self.deferral}"
        if not (code := deferral + self.methods):
            return changed
        # It would be written before a slice.
        query = None if isinstance(changed, RawQuerySet) else changed.query
        marks = (query.low_mark, query.high_mark) if query is not None else (0, None)
        if query is not None:
            query.clear_limits()
        changed = self._evaluated(f"{_GIVEN}{code}", frame, changed)
        if query is not None:
            changed.query.low_mark, changed.query.high_mark = marks
        return changed

    def load(self, rows: list[Any], frame: FrameType | None) -> None:
        """Load more for rows. Raises Unfit as above."""
        if self.rows_code and rows:
            self._evaluated(self.rows_code.replace("(rows", f"({_GIVEN}", 1), frame, rows)

    def _evaluated(self, code: str, frame: FrameType | None, given: Any) -> Any:
        around, local = _names_at(self.location, frame)
        # A view may have the name of a model: the fix means the model, however it is imported.
        meant = {model.__name__: model for model in self.models}
        names = {
            **vars(builtins),
            **_models(),
            **_ADVISED,
            **around,
            **local,
            **meant,
            _GIVEN: given,
        }
        try:
            return eval(code, names)
        except NameError as error:
            raise Unfit(f"the code uses a name that is not known there ({error.name})") from error


#: A name that no code has, of what the code is put on.
_GIVEN = "_queryscope_given_"
#: What the code of a fix may name of Django.
_ADVISED: dict[str, Any] = {
    **{name: getattr(models, name) for name in models.__all__},
    **{name: getattr(functions, name) for name in functions.__all__},
    "GenericPrefetch": prefetch.GenericPrefetch,
    "models": models,
}


def _models() -> dict[str, Any]:
    """By name, those that share one left out."""
    models_ = apps.get_models()
    names = Counter(model.__name__ for model in models_)
    return {model.__name__: model for model in models_ if names[model.__name__] == 1}


def _names_at(
    location: Location | None, frame: FrameType | None
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The names of the module and of the function at a line, as far as it is running."""
    if location is None:
        return {}, {}
    while frame is not None:
        code = frame.f_code
        if code.co_filename == location.file and code.co_qualname == location.function:
            return frame.f_globals, frame.f_locals
        frame = frame.f_back
    modules = list(sys.modules.values())
    found = (vars(m) for m in modules if getattr(m, "__file__", None) == location.file)
    return next(found, {}), {}


def _without(queryset: Any, drops: frozenset[str], kept: tuple[str, ...]) -> Any:
    """A clone that loads eagerly what it did but for some lookups, of which the kept begin some."""
    changed = queryset._clone()
    lookups: list[Any] = []
    for lookup in queryset._prefetch_related_lookups:
        name = str(getattr(lookup, "prefetch_to", lookup))
        if not any(_is_below(name, dropped) for dropped in drops):
            lookups.append(lookup)
        elif begins := [k for k in kept if k != name and _is_below(name, k)]:
            lookups.append(max(begins, key=len))
    changed._prefetch_related_lookups = tuple(lookups)
    followed = None if isinstance(queryset, RawQuerySet) else queryset.query.select_related
    if isinstance(followed, dict):
        left = _pruned(followed, drops)
        changed.query.select_related = left or False
    return changed


def _pruned(followed: Mapping[str, Any], drops: frozenset[str], above: str = "") -> dict[str, Any]:
    names = {name: f"{above}__{name}" if above else name for name in followed}
    return {
        name: _pruned(deeper, drops, names[name])
        for name, deeper in followed.items()
        if names[name] not in drops
    }


def _is_below(lookup: str, name: str) -> bool:
    return f"{lookup}__".startswith(f"{name}__")


@dataclass(frozen=True, slots=True)
class Answer:
    """Where what a spot asks for is found once a change has loaded it: on the object it asks of.

    ``value`` is the annotation with a number or a truth, ``rows`` the attribute with a list, else
    ``relation`` a manager that is prefetched.
    """

    reading: Reading
    value: str = ""
    rows: str = ""
    relation: str = ""

    def to(self, queryset: Any, asked: str, instance: Any) -> Any:
        """What the database need not be asked; Ellipsis where the object does not have it."""
        if instance is None:
            return ...
        if self.value:
            return vars(instance).get(self.value, ...)
        rows = self._rows(instance)
        if rows is None:
            return ...
        if asked != "rows":
            return len(rows) if asked == "count" else bool(rows)
        query = queryset.query
        return _shaped(rows[query.low_mark : query.high_mark], self.reading.columns, queryset)

    def _rows(self, instance: Any) -> list[Any] | None:
        if self.rows:
            found = vars(instance).get(self.rows)
        else:
            found = getattr(instance, "_prefetched_objects_cache", {}).get(self.relation)
        return None if found is None else list(found)


def _shaped(rows: list[Any], columns: tuple[str, ...], queryset: Any) -> list[Any]:
    """Rows as ``values()`` and ``values_list()`` give them, where these were called."""
    if not columns:
        return rows
    values = [tuple(getattr(row, column) for column in columns) for row in rows]
    if issubclass(queryset._iterable_class, FlatValuesListIterable):
        return [each[0] for each in values]
    if issubclass(queryset._iterable_class, ValuesIterable):
        return [dict(zip(columns, each, strict=True)) for each in values]
    return values
