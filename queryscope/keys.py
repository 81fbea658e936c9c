"""Relations whose managers leave no trace in a queryset but their conditions."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db.models import ManyToManyField, Model
from django.db.models.query import RawQuerySet

from .core.events import Relation
from .provenance import make_relation
from .querysets import exact_conditions, exact_lookups

#: The relation, its owner's model and the owner's primary key.
Keyed = tuple[Relation, type[Model], Any]


def relation_by_key(queryset: Any) -> Keyed | None:
    """The generic relation, or the tags, that a queryset reads for one owner."""
    if isinstance(queryset, RawQuerySet) or not apps.is_installed("django.contrib.contenttypes"):
        return None
    return _generic(queryset) or _tagging(queryset)


def _generic(queryset: Any) -> Keyed | None:
    from django.contrib.contenttypes.models import ContentType

    for field in queryset.model._meta.private_fields:
        content_type_name = getattr(field, "ct_field", None)
        if content_type_name is None:
            continue
        values = dict(exact_conditions(queryset))
        content_type = values.get(content_type_name)
        key = values.get(field.fk_field)
        if content_type is None or key is None:
            continue
        try:
            owner = ContentType.objects._cache[queryset.db][content_type].model_class()  # type: ignore[attr-defined]
        except KeyError:
            continue
        for relation in owner._meta.private_fields if owner is not None else ():
            if (
                getattr(relation, "object_id_field_name", None) == field.fk_field
                and relation.related_model is queryset.model
            ):
                name = relation.name
                made = make_relation(owner, name, name, "generic-relation", queryset.model)
                return made, owner, owner._meta.pk.to_python(key)
    return None


def _tagging(queryset: Any) -> Keyed | None:
    """Tags, as django-taggit has them: related through a model that names any other.

    The field is a many-to-many relation to Django, but not one of Django's own.
    """
    lookups = exact_lookups(queryset)
    kind = {
        lookup.lhs.target.name: lookup.rhs
        for lookup in lookups
        if lookup.lhs.target.model._meta.label == "contenttypes.ContentType"
    }
    for lookup in lookups:
        target = lookup.lhs.target
        if target.model is queryset.model or not isinstance(lookup.rhs, (int, str)):
            continue
        owner: Any = target.related_model
        if owner is None and kind.keys() >= {"app_label", "model"}:
            owner = apps.all_models[kind["app_label"]].get(kind["model"])
        for field in owner._meta.many_to_many if owner is not None else ():
            through = getattr(field.remote_field, "through", None)
            if through is target.model and not isinstance(field, ManyToManyField):
                name = field.name
                made = make_relation(owner, name, name, "many-to-many", queryset.model)
                return made, owner, owner._meta.pk.to_python(lookup.rhs)
    return None
