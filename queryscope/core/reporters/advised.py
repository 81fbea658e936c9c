"""What every format says of an advised index: its short form, its SQL, what it saves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..advice import AdvisedIndex
from ..indexes import IndexDefinition

_PLAIN = re.compile(r'"([a-z_][a-z0-9_]*)"')


@dataclass(frozen=True, slots=True)
class DjangoIndex:
    """``code`` is the entry of ``Meta.indexes`` of ``model`` ("projects.Task"), ``imports`` what
    it needs beside ``models``, ``needs`` what must be done first. Without code ``reason`` says why
    Django cannot have it."""

    model: str = ""
    code: str = ""
    imports: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the advice itself does not know. ``again`` is the command that asked, ``written`` says
    of each app which migration was written, or why none was."""

    tool: str = ""
    vendor: str = ""
    alias: str = ""
    code: Mapping[IndexDefinition, DjangoIndex] = field(default_factory=dict)
    again: str = "python manage.py queryscope advise"
    written: tuple[str, ...] = ()
    #: Schema ("" on the search path) and name of tables that PostgreSQL keeps in partitions.
    partitioned: frozenset[tuple[str, str]] = frozenset()

    @property
    def costed(self) -> bool:
        """Whether the database's planner says what a plan costs."""
        return self.vendor != "sqlite"


def described(definition: IndexDefinition, *, short: bool = False) -> str:
    """ "projects_task (status, created_at DESC) WHERE deleted_at IS NULL"; ``short`` without what
    is not a key."""
    using = "" if definition.method == "btree" else f" {definition.method.upper()}"
    keys = ", ".join(
        key.sql.replace(f"({key.name})", key.name) if key.expression else key.sql
        for key in definition.keys
    )
    text = f"{definition.table}{using} ({keys})"
    if not short:
        text += f" INCLUDE ({', '.join(definition.include)})" if definition.include else ""
        text += f" WHERE {definition.condition}" if definition.condition else ""
    return _PLAIN.sub(r"\1", text)


def ddl(definition: IndexDefinition, around: Surroundings) -> tuple[str, str]:
    """How it is made and how it goes, without keeping others from the table where that can be."""
    whole = (definition.schema, definition.table) not in around.partitioned
    concurrently = around.vendor == "postgresql" and whole
    return (
        definition.create_sql(concurrently=concurrently),
        definition.drop_sql(concurrently=concurrently),
    )


def extensions(definition: IndexDefinition) -> tuple[str, ...]:
    """Statements without which the index cannot be made on a database that lacks what it needs."""
    return tuple(f"CREATE EXTENSION IF NOT EXISTS {name}" for name in definition.extensions)


def saved_ms(index: AdvisedIndex) -> float | None:
    """Milliseconds of the whole workload; None where nothing was timed."""
    timed = [
        query.calls * (query.duration_ms_before - query.duration_ms_after)
        for query in index.served
        if query.duration_ms_before is not None and query.duration_ms_after is not None
    ]
    return max(0.0, sum(timed)) if timed else None
