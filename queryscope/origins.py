"""Which queryset an object came from, known without touching the object or the queryset.

While a query runs its queryset has no rows yet, and once ``iter(queryset)`` has returned nothing
may refer to the queryset any more. So the last few querysets are held until a question is asked;
then their rows are remembered by identity. The first rows are kept alive, which makes identity
enough; the rest stand behind weak references. A page without lazy loading pays for neither.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model

from .groups import Group
from .provenance import relation_of_field
from .sources import Evaluation, SourceNode
from .watching import Watch

#: Querysets held at most, and rows kept alive until the recording ends.
_MOST_HELD = 16
_MOST_KEPT = 2_000
#: Querysets that fetch inside one another at most.
_DEEPEST = 4
#: Rows remembered at most for one recording; dead ones are dropped first.
_MOST_ROWS = 20_000
#: Times that all remembered rows are searched for what they loaded lazily.
_MOST_SEARCHES = 8


class Origins:
    """The rows seen in one recording. Not safe for threads: the recording locks around it."""

    def __init__(self, nodes: list[SourceNode]) -> None:
        self._nodes = nodes
        self._held: list[tuple[Any, Evaluation]] = []
        #: id -> evaluation, of rows that are kept alive.
        self.rows: dict[int, Evaluation] = {}
        self._kept: list[tuple[list[Any], Evaluation]] = []
        #: id -> (reference, evaluation); an id counts only while its reference is alive.
        self._faded: dict[int, tuple[weakref.ref[Any], Evaluation]] = {}
        self._streams: list[tuple[weakref.ref[Any], Evaluation]] = []
        self._by_pk: dict[type, dict[Any, Evaluation]] = {}
        self._related: dict[tuple[SourceNode, str], SourceNode] = {}
        self._refused = 0
        self._searches = 0
        #: Groups that load one object at a time, which sits in its owner's field cache: no need
        #: to remember each of them.
        self.lazy_groups: list[Group] = []

    def hold(self, queryset: Any, evaluation: Evaluation) -> None:
        """Note that a queryset is being evaluated; its rows are read later."""
        held = self._held
        if held:
            rows = held[-1][0]._result_cache
            if len(held) >= _MOST_HELD or (rows is not None and len(rows) > _MOST_KEPT):
                self.settle()
        self._held.append((queryset, evaluation))

    def stream(self, iterable: Any, evaluation: Evaluation) -> None:
        """Note that rows of an ``iterator()`` are being handed out one by one."""
        self._streams = [entry for entry in self._streams if entry[0]() is not None]
        self._streams.append((weakref.ref(iterable), evaluation))

    def find(self, instance: Any) -> Evaluation | None:
        """The evaluation that loaded an object; None when it came from elsewhere."""
        found = self._remembered(instance)
        if found is None and self._held:
            self.settle()
            found = self._remembered(instance)
        return (
            found
            or self._from_lazy_load(instance)
            or self._from_stream(instance)
            or self._from_search(instance)
        )

    def loaded(self, instance: Any) -> Evaluation | None:
        """The evaluation of a queryset whose row an object is; None when it is no such row."""
        if self._held:
            self.settle()
        return self._remembered(instance) or self._from_stream(instance)

    def find_key(self, model: Any, pk: Any) -> Evaluation | None:
        """The evaluation that loaded the object with this model and primary key."""
        if self._held:
            self.settle()
        known = self._by_pk.get(model)
        if known is None:
            known = self._by_pk[model] = {
                row.__dict__.get(row._meta.pk.attname): evaluation
                for row, evaluation in self._all_rows()
                if isinstance(row, model)
            }
        return known.get(pk)

    def _remembered(self, instance: Any) -> Evaluation | None:
        evaluation = self.rows.get(id(instance))
        if evaluation is not None:
            return evaluation
        entry = self._faded.get(id(instance))
        return entry[1] if entry is not None and entry[0]() is instance else None

    def _all_rows(self) -> Iterator[tuple[Any, Evaluation]]:
        for rows, evaluation in list(self._kept):
            for row in rows:
                yield row, evaluation
        for reference, evaluation in list(self._faded.values()):
            row = reference()
            if row is not None:
                yield row, evaluation

    def settle(self) -> None:
        """Remember the rows of the held querysets and let the querysets go."""
        held, self._held = self._held, []
        for queryset, evaluation in held:
            rows = queryset._result_cache
            if rows is None:
                # Being filled further up the stack, or its fetch failed and it never will be.
                for _, given_up in self._held[:-_DEEPEST]:
                    given_up.source.forgotten = True
                self._held = [*self._held[-_DEEPEST:], (queryset, evaluation)]
                continue
            source = evaluation.source
            source.rows = max(source.rows, len(rows))
            if rows and isinstance(rows[0], Model):
                self._remember(rows, evaluation)
                followed = getattr(queryset.query, "select_related", None)
                if followed:
                    self._follow(rows, evaluation, followed)
        self._by_pk.clear()

    def close(self, watch: Watch | None = None) -> None:
        """Count the rows that are still held and drop every reference."""
        if watch is not None:
            self._judge(watch)
        for queryset, evaluation in self._held:
            rows = queryset._result_cache
            if rows is not None:
                evaluation.source.rows = max(evaluation.source.rows, len(rows))
        self._held.clear()
        self.rows.clear()
        self._kept.clear()
        self._faded.clear()
        self._streams.clear()
        self._by_pk.clear()
        for group in self.lazy_groups:
            group.instance = None
        self.lazy_groups.clear()
        self._related.clear()

    def _judge(self, watch: Watch) -> None:
        """Say of each source what was read of its rows, where all of them are remembered."""
        self.settle()
        rows: dict[SourceNode, list[Any]] = {}
        for row, evaluation in self._all_rows():
            rows.setdefault(evaluation.source, []).append(row)
        below: dict[SourceNode, set[str]] = {}
        for node in self._nodes:
            if node.parent is not None and node.relation is not None:
                below.setdefault(node.parent, set()).add(node.relation.name)
        for node, loaded in rows.items():
            if not (node.streamed or node.forgotten):
                node.usage = watch.usage(node.index, loaded, below.get(node, ()))

    def _remember(self, rows: list[Any], evaluation: Evaluation) -> None:
        if len(self.rows) + len(rows) <= _MOST_KEPT:
            self._kept.append((rows[:], evaluation))
            self.rows.update(dict.fromkeys(map(id, rows), evaluation))
            return
        if len(self._faded) + len(rows) > _MOST_ROWS:
            evaluation.source.forgotten = True
            rows = self._room_for(rows)
        faded, reference = self._faded, weakref.ref
        for row in rows:
            faded[id(row)] = (reference(row), evaluation)

    def _room_for(self, rows: list[Any]) -> list[Any]:
        """As many of the rows as may be remembered, after dead ones are forgotten now and then."""
        self._refused += len(rows)
        if self._refused >= _MOST_ROWS // 4:
            self._refused = 0
            self._faded = {k: entry for k, entry in self._faded.items() if entry[0]() is not None}
        return rows[: max(0, _MOST_ROWS - len(self._faded))]

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
                if (value := field.get_cached_value(row, None)) is not None
                and self._remembered(value) is None
            ]
            if not related:
                continue
            node = self._related_node(evaluation.source, name, field)
            child = Evaluation(node, evaluation)
            node.rows = max(node.rows, len(related))
            self._remember(related, child)
            if deeper:
                self._follow(related, child, deeper)

    def _related_node(self, above: SourceNode, name: str, field: Any) -> SourceNode:
        node = self._related.get((above, name))
        if node is None:
            relation = relation_of_field(field)
            index = len(self._nodes)
            node = SourceNode(index, above, None, "select_related", relation, single=True)
            self._nodes.append(node)
            self._related[above, name] = node
        return node

    def _from_lazy_load(self, instance: Any) -> Evaluation | None:
        """What the last object of a lazily loading attribute holds there."""
        for group in self.lazy_groups:
            owner = group.instance
            if owner is not None and group.loaded_for(owner) is instance:
                return self._below(group, group.evaluation, instance)
        return None

    def _from_search(self, instance: Any) -> Evaluation | None:
        """What any remembered row holds behind a lazily loading attribute."""
        if not self.lazy_groups or self._searches >= _MOST_SEARCHES:
            return None
        self._searches += 1
        for row, evaluation in list(self._all_rows()):
            for group in self.lazy_groups:
                loaded = group.loaded_for(row)
                if loaded is not None and self._remembered(loaded) is None:
                    self._below(group, evaluation, loaded)
        return self._remembered(instance)

    def _below(self, group: Group, owner: Evaluation | None, loaded: Any) -> Evaluation | None:
        if owner is None:
            return None
        evaluation = Evaluation(group.source_below(owner.source, self._nodes), owner)
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
