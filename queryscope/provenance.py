"""From frames and querysets to the words of the ORM: the operation, and the relation it followed.

Read on the first sight of a group only. Everything here reads what the running query already holds;
nothing calls the application, touches a database or keeps an object.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from types import FrameType
from typing import Any

from django.db.models import Model
from django.db.models.fields.related_descriptors import (
    ForwardManyToOneDescriptor,
    ReverseOneToOneDescriptor,
)
from django.db.models.query import RawQuerySet
from django.db.models.query_utils import DeferredAttribute

from .core.events import Relation, RelationKind
from .querysets import exact_conditions, manager_name

#: Qualified names of ORM functions -> the operation as a developer calls it.
OPERATIONS = {
    "QuerySet._fetch_all": "queryset",
    "RawQuerySet._fetch_all": "raw",
    "RawModelIterable.__iter__": "raw",
    "QuerySet._iterator": "iterator",
    "QuerySet.get": "get",
    "QuerySet.first": "first",
    "QuerySet.last": "last",
    "QuerySet.earliest": "earliest",
    "QuerySet.latest": "latest",
    "QuerySet.__getitem__": "slice",
    "QuerySet.count": "count",
    "QuerySet.exists": "exists",
    "QuerySet.contains": "contains",
    "QuerySet.aggregate": "aggregate",
    "QuerySet.in_bulk": "in_bulk",
    "QuerySet.create": "create",
    "QuerySet.bulk_create": "bulk_create",
    "QuerySet.bulk_update": "bulk_update",
    "QuerySet.update": "update",
    "QuerySet.delete": "delete",
    "QuerySet.get_or_create": "get_or_create",
    "QuerySet.update_or_create": "update_or_create",
    "prefetch_related_objects": "prefetch",
    "Model.save": "save",
    "Model.save_base": "save",
    "Model.delete": "delete",
    "Model.refresh_from_db": "refresh_from_db",
    "create_reverse_many_to_one_manager.<locals>.RelatedManager.add": "add",
    "create_reverse_many_to_one_manager.<locals>.RelatedManager.set": "set",
    "create_reverse_many_to_one_manager.<locals>.RelatedManager.remove": "remove",
    "create_reverse_many_to_one_manager.<locals>.RelatedManager.clear": "clear",
    "create_forward_many_to_many_manager.<locals>.ManyRelatedManager.add": "add",
    "create_forward_many_to_many_manager.<locals>.ManyRelatedManager.remove": "remove",
    "create_forward_many_to_many_manager.<locals>.ManyRelatedManager.set": "set",
    "create_forward_many_to_many_manager.<locals>.ManyRelatedManager.clear": "clear",
    "create_forward_many_to_many_manager.<locals>.ManyRelatedManager.create": "create",
    "create_generic_related_manager.<locals>.GenericRelatedObjectManager.add": "add",
    "create_generic_related_manager.<locals>.GenericRelatedObjectManager.set": "set",
    "create_generic_related_manager.<locals>.GenericRelatedObjectManager.remove": "remove",
    "create_generic_related_manager.<locals>.GenericRelatedObjectManager.clear": "clear",
}
_AT_MOST_ONE = frozenset(
    {"get", "first", "last", "earliest", "latest", "get_or_create", "update_or_create"}
)
_EVALUATES = frozenset({"QuerySet._prefetch_related_objects", "QuerySet._iterator"})
_DELETES = frozenset({"QuerySet.delete", "Model.delete"})
_DESCRIPTORS = frozenset(
    {
        "ForwardManyToOneDescriptor.__get__",
        "ReverseOneToOneDescriptor.__get__",
        "DeferredAttribute.__get__",
        "GenericForeignKey.__get__",
        "GenericForeignKeyDescriptor.__get__",
    }
)


def operation(stack: list[FrameType]) -> tuple[str, bool, Any]:
    """What the application called: (operation, at most one row by that, descriptor that was read).

    ``stack`` runs from the query to the frame that caused it. The outermost call counts, since
    ``get_or_create()`` runs ``get()``; a descriptor ends the search, for the attribute is the call,
    unless it is ``delete()`` that reads it.
    """
    name, single, descriptor = "sql", False, None
    for depth, frame in enumerate(stack):
        qualname = frame.f_code.co_qualname
        if qualname in _DESCRIPTORS:
            if any(outer.f_code.co_qualname in _DELETES for outer in stack[depth:]):
                return "delete", False, None
            descriptor = frame.f_locals.get("self")
            return "attribute", True, descriptor
        found = OPERATIONS.get(qualname)
        if found == "slice":
            single = single or issubclass(type(frame.f_locals.get("k")), int)
            found = None
        if found is not None:
            name = found
            single = single or found in _AT_MOST_ONE
            if found == "prefetch":
                break
    return name, single, descriptor


#: Folders of the code that lies between a line that asks the ORM and the query.
_ORM = (
    *("/django/db/", "/django/contrib/contenttypes/", "/django/utils/", "/django/template/"),
    *("/queryscope/watching.py", "/django/shortcuts.py"),
)
_LIBRARIES = ("/django/", "/site-packages/", "/dist-packages/")


def is_direct(stack: list[FrameType], besides: tuple[str, ...] = ()) -> bool:
    """Whether the frames between a query and its place are the ORM's, not another library's.

    ``besides`` are parts of the paths of other files that are as good.
    """
    return all(_is_near(frame.f_code.co_filename, besides) for frame in stack)


@lru_cache(maxsize=4096)
def _is_near(filename: str, besides: tuple[str, ...]) -> bool:
    file = filename.replace("\\", "/")
    library = any(folder in file for folder in _LIBRARIES)
    return not library or any(folder in file for folder in (*_ORM, "/asgiref/", *besides))


def by_queryset(stack: list[FrameType]) -> bool:
    """Whether it is a queryset that prefetches, and not ``prefetch_related_objects()`` called."""
    return any(frame.f_code.co_qualname in _EVALUATES for frame in stack)


def fills_choices(stack: list[FrameType]) -> bool:
    """Whether a form's field asks for its choices."""
    return any(frame.f_code.co_qualname == "ModelChoiceIterator.__iter__" for frame in stack)


