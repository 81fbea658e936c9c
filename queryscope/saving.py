"""What a model says of the saving of its rows: fields, constraints, and what runs besides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model, signals

#: Methods of related managers that write the relation, not the rows.
OF_MANAGERS = frozenset({"add", "set", "remove", "clear"})


def loaded_fields(instance: Model) -> set[str]:
    """The fields that an instance with deferred ones would save."""
    fields = instance._meta.concrete_fields
    return {f.name for f in fields if f.attname in instance.__dict__ and not f.primary_key}


def named_fields(model: Any, given: Iterable[str]) -> tuple[str, ...]:
    """The concrete fields that attributes are, in the model's order; none where one is another.

    What a property or a generic key is set to lies in fields of other names.
    """
    given = set(given)
    fields = [f for f in model._meta.concrete_fields if not f.primary_key]
    if not given <= {name for f in fields for name in (f.name, f.attname)}:
        return ()
    return tuple(f.name for f in fields if f.name in given or f.attname in given)


def are_unique(model: Any, names: Iterable[str]) -> bool:
    """Whether the database itself keeps two rows with the same values of these fields apart."""
    given = set(names)
    options = model._meta
    try:
        fields = [options.pk if name == "pk" else options.get_field(name) for name in given]
    except FieldDoesNotExist:
        return False  # A lookup that compares in another way.
    if len(fields) == 1 and fields[0].unique:
        return True
    whole = [set(constraint.fields) for constraint in options.total_unique_constraints]
    whole += [set(together) for together in options.unique_together]
    return given in whole


def stamped_fields(model: Any, given: Iterable[str] | None) -> tuple[str, ...]:
    """The ``auto_now`` fields among those that are saved; None is for every field."""
    fields = (f for f in model._meta.concrete_fields if getattr(f, "auto_now", False))
    return tuple(f.name for f in fields if given is None or f.name in given)


def skipped(model: Any, operation: str) -> tuple[str, ...]:
    """What the project attached to writing one object that a bulk form leaves out."""
    found = []
    method = "delete" if operation == "delete" else "save"
    owner = next(cls for cls in model.__mro__ if method in vars(cls))
    if owner is not Model and operation != "update" and operation not in OF_MANAGERS:
        found.append(f"{owner.__name__}.{method}()")
    if operation in OF_MANAGERS:
        if signals.m2m_changed.has_listeners(model):
            found.append("m2m_changed receivers")
    elif operation not in ("delete", "update"):  # A queryset's delete() sends its signals.
        for name in ("pre_save", "post_save"):
            if getattr(signals, name).has_listeners(model):
                found.append(f"{name} receivers")
    return tuple(found)
