"""Triggers, foreign keys among them, that take a large part of a statement's time.

    DELETE FROM project: Trigger for constraint task_project_id_fk on project: time=840 ms calls=50

Why it hurts: each row that is changed runs each trigger; the check of a foreign key looks for
rows that refer to it, by going through the whole table if no index leads there.

Instead of:
    ForeignKey(Project, db_index=False)
use:
    ForeignKey(Project), or an index that begins with its column

Triggers count when they took 10 ms and a third of the time. Silent: without ANALYZE.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..indexes import IndexDefinition, IndexKey
from ..schema import ForeignKey, Table
from .figures import counted, milliseconds, number, share
from .tip import MANY_MS, Context, Tip

NAME = "trigger-time"

_SHARE = 1 / 3


def tips(context: Context) -> Iterable[Tip]:
    """Speak of each trigger that takes its share."""
    whole = number(context.plan.execution_ms)
    for trigger in context.plan.triggers:
        took = number(trigger.get("Time"))
        if took < MANY_MS or took < whole * _SHARE:
            continue
        name = trigger.get("Constraint Name") or trigger.get("Trigger Name")
        calls = counted(number(trigger.get("Calls")), "call")
        message = (
            f"{name} on {trigger.get('Relation')} takes {milliseconds(took)} in {calls}, "
            f"{share(min(took, whole), whole)} of the time"
        )
        yield Tip(NAME, 0, message, _hint(context, trigger), took)


def _hint(context: Context, trigger: Mapping[str, Any]) -> str:
    if not trigger.get("Constraint Name"):
        return (
            "Make the trigger one FOR EACH STATEMENT with transition tables, or narrow it by "
            "WHEN, so that it does not run for every row."
        )
    for table, key in _referring(context, str(trigger.get("Relation"))):
        if not any(_leads(index.definition, key) for index in table.indexes if index.valid):
            keys = tuple(map(IndexKey, key.columns))
            index = IndexDefinition(table.name, keys, schema=table.schema)
            statement = f"{index.create_sql(concurrently=True)};"
            return f"No index leads to the rows of {table.name} that refer to it: {statement}"
    return (
        "Check that the columns of the foreign keys that refer to this table are indexed: "
        "each row looks for those that refer to it."
    )


def _referring(context: Context, relation: str) -> Iterable[tuple[Table, ForeignKey]]:
    for table in context.schema.tables.values():
        for key in table.foreign_keys:
            if key.table.rsplit(".", 1)[-1] == relation:
                yield table, key


def _leads(definition: IndexDefinition | None, key: ForeignKey) -> bool:
    if definition is None or definition.method != "btree" or definition.condition:
        return False
    first = [index_key.name for index_key in definition.keys[: len(key.columns)]]
    return set(first) == set(key.columns)
