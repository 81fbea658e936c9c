"""Which rows to ask for: those with most children, since only they show what a page can cost."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.db.models import Model, QuerySet

#: Rows read of each child table, so that a table of a hundred million rows costs no more.
CHILD_SAMPLE = 50_000
#: Parents kept for each model, best first.
BEST = 200
#: Rows read of all child tables of one model; what is left out only makes the choice poorer. A
#: number, not a time: two audits choose the same rows, however busy the machine is.
PATIENCE = 400_000

#: Fields that differ from row to row in every project, where "most children" says nothing.
_PLUMBING = {"sessions.Session", "admin.LogEntry", "auth.Permission", "contenttypes.ContentType"}


class RowRanking:
    """Primary keys of a model's rows, those with most children first; read once for each model."""

    def __init__(self) -> None:
        self._best: dict[type[Model], list[Any]] = {}
        self._parents: dict[tuple[type[Model], str], list[Any]] = {}

    def best(self, model: type[Model]) -> list[Any]:
        """At most ``BEST`` primary keys. Raises django.db.Error when a table cannot be read."""
        if model not in self._best:
            self._best[model] = _rank(model)
        return self._best[model]

    def parents(self, child: type[Model], column: str) -> list[Any]:
        """At most ``BEST`` values of a foreign key, those with most rows of ``child`` first."""
        if (child, column) not in self._parents:
            counts = _counts(child, column)
            ordered = sorted(counts.items(), key=_by_score)[:BEST]
            self._parents[child, column] = [key for key, _ in ordered]
        return self._parents[child, column]


def all_rows(model: type[Model]) -> QuerySet[Any]:
    """What views see, so that rows the manager hides (soft deletes) are not asked for.

    Some managers refuse outside of a request that says whose rows are meant (tenants, scopes):
    then every row.
    """
    try:
        seen = model._default_manager.all()
        list(seen.filter(pk__in=()))  # asks the manager, not the database
    except Exception:  # of the project's own manager, whatever it likes to raise
        return model._base_manager.all()
    return seen


def _rank(model: type[Model]) -> list[Any]:
    # A hundred children of one kind weigh less than ten each of three kinds: the row whose page
    # exercises most of its relations shows most.
    scores: Counter[Any] = Counter()
    patience = PATIENCE
    for child, column in _children(model):
        counts = _counts(child, column)
        for parent, count in counts.items():
            scores[parent] += round(1000 * math.log1p(count))
        patience -= counts.total()
        if patience <= 0:
            break
    return [key for key, _ in sorted(scores.items(), key=_by_score)[:BEST]]


def _by_score(item: tuple[Any, int]) -> tuple[int, str]:
    return -item[1], str(item[0])


def _counts(child: type[Model], column: str) -> Counter[Any]:
    values = child._base_manager.order_by("pk").values_list(column, flat=True)
    counts = Counter(values[:CHILD_SAMPLE].iterator())
    counts.pop(None, None)
    return counts


def _children(model: type[Model]) -> Iterator[tuple[type[Model], str]]:
    """Tables that point to the model, many-to-many tables included, with the pointing field."""
    for relation in model._meta.get_fields(include_hidden=True):
        child = relation.related_model
        if not (relation.auto_created and relation.one_to_many and isinstance(child, type)):
            continue
        # A foreign key to a column other than the primary key counts other values than keys.
        target = relation.field.target_field  # type: ignore[union-attr]
        managed = child._meta.managed and child._meta.label not in _PLUMBING
        if managed and target.primary_key:
            yield child, relation.field.attname  # type: ignore[union-attr]
