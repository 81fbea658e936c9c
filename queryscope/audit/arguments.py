"""URL arguments of a route, filled from real rows that belong together."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.exceptions import FieldError, ValidationError
from django.db import DatabaseError, transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from .bindings import Binding, bindings, fixed_values
from .lookups import CurrentUser
from .routes import Argument, Route
from .rows import RowRanking, manager

#: Rows to try, best first, when the first ones are answered with 404.
TRIES = 5
#: Parents looked at for a row of theirs.
PARENTS = 20


class CannotFill(Exception):
    """No value for an argument; the text says which and why."""


class NoRows(CannotFill):
    """It is known what fills the argument, and there is none."""


@dataclass(slots=True)
class ArgumentFiller:
    """Fills routes for one user; remembers which rows have most children."""

    user: Model | None
    ranking: RowRanking = field(default_factory=RowRanking)

    def urls(self, route: Route) -> Iterator[str]:
        """A few URL paths for the route, the most telling first.

        Raises CannotFill when it knows no value for an argument, after those that need none.
        """
        if not route.arguments:
            yield route.url({})
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

    def _filled(self, route: Route, fixed: Mapping[str, Any]) -> Iterator[str]:
        """At most ``TRIES`` URL paths, arguments that are not ``fixed`` from rows."""
        open_arguments = [a for a in route.arguments if a.name not in fixed]
        plans = bindings(route, open_arguments)
        bound = {name for binding in plans for name in binding.paths}
        for argument in open_arguments:
            if argument.name not in bound:
                raise CannotFill(_unknown(argument))
        rows = [self._values(binding, open_arguments) for binding in plans]
        urls = (route.url(_merged(fixed, row)) for row in zip(*_padded(rows), strict=True))
        yield from itertools.islice(dict.fromkeys(urls), TRIES)

    def _values(self, binding: Binding, arguments: list[Argument]) -> list[dict[str, Any]]:
        wanted = {a.name: a for a in arguments if a.name in binding.paths}
        names = " and ".join(f"{{{name}}}" for name in wanted)
        try:
            with transaction.atomic(using=manager(binding.model).all().db):
                found = self._rows(binding)
        except (DatabaseError, FieldError, ValidationError, ValueError, TypeError) as error:
            first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
            label = binding.model.__name__
            raise NoRows(f"cannot read {label} rows for {names}: {first_line}") from error
        filled = [values for row in found if (values := _converted(binding, wanted, row))]
        if not filled:
            raise NoRows(f"no {binding.model.__name__} rows to fill {names} from")
        return filled

    def _rows(self, binding: Binding) -> list[dict[str, Any]]:
        base = _narrowed(binding, self.user)
        paths = list(dict.fromkeys(binding.paths.values()))
        chosen: list[dict[str, Any]] = []
        if binding.parent is None:
            best = self.ranking.best(binding.model)
            rank = {value: position for position, value in enumerate(best)}
            found = base.filter(pk__in=best).values("pk", *paths) if best else ()
            chosen = sorted(found, key=lambda row: rank[row["pk"]])
        else:
            column = binding.parent.attname
            for value in self.ranking.parents(binding.model, column)[:PARENTS]:
                chosen.extend(base.filter(**{column: value}).values(*paths)[:1])
                if len(chosen) >= TRIES:
                    break
        # Rows without children are better than none: a page of theirs still runs the view.
        return chosen[:TRIES] or list(base.order_by("-pk").values(*paths)[:TRIES])


def _may_be_empty(argument: Argument) -> bool:
    try:
        return argument.text("") == ""
    except Exception:  # the project's converter refuses it
        return False


def _unknown(argument: Argument) -> str:
    what = f"{{{argument.name}}}"
    if argument.name.isdecimal():
        return f"{what} has no name to find a model by; pass a URL to audit"
    return f"no model or field is named like {what}; pass a URL to audit"


def _narrowed(binding: Binding, user: Model | None) -> QuerySet[Any]:
    plain: QuerySet[Any] = manager(binding.model).all()
    base = plain if binding.base is None else binding.base.all()
    if base.query.is_sliced or base.query.combinator:
        base = plain
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


def _local(value: Any) -> Any:
    if isinstance(value, datetime.datetime) and settings.USE_TZ and timezone.is_aware(value):
        return timezone.localtime(value)
    return value


def _padded(rows: list[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    """Independent sets of rows brought to one length, so that they can be zipped."""
    if not rows:
        return [[{}]]
    length = max(len(found) for found in rows)
    return [list(itertools.islice(itertools.cycle(found), length)) for found in rows]


def _merged(fixed: Mapping[str, Any], rows: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    values = dict(fixed)
    for row in rows:
        values.update(row)
    return values
