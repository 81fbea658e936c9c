"""The part of an audit that looks at indexes: which ones all that the pages asked wants."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db import connections

from ..advising import AdviseOptions, advise
from ..core.advice import Advice, AdvisedIndex
from ..core.findings import Finding
from ..core.index_findings import index_findings
from ..core.indexes import IndexDefinition
from ..core.repairs import Fix
from ..core.runs import KINDS, merged
from ..core.sightings import Location
from ..core.workload import Workload, WorkloadQuery
from ..databases import database_of
from ..databases.base import DatabaseError
from ..databases.what_if import Mode
from ..index_code import IndexCode, index_code
from ..index_drops import index_drop
from ..model_edits import meta_of, model_edit
from ..recording import Recording

#: One request to a page says little of how often it is asked: what it saves must be felt there.
LEAST_SAVED_MS = 1.0
_TIME_LIMIT_S = 30.0
#: Bytes from which an index that need not be there is worth a line of an audit.
_WORTH_DROPPING = 1024 * 1024


def asked(recordings: Iterable[Recording], alias: str) -> tuple[WorkloadQuery, ...]:
    """What recorded requests asked one database, values included."""
    return merged(
        query
        for recording in recordings
        for query in recording.workload.queries
        if query.database == alias and query.kind in KINDS and query.samples
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """The indexes that an audit's requests want, and the findings that say so; ``notes`` tell what
    could not be done."""

    findings: tuple[Finding, ...] = ()
    indexes: tuple[AdvisedIndex, ...] = ()
    notes: tuple[str, ...] = ()


def wanted(recordings: Iterable[Recording], alias: str, what_if: Mode) -> Wanted:
    """Index advice for what was recorded, tried in this database."""
    queries = asked(recordings, alias)
    if not queries:
        return Wanted()
    connection = connections[alias]
    options = AdviseOptions(
        what_if=what_if, time_limit_s=_TIME_LIMIT_S, least_saved_ms=LEAST_SAVED_MS
    )
    try:
        advice = advise(Workload(queries), database_of(connection), options)
    except DatabaseError as error:
        return Wanted(notes=(f"No indexes were advised: {error}.",))
    advice = _worth_telling(advice)
    made = [index_code(index.definition, connection) for index in advice.indexes]
    fixes = {
        index.definition: Fix("index", (), index.definition.create_sql(concurrently=True))
        for index in advice.indexes
        if connection.vendor == "postgresql"
    } | _fixes(made)
    drops = {index.name: index_drop(index, connection).text for index in advice.droppable}
    found = index_findings(advice, fixes, drops, _places(made))
    return Wanted(found, advice.indexes)


def _fixes(made: Iterable[IndexCode]) -> dict[IndexDefinition, Fix]:
    """The line for each model's Meta, with the edit where it is certain."""
    fixes = {}
    for one in made:
        if one.code is not None and one.model is not None:
            edit = model_edit(one.model, [one.code.text], one.code.imports, os.getcwd())
            diff = edit.diff or None if edit is not None else None
            fixes[one.definition] = Fix("index", (), one.code.text, diff)
    return fixes


def _places(made: Iterable[IndexCode]) -> dict[str, Location]:
    places = {one.definition.table: meta_of(one.model) for one in made if one.model is not None}
    return {table: place for table, place in places.items() if place is not None}


def _worth_telling(advice: Advice) -> Advice:
    advised = {index.definition.name for index in advice.indexes}
    droppable = tuple(
        index
        for index in advice.droppable
        if index.size_bytes >= _WORTH_DROPPING and index.covered_by not in advised
    )
    return replace(advice, droppable=droppable)
