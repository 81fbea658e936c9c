"""Where in a Django project an index comes from that is to go, and what takes it away there."""

from __future__ import annotations

import inspect
import os
from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import Field, ForeignKey, Model

from .core.advice import DroppableIndex
from .core.indexes import IndexDefinition
from .core.paths import relative
from .index_objects import model_of

Origin = Literal["meta", "field", "like", "unknown"]


@dataclass(frozen=True, slots=True)
class IndexDrop:
    """``origin`` tells what makes the index: Meta.indexes, a field's ``db_index``, the twin for
    LIKE that Django makes beside that, or nothing that could be found. ``text`` says what to do,
    ``code`` is what to write, "" where there is nothing to write.
    """

    index: DroppableIndex
    origin: Origin
    text: str
    code: str = ""
    model: type[Model] | None = None
    field: str = ""


def index_drop(index: DroppableIndex, connection: Any) -> IndexDrop:
    """How an index is taken away: in the models where they make it, else in SQL."""
    model = model_of(index.table)
    if model is not None:
        if any(own.name == index.name for own in model._meta.indexes):
            return _from_meta(index, model, connection)
        field = _field(index.definition, model)
        if field is not None and _is_twin(index.definition):
            return _twin(index, model, field)
        if field is not None:
            return _from_field(index, model, field)
    return IndexDrop(
        index, "unknown", f"No model makes {index.name}: drop it with {index.drop}", model=model
    )


def _from_meta(index: DroppableIndex, model: type[Model], connection: Any) -> IndexDrop:
    postgresql = connection.vendor == "postgresql"
    # The drop says it: over partitions it cannot be.
    concurrently = postgresql and "CONCURRENTLY" in index.drop
    operation = "RemoveIndexConcurrently" if concurrently else "migrations.RemoveIndex"
    code = f'{operation}(model_name="{model._meta.model_name}", name="{index.name}")'
    how = " in a migration with atomic = False" if concurrently else ""
    text = f"Take it out of the indexes of {_place(model)}; {code}{how} drops it"
    return IndexDrop(index, "meta", text, code, model)


def _from_field(index: DroppableIndex, model: type[Model], field: Field[Any, Any]) -> IndexDrop:
    name = f"{model.__name__}.{field.name}"
    if isinstance(field, ForeignKey):
        text = f"Give {name} db_index=False ({_place(model)}), then run makemigrations"
        return IndexDrop(index, "field", text, "db_index=False", model, field.name)
    text = f"Take db_index=True from {name} ({_place(model)}), then run makemigrations"
    return IndexDrop(index, "field", text, "", model, field.name)


def _twin(index: DroppableIndex, model: type[Model], field: Field[Any, Any]) -> IndexDrop:
    text = (
        f"Django makes it beside the index of {model.__name__}.{field.name} and has no option "
        f"against it: a migration with RunSQL drops it"
    )
    return IndexDrop(index, "like", text, f"migrations.RunSQL('{index.drop}')", model, field.name)


def _field(definition: IndexDefinition | None, model: type[Model]) -> Field[Any, Any] | None:
    """The field whose own index it is: one column, no condition, and the field asks for one."""
    if definition is None or len(definition.keys) != 1:
        return None
    [key] = definition.keys
    if definition.condition or definition.include or key.expression or key.descending:
        return None
    for field in model._meta.local_concrete_fields:
        indexed = getattr(field, "db_index", False) or field.unique
        if field.column == key.name and indexed:
            return field
    return None


def _is_twin(definition: IndexDefinition | None) -> bool:
    return definition is not None and definition.keys[0].opclass.endswith("_pattern_ops")


def _place(model: type[Model]) -> str:
    try:
        file = inspect.getsourcefile(model) or ""
        line = inspect.getsourcelines(model)[1]
    except (OSError, TypeError):
        return f"{model.__module__}.{model.__qualname__}"
    return f"{relative(file, os.getcwd())}:{line}"
