"""URL arguments of a route, filled from real rows that belong together."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.core.exceptions import FieldError, ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from . import guesses
from .bindings import Binding, bindings, fixed_values
from .failures import what
from .lookups import CurrentUser
from .routes import Argument, Route
from .rows import RowRanking, all_rows

#: URLs to try, best first, while they are answered with 404, and rows to make them from.
TRIES = 8
ROWS = 5
#: Parents looked at for a row of theirs.
PARENTS = 20


class CannotFill(Exception):
    """No value for an argument; the text says which and why."""


class NoRows(CannotFill):
    """It is known what fills the argument, and there is none."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Values for arguments and, where a row told them, from what column: "Event.organizer.pk"."""

    values: Mapping[str, Any]
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A URL path to try, and what was chosen for its arguments."""

    url: str
    choice: Choice = Choice({})

    @property
    def told(self) -> str:
        """ "{organizer}=3 from Event.organizer.pk and ..."; "" where nothing was chosen."""
        values = self.choice.values
        told = (f"{{{name}}}={values[name]} from {c}" for name, c in self.choice.columns.items())
        return " and ".join(told)


@dataclass(slots=True)
class ArgumentFiller:
    """Fills routes for one user; remembers which rows have most children."""

    user: Model | None
    ranking: RowRanking = field(default_factory=RowRanking)

    def candidates(self, route: Route) -> Iterator[Candidate]:
        """A few URL paths for the route, the most telling first.

        Raises CannotFill when it knows no value for an argument, after those that need none.
        """
        if not route.arguments:
            yield Candidate(route.url({}))
            return
        fixed = fixed_values(route)
        may_be_empty = any(_may_be_empty(a) for a in route.arguments if a.name == route.any_path)
        failure = None
        try:
            yield from self._filled(route, fixed)
        except CannotFill as error:
            failure = error
        if may_be_empty:
            # The empty path is often one of the pages, the one above all others.
            yield from self._filled(route, {**fixed, route.any_path: ""})
        if failure is not None:
            raise failure

    def _filled(self, route: Route, fixed: Mapping[str, Any]) -> Iterator[Candidate]:
        """At most ``TRIES`` URL paths, arguments that are not ``fixed`` from rows."""
        open_arguments = [a for a in route.arguments if a.name not in fixed]
        plans = bindings(route, open_arguments)
        bound = {name for binding in plans for name in binding.paths}
        values = dict(fixed)
        for argument in open_arguments:
            if argument.name not in bound:
                values[argument.name] = guesses.today(argument, _today())
                if values[argument.name] is None:
                    raise CannotFill(_unknown(argument))
        rows = [self._chosen(binding, open_arguments) for binding in plans]
        sets = zip(*_padded(rows), strict=True)
        merged = (_merged((Choice(values), *choices)) for choices in sets)
        made = (Candidate(route.url(choice.values), choice) for choice in merged)
        yield from itertools.islice(_once(made), TRIES)

    def _chosen(self, binding: Binding, arguments: list[Argument]) -> list[Choice]:
        """Values of the arguments from the rows of a binding, or from those that they belong to."""
        wanted = {a.name: a for a in arguments if a.name in binding.paths}
        found = [self._choices(spelling, wanted) for spelling in binding.spellings()]
        # A column that was guessed wrong is wrong for every row: the other ones come next.
        ordered = [choices[0] for choices in found if choices]
        ordered.extend(choice for choices in found for choice in choices[1:])
        above = binding.above()
        if not ordered and binding.converters:
            return self._dated_today(binding, wanted)
        if not ordered and above is not None:
            return self._chosen(above, arguments)
        if not ordered:
            raise NoRows(f"no {binding.model.__name__} rows to fill {_named(wanted)} from")
        return ordered

    def _dated_today(self, binding: Binding, wanted: Mapping[str, Argument]) -> list[Choice]:
        """No row tells a date: today's, with what is left to tell of the binding."""
        dates = {name: guesses.today(wanted[name], _today()) for name in binding.converters}
        left = replace(binding, converters={}, paths=_without(binding.paths, dates))
        if not left.paths:
            return [Choice(dates)]
        chosen = self._chosen(left, list(wanted.values()))
        return [Choice({**choice.values, **dates}, choice.columns) for choice in chosen]

    def _choices(self, binding: Binding, wanted: Mapping[str, Argument]) -> list[Choice]:
        columns = {name: binding.told(name) for name in wanted}
        try:
            with transaction.atomic(using=all_rows(binding.model).db):
                found = [_converted(binding, wanted, row) for row in self._rows(binding)]
        except Exception as error:  # of the database, or of the project's managers and fields
            model, names = binding.model.__name__, _named(wanted)
            raise NoRows(f"cannot read {model} rows for {names}: {what(error)}") from error
        return [Choice(values, columns) for values in found if values]

    def _rows(self, binding: Binding) -> list[dict[str, Any]]:
        base = _narrowed(binding, self.user)
        paths = list(dict.fromkeys(binding.paths.values()))
        chosen: list[dict[str, Any]] = []
        if set(binding.paths) == set(binding.converters):
            # Nothing but a date: that of the newest row.
            return list(base.order_by(*[f"-{path}" for path in paths], "-pk").values(*paths)[:ROWS])
        if binding.parent is None:
            best = self.ranking.best(binding.model)
            rank = {value: position for position, value in enumerate(best)}
            found = base.filter(pk__in=best).values("pk", *paths) if best else ()
            chosen = sorted(found, key=lambda row: rank[row["pk"]])
        else:
            column = binding.parent.attname
            for value in self.ranking.parents(binding.model, column)[:PARENTS]:
                below = base.filter(**{column: value})
                chosen.extend(below.order_by("pk").values(*paths)[:1])
                if len(chosen) >= ROWS:
                    break
        # Rows without children are better than none: a page of theirs still runs the view.
        return chosen[:ROWS] or list(base.order_by("-pk").values(*paths)[:ROWS])


