"""Which queryset an object came from, known without touching the object or the queryset.

While a query runs its queryset has no rows yet, and once ``iter(queryset)`` has returned nothing
may refer to the queryset any more. So the last few querysets are held until a question is asked or
the rows they hold exceed a limit; then each row is remembered by identity behind a weak reference,
and the queryset is let go. A page without lazy loading never pays for more than the holding.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model

#: Querysets held at most, and rows in one of them that end the holding early.
_MOST_HELD = 16
_MOST_HELD_ROWS = 2_000
#: Querysets that fetch inside one another at most.
_DEEPEST = 4
#: Rows remembered at most for one recording; dead ones are dropped first.
_MOST_ROWS = 20_000
#: Times that all remembered rows are searched for what they loaded lazily.
_MOST_SEARCHES = 8


class SourceNode:
    """A place that evaluates a queryset, below the rows it was reached from (mutable, internal)."""

    __slots__ = (
        "children",
        "details",
        "evaluations",
        "index",
        "loaded_by",
        "parent",
        "relation",
        "rows",
        "single",
    )

    def __init__(
        self,
        index: int,
        parent: SourceNode | None,
        details: Any,
        *,
        single: bool,
        relation: Any = None,
        loaded_by: str = "queryset",
    ) -> None:
        self.index = index
        self.parent = parent
        self.details = details
        self.single = single
        self.relation = relation
        self.loaded_by = loaded_by
        self.evaluations = 0
        self.rows = 0
        self.children: dict[str, SourceNode | None] = {}


class Evaluation:
    """One evaluation of a source. ``root`` is the outermost evaluation of several rows above it."""

    __slots__ = ("root", "rows", "source")

    def __init__(self, source: SourceNode, parent: Evaluation | None) -> None:
        self.source = source
        self.rows: int | None = None
        source.evaluations += 1
        if parent is not None and not (parent.root is parent and parent.source.single):
            self.root: Evaluation = parent.root
        else:
            self.root = self


class LazyLoad:
    """An attribute that loads one related object at a time, and the last object that loaded it.

    What it loaded sits in that object's field cache: no need to remember each of them.
    """

    __slots__ = ("cache_name", "evaluation", "instance", "source_below")

    def __init__(self, cache_name: str, source_below: Callable[[SourceNode], SourceNode]) -> None:
        self.cache_name = cache_name
        self.source_below = source_below
        self.instance: Any = None
        self.evaluation: Evaluation | None = None

    def loaded_for(self, owner: Any) -> Any:
        """The object that ``owner`` holds behind the attribute; None when it holds none."""
        return owner._state.fields_cache.get(self.cache_name)


class Origins:
    """The rows seen in one recording. Not safe for threads: the recording locks around it."""

    def __init__(self, new_source: Any) -> None:
        self._new_source = new_source
        self._held: list[tuple[Any, Evaluation]] = []
        #: id -> (reference, evaluation); an id counts only while its reference is alive.
        self.rows: dict[int, tuple[weakref.ref[Any], Evaluation]] = {}
        self._streams: list[tuple[weakref.ref[Any], Evaluation]] = []
        self._by_pk: dict[type, dict[Any, Evaluation]] = {}
        self._searches = 0
        self.lazy_loads: list[LazyLoad] = []

    def hold(self, queryset: Any, evaluation: Evaluation) -> None:
        """Note that a queryset is being evaluated; its rows are read later."""
        held = self._held
        if held:
            rows = held[-1][0]._result_cache
            if len(held) >= _MOST_HELD or (rows is not None and len(rows) > _MOST_HELD_ROWS):
                self.settle()
        self._held.append((queryset, evaluation))

    def stream(self, iterable: Any, evaluation: Evaluation) -> None:
        """Note that rows of an ``iterator()`` are being handed out one by one."""
        self._streams = [entry for entry in self._streams if entry[0]() is not None]
        self._streams.append((weakref.ref(iterable), evaluation))

    def find(self, instance: Any) -> Evaluation | None:
        """The evaluation that loaded an object; None when it came from elsewhere."""
        entry = self.rows.get(id(instance))
        if entry is not None and entry[0]() is instance:
            return entry[1]
        if self._held:
            self.settle()
            entry = self.rows.get(id(instance))
            if entry is not None and entry[0]() is instance:
                return entry[1]
        return (
            self._from_lazy_load(instance)
            or self._from_stream(instance)
            or self._from_search(instance)
        )

    def find_key(self, model: Any, pk: Any) -> Evaluation | None:
        """The evaluation that loaded the object with this model and primary key."""
        if self._held:
            self.settle()
        known = self._by_pk.get(model)
        if known is None:
            known = self._by_pk[model] = {}
            for reference, evaluation in self.rows.values():
                row: Any = reference()
                if isinstance(row, model):
                    known[row.__dict__.get(row._meta.pk.attname)] = evaluation
        return known.get(pk)

    def settle(self) -> None:
        """Remember the rows of the held querysets and let the querysets go."""
        held, self._held = self._held, []
        for queryset, evaluation in held:
            rows = queryset._result_cache
            if rows is None:
                # Being filled further up the stack, or its fetch failed and it never will be.
                self._held = [*self._held[-_DEEPEST:], (queryset, evaluation)]
                continue
            evaluation.rows = len(rows)
            source = evaluation.source
            source.rows = max(source.rows, len(rows))
            if rows and isinstance(rows[0], Model):
                self._remember(rows, evaluation)
                followed = getattr(queryset.query, "select_related", None)
                if followed:
                    self._follow(rows, evaluation, followed)
        self._by_pk.clear()

    def close(self) -> None:
        """Count the rows that are still held and drop every reference."""
        for queryset, evaluation in self._held:
            rows = queryset._result_cache
            if rows is not None:
                evaluation.rows = len(rows)
                evaluation.source.rows = max(evaluation.source.rows, len(rows))
        self._held.clear()
        self.rows.clear()
        self._streams.clear()
        self._by_pk.clear()
        for load in self.lazy_loads:
            load.instance = load.evaluation = None
        self.lazy_loads.clear()

    def _remember(self, rows: list[Any], evaluation: Evaluation) -> None:
        known = self.rows
        if len(known) + len(rows) > _MOST_ROWS:
            known = self.rows = {k: entry for k, entry in known.items() if entry[0]() is not None}
            rows = rows[: max(0, _MOST_ROWS - len(known))]
        reference = weakref.ref
        for row in rows:
            known[id(row)] = (reference(row), evaluation)

    def _follow(self, rows: list[Any], evaluation: Evaluation, followed: Any) -> None:
        """Remember the objects that ``select_related`` loaded beside the rows."""
        model = type(rows[0])
        if followed is True:
            followed = {
                field.name: {}
                for field in model._meta.concrete_fields
                if field.is_relation and not field.null
            }
        for name, deeper in followed.items():
            try:
                field = model._meta.get_field(name)
            except FieldDoesNotExist:
                continue  # the alias of a filtered relation
            related = [
                value
                for row in rows
                if (value := field.get_cached_value(row, None)) is not None and self._unknown(value)
            ]
            if not related:
                continue
            node = evaluation.source.children.get(name)
            if node is None:
                node = self._new_source(evaluation.source, field)
                evaluation.source.children[name] = node
            child = Evaluation(node, evaluation)
            child.rows = len(related)
            node.rows = max(node.rows, len(related))
            self._remember(related, child)
            if deeper:
                self._follow(related, child, deeper)

    def _unknown(self, instance: Any) -> bool:
        entry = self.rows.get(id(instance))
        return entry is None or entry[0]() is not instance

    def _from_lazy_load(self, instance: Any) -> Evaluation | None:
        """What the last object of a lazily loading attribute holds there."""
        for load in self.lazy_loads:
            owner = load.instance
            if owner is not None and load.loaded_for(owner) is instance:
                return self._below(load, load.evaluation, instance)
        return None

    def _from_search(self, instance: Any) -> Evaluation | None:
        """What any remembered row holds behind a lazily loading attribute."""
        if not self.lazy_loads or self._searches >= _MOST_SEARCHES:
            return None
        self._searches += 1
        for reference, evaluation in list(self.rows.values()):
            row = reference()
            for load in self.lazy_loads if row is not None else ():
                loaded = load.loaded_for(row)
                if loaded is not None and self._unknown(loaded):
                    self._below(load, evaluation, loaded)
        entry = self.rows.get(id(instance))
        return entry[1] if entry is not None and entry[0]() is instance else None

    def _below(self, load: LazyLoad, owner: Evaluation | None, loaded: Any) -> Evaluation | None:
        if owner is None:
            return None
        evaluation = Evaluation(load.source_below(owner.source), owner)
        evaluation.rows = 1
        self._remember([loaded], evaluation)
        return evaluation

    def _from_stream(self, instance: Any) -> Evaluation | None:
        """A row of the one live ``iterator()`` of its model; None where that is ambiguous."""
        found: Evaluation | None = None
        for reference, evaluation in self._streams:
            iterable = reference()
            if iterable is None or not isinstance(instance, iterable.queryset.model):
                continue
            if found is not None:
                return None
            found = evaluation
        if found is not None:
            self._remember([instance], found)
        return found
