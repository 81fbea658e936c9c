"""What a queryset asks, read from its query: never evaluated, never cloned, never changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import ForeignObjectRel, Model
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    LessThan,
    LessThanOrEqual,
    Range,
)
from django.db.models.manager import BaseManager
from django.db.models.query import ModelIterable, QuerySet, RawQuerySet

from .core.events import Relation
from .marks import repetition_mark


def exact_lookups(queryset: Any) -> list[Any]:
    """The conditions that all rows must meet by the equality of a column."""
    where = queryset.query.where
    if where.connector != "AND" or where.negated:
        return []
    found = []
    pending = list(where.children)
    for child in pending:
        children = getattr(child, "children", None)
        if children is not None:
            if child.connector == "AND" and not child.negated:
                pending.extend(children)
        elif isinstance(child, Exact) and hasattr(child.lhs, "target"):
            found.append(child)
    return found


def exact_conditions(queryset: Any) -> list[tuple[str, Any]]:
    """(field name, value) of those conditions."""
    return [(lookup.lhs.target.name, lookup.rhs) for lookup in exact_lookups(queryset)]


def key_conditions(queryset: Any) -> tuple[tuple[str, ...], str]:
    """The fields compared by equality, where nothing else is asked, and whether one is unique."""
    if isinstance(queryset, RawQuerySet) or queryset.query.combinator:
        return (), ""
    where = queryset.query.where
    if where.connector != "AND" or where.negated:
        return (), ""
    table = next(iter(queryset.query.alias_map), None)
    fields = []
    for child in where.children:
        lhs = getattr(child, "lhs", None)
        field = getattr(lhs, "target", None)
        # By alias: a table may be joined to itself.
        if lhs is None or field is None or not isinstance(child, Exact) or lhs.alias != table:
            return (), ""
        fields.append(field)
    unique = ""
    if len(fields) == 1:
        unique = "primary key" if fields[0].primary_key else "unique" if fields[0].unique else ""
    return tuple(field.name for field in fields), unique


def at_most_one(queryset: Any) -> bool:
    """Whether a queryset can hold one row only: a slice of one, or equality on a unique column."""
    if isinstance(queryset, RawQuerySet):
        return False
    query = queryset.query
    if query.high_mark is not None and query.high_mark - query.low_mark <= 1:
        return True
    if query.combinator or query.where.connector != "AND" or query.where.negated:
        return False
    table = queryset.model._meta.db_table
    joins = sum(
        1 for alias, count in query.alias_refcount.items() if count and alias in query.alias_map
    )
    return joins <= 1 and any(
        isinstance(child, Exact)
        and getattr(getattr(child.lhs, "target", None), "unique", False)
        and child.lhs.target.model._meta.db_table == table
        for child in query.where.children
    )


def listed_values(queryset: Any) -> int | None:
    """A number that only the same values in the same ``IN`` lists have; None where none can."""
    if isinstance(queryset, RawQuerySet):
        return None
    lists = []
    pending = list(queryset.query.where.children)
    for child in pending:
        pending.extend(getattr(child, "children", ()))
        if isinstance(child, In) and isinstance(child.rhs, (list, tuple, set, frozenset)):
            lists.append([str(getattr(value, "pk", value)) for value in child.rhs])
    return repetition_mark("", lists, 0) if lists else None


def is_multiplied(queryset: Any) -> bool:
    """Whether its rows are joined with many others, or grouped: one more count would be wrong."""
    query = queryset.query
    if query.group_by is not None or query.combinator or query.distinct:
        return True
    return any(
        isinstance(field, ForeignObjectRel) and not field.one_to_one
        for alias, table in query.alias_map.items()
        if query.alias_refcount.get(alias) and (field := getattr(table, "join_field", None))
    )


def is_limited(queryset: Any) -> bool:
    """Whether the query bounds its rows: by a slice, from key to key, or as one for each group."""
    query = queryset.query
    if query.high_mark is not None:
        return True
    if query.group_by is not None and not issubclass(queryset._iterable_class, ModelIterable):
        return True
    if query.combinator or query.where.connector != "AND" or query.where.negated:
        return False
    on_keys = [
        child
        for child in query.where.children
        if getattr(getattr(getattr(child, "lhs", None), "target", None), "unique", False)
    ]
    from_key = any(isinstance(child, (GreaterThan, GreaterThanOrEqual)) for child in on_keys)
    to_key = any(isinstance(child, (LessThan, LessThanOrEqual)) for child in on_keys)
    return (from_key and to_key) or any(isinstance(child, Range) for child in on_keys)


def lists_keys(queryset: Any) -> bool:
    """Whether an IN list on a unique column bounds the rows; of raw SQL nothing else is known."""
    if isinstance(queryset, RawQuerySet):
        return True
    where = queryset.query.where
    return (
        where.connector == "AND"
        and not where.negated
        and any(
            isinstance(child, In)
            and isinstance(child.rhs, (list, tuple, set, frozenset))
            and getattr(getattr(child.lhs, "target", None), "unique", False)
            for child in where.children
        )
    )


def is_plain(queryset: Any, relation: Relation) -> bool:
    """Whether a related manager was read as it is, so that a prefetch answers the same question."""
    if isinstance(queryset, RawQuerySet):
        return True
    query = queryset.query
    narrowed = (
        query.order_by
        or query.is_sliced
        or query.extra_order_by
        or query.distinct
        or query.annotations
        or query.extra
        or query.combinator
        or query.select_related
        or query.deferred_loading[0]
        or query.select_for_update
        or queryset._prefetch_related_lookups
        or not query.standard_ordering
        or not issubclass(queryset._iterable_class, ModelIterable)
    )
    if narrowed:
        return False
    manager = queryset.model._default_manager
    if type(manager).get_queryset is not BaseManager.get_queryset:
        return True
    own = 2 if relation.kind == "generic-relation" else 1
    return len(query.where.children) <= own


def manager_name(model: type[Model]) -> str:
    """The manager as written after the model's name: "objects", or what the model calls it."""
    manager = model._default_manager
    return manager.name if manager is not None else "objects"