def collects(stack: list[FrameType]) -> bool:
    """Whether Django looks for the rows that a deletion would take along."""
    return any(frame.f_code.co_qualname == "Collector.collect" for frame in stack)


def relation_of_descriptor(descriptor: Any) -> Relation | None:
    """The relation (or deferred field) behind a descriptor; None for one that is not Django's."""
    if isinstance(descriptor, ForwardManyToOneDescriptor):
        field = descriptor.field
        kind: RelationKind = "forward-one-to-one" if field.one_to_one else "forward"
        return make_relation(field.model, field.name, field.name, kind, field.related_model)
    if isinstance(descriptor, ReverseOneToOneDescriptor):
        rel = descriptor.related
        return make_relation(
            rel.model, rel.get_accessor_name(), rel.name, "reverse-one-to-one", rel.related_model
        )
    if isinstance(descriptor, DeferredAttribute):
        field = descriptor.field
        return make_relation(field.model, field.attname, field.name, "deferred-field", field.model)
    field = getattr(descriptor, "field", descriptor)
    if getattr(field, "ct_field", None) and getattr(field, "fk_field", None):
        return make_relation(field.model, field.name, field.name, "generic-foreign-key", None)
    return None


def cache_name(descriptor: Any) -> str | None:
    """Where an instance keeps the object behind a descriptor; None for a deferred field."""
    if isinstance(descriptor, DeferredAttribute):
        return None
    if isinstance(descriptor, ReverseOneToOneDescriptor):
        return str(descriptor.related.cache_name)
    return str(getattr(descriptor, "field", descriptor).cache_name)


def relation_of_queryset(queryset: Any, instance: Model) -> Relation | None:
    """The relation that a related manager's queryset follows from ``instance``."""
    for field, known in getattr(queryset, "_known_related_objects", {}).items():
        if any(value is instance for value in known.values()):
            rel = field.remote_field
            name = rel.get_accessor_name()
            return make_relation(
                rel.model, name, rel.name, "reverse-many", rel.related_model, field.name
            )
    if isinstance(queryset, RawQuerySet):
        return None
    return _many_to_many(queryset, type(instance))