def _may_be_empty(argument: Argument) -> bool:
    try:
        return argument.text("") == ""
    except Exception:  # the project's converter refuses it
        return False


def _unknown(argument: Argument) -> str:
    named = f"{{{argument.name}}}"
    if argument.name.isdecimal():
        return f"{named} has no name to find a model by; pass a URL to audit"
    return f"no model or field is named like {named}; pass a URL to audit"


def _narrowed(binding: Binding, user: Model | None) -> QuerySet[Any]:
    base = all_rows(binding.model) if binding.base is None else binding.base.all()
    # "queryset = Book.objects.none()" is there for its model, beside a get_queryset().
    if base.query.is_sliced or base.query.combinator or base.query.is_empty():
        base = all_rows(binding.model)
    base = base.order_by().filter(**{f"{path}__isnull": False for path in binding.paths.values()})
    conditions = {
        path: user if isinstance(value, CurrentUser) else value
        for path, value in binding.conditions.items()
        if not (isinstance(value, CurrentUser) and user is None)
    }
    try:
        narrowed = base.filter(**conditions)
        # Conditions that no row meets were misread or need other data; the request will tell.
        return narrowed if narrowed.exists() else base
    except (FieldError, ValidationError, ValueError, TypeError):
        return base


def _converted(
    binding: Binding, arguments: Mapping[str, Argument], row: Mapping[str, Any]
) -> dict[str, Any] | None:
    values = {}
    for name, argument in arguments.items():
        value = row[binding.paths[name]]
        convert = binding.converters.get(name)
        value = convert(_local(value)) if convert else value
        if value is None or value == "" or not _fits(argument, value):
            return None
        values[name] = value
    return values


def _fits(argument: Argument, value: Any) -> bool:
    try:
        return bool(argument.text(value))
    except Exception:  # the project's converter refuses it: try another row
        return False


def _without(paths: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    return {name: path for name, path in paths.items() if name not in names}


def _today() -> datetime.date:
    return timezone.localdate() if settings.USE_TZ else datetime.date.today()


def _local(value: Any) -> Any:
    if isinstance(value, datetime.datetime) and settings.USE_TZ and timezone.is_aware(value):
        return timezone.localtime(value)
    return value


def _padded(rows: list[list[Choice]]) -> list[list[Choice]]:
    """Independent sets of rows brought to one length, so that they can be zipped."""
    if not rows:
        return [[Choice({})]]
    length = max(len(found) for found in rows)
    return [list(itertools.islice(itertools.cycle(found), length)) for found in rows]


def _merged(choices: Iterable[Choice]) -> Choice:
    values: dict[str, Any] = {}
    columns: dict[str, str] = {}
    for choice in choices:
        values.update(choice.values)
        columns.update(choice.columns)
    return Choice(values, columns)


def _once(candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    seen: set[str] = set()
    for candidate in candidates:
        if candidate.url not in seen:
            seen.add(candidate.url)
            yield candidate


def _named(names: Iterable[str]) -> str:
    return " and ".join(f"{{{name}}}" for name in names)