def deferred_names(queryset: Any) -> tuple[str, ...]:
    """Fields that a queryset leaves out by ``only()`` or ``defer()``."""
    if isinstance(queryset, RawQuerySet):
        return ()
    names, deferring = queryset.query.deferred_loading
    if not names:
        return ()
    if deferring:
        return tuple(sorted(names))
    fields = queryset.model._meta.concrete_fields
    kept = {name.split("__")[0] for name in names}
    return tuple(
        field.name
        for field in fields
        if not field.primary_key and field.name not in kept and field.attname not in kept
    )


def only_names(queryset: Any) -> tuple[str, ...]:
    """Fields that ``only()`` named."""
    if isinstance(queryset, RawQuerySet):
        return ()
    names, deferring = queryset.query.deferred_loading
    return () if deferring else tuple(sorted(names))


def selected_lookups(queryset: Any) -> tuple[str, ...]:
    """What ``select_related`` was told by name, the longest lookups only.

    None of it where all relations are joined, or the joined rows are locked as well.
    """
    if isinstance(queryset, RawQuerySet) or queryset.query.select_for_update:
        return ()
    followed = queryset.query.select_related
    return tuple(_flat(followed)) if isinstance(followed, dict) else ()


def _flat(followed: dict[str, Any]) -> Iterator[str]:
    for name, deeper in followed.items():
        if deeper:
            yield from (f"{name}__{lookup}" for lookup in _flat(deeper))
        else:
            yield name


def model_ordering(queryset: Any) -> tuple[str, ...] | None:
    """The order that its rows have by ``Meta.ordering``, which Django leaves out once they are
    grouped; empty where they have another or none, None where it is more than names.
    """
    query = queryset.query
    if query.order_by or query.extra_order_by or not query.default_ordering:
        return ()
    names = tuple(query.get_meta().ordering)
    return names if all(isinstance(name, str) for name in names) else None


def facts(queryset: Any) -> dict[str, Any]:
    """What a fix must know of the queryset it is put on."""
    raw = isinstance(queryset, RawQuerySet)
    return {
        "manager": manager_name(queryset.model),
        "raw": raw,
        "using": queryset._db or "",
        "combined": not raw and bool(queryset.query.combinator),
        "limited": not raw and is_limited(queryset),
        "multiplied": not raw and is_multiplied(queryset),
        "ordering": () if raw else model_ordering(queryset),
        "values": not raw and queryset._fields is not None,
        "locked": not raw and queryset.query.select_for_update,
        "fetch_modes": hasattr(QuerySet, "fetch_mode") and not raw,
        "deferred": deferred_names(queryset),
        "only": only_names(queryset),
        "prefetched": tuple(
            getattr(lookup, "prefetch_to", lookup) for lookup in queryset._prefetch_related_lookups
        ),
        "selected": selected_lookups(queryset),
    }