def _many_to_many(queryset: Any, owner: Any) -> Relation | None:
    used = {getattr(table, "table_name", None) for table in queryset.query.alias_map.values()}
    used.add(queryset.model._meta.db_table)
    candidates = [(field.remote_field, False) for field in owner._meta.many_to_many]
    candidates += [(rel, True) for rel in owner._meta.related_objects if rel.many_to_many]
    found = [
        relation
        for rel, reverse in candidates
        if rel.through._meta.db_table in used
        and _filters_on(queryset, rel, reverse)
        and (relation := _many_to_many_relation(rel, reverse)) is not None
        and _leads_to(queryset.model, rel.related_model if reverse else rel.model, rel.through)
    ]
    if len({relation.name for relation in found}) == 1:
        return found[0]
    return None


def _filters_on(queryset: Any, rel: Any, reverse: bool) -> bool:
    """Whether the condition is on the column of ``rel`` that points at the owner."""
    columns = {rel.field.m2m_field_name(), rel.field.m2m_reverse_field_name()}
    asked = {name for name, _ in exact_conditions(queryset)} & columns
    own = rel.field.m2m_reverse_field_name() if reverse else rel.field.m2m_field_name()
    return not asked or own in asked


def _many_to_many_relation(rel: Any, reverse: bool) -> Relation | None:
    field = rel.field
    if not reverse:
        back = field.related_query_name()
        return make_relation(
            rel.related_model, field.name, field.name, "many-to-many", rel.model, back
        )
    name = rel.get_accessor_name()
    if name is None:
        return None
    return make_relation(rel.model, name, rel.name, "many-to-many", rel.related_model, field.name)


def _leads_to(model: type[Model], target: Any, through: Any) -> bool:
    return issubclass(model, target) or issubclass(target, model) or model is through


def relation_of_prefetch(values: dict[str, Any]) -> Relation | None:
    """The relation that ``prefetch_one_level`` loads, from its local variables."""
    lookup, level, instances = values["lookup"], values["level"], values["instances"]
    through = lookup.prefetch_through.split("__")[level]
    relation = relation_of_lookup(instances[0], through)
    attribute, renamed = lookup.get_current_to_attr(level)
    return replace(relation, name=attribute, renamed=True) if relation and renamed else relation


def relation_of_field(field: Any) -> Relation:
    """The relation of a field or of its reverse, as ``select_related`` names them."""
    if field.concrete:
        kind: RelationKind = "forward-one-to-one" if field.one_to_one else "forward"
        return make_relation(field.model, field.name, field.name, kind, field.related_model)
    name = field.get_accessor_name()
    return make_relation(field.model, name, field.name, "reverse-one-to-one", field.related_model)


def relation_of_lookup(instance: Model, name: str) -> Relation | None:
    """The relation that one step of a prefetch lookup follows; None where it is no relation."""
    descriptor = getattr(type(instance), name, None)
    if descriptor is None:
        return None
    made = relation_of_descriptor(descriptor)
    if made is not None:
        return made
    rel = getattr(descriptor, "rel", None)
    if rel is None:
        return None
    if rel.many_to_many:
        return _many_to_many_relation(rel, getattr(descriptor, "reverse", False))
    if hasattr(rel.field, "object_id_field_name"):
        return make_relation(rel.field.model, name, name, "generic-relation", rel.model)
    return make_relation(rel.model, name, rel.name, "reverse-many", rel.related_model)


def make_relation(
    owner: Any, name: str, query_name: str, kind: RelationKind, target: Any, back: str = ""
) -> Relation:
    manager = manager_name(target) if target is not None else "objects"
    children = tuple(children_of(target)) if target is not None else ()
    label = owner._meta.label
    return Relation(label, name, query_name, kind, _label(target), manager, back, children=children)


def children_of(model: Any) -> Iterator[str]:
    """Labels of the models that inherit from one, at any depth."""
    for child in model.__subclasses__():
        if not child._meta.proxy:
            yield child._meta.label
        yield from children_of(child)


def _label(model: Any) -> str:
    return model._meta.label if model is not None else ""
