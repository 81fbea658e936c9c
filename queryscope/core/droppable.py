"""Indexes that need not be: others answer the same, or nothing has ever asked for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from .advice import DroppableIndex
from .canonical import canonical_definition
from .indexes import IndexDefinition, IndexKey, Nulls
from .schema import ForeignKey, Schema, Table

#: An unused index that is smaller is not worth a migration.
WORTH_BYTES = 1024 * 1024
#: Counters that are younger may have missed what runs weekly or monthly.
SETTLED_DAYS = 7.0
#: Younger ones say nothing.
_FRESH_DAYS = 1.0
#: Operator classes that only differ from a plain key where text is not sorted bytewise.
_PATTERNS = {f"{kind}_pattern_ops" for kind in ("varchar", "text", "bpchar")}
_FLIPPED_NULLS: dict[str, Nulls] = {"FIRST": "LAST", "LAST": "FIRST", "": ""}


def droppable(
    schema: Schema,
    advised: Collection[IndexDefinition] = (),
    used: Collection[str] = (),
    worth_bytes: int = WORTH_BYTES,
) -> tuple[DroppableIndex, ...]:
    """Indexes that could be dropped once the advised ones are there, largest first.

    ``used`` are names of indexes that plans of the workload use: never told to be unused. Never
    one that is unique, backs a constraint, is the replica identity, what its table is clustered
    by, or not valid: perhaps it is being built.
    """
    found = []
    for table in schema.tables.values():
        redundant = list(_redundant(table, advised, schema))
        # What takes over for another one has work to do from then on.
        names = {name for index in redundant for name in (index.name, index.covered_by)}
        found += redundant
        found += [
            index
            for index in _unused(table, schema, worth_bytes)
            if index.name not in names and index.name not in used
        ]
    return tuple(sorted(found, key=lambda index: (-index.size_bytes, index.name)))


@dataclass(frozen=True, slots=True)
class _Index:
    """An index of either kind: one that is there or one that is advised."""

    name: str
    definition: IndexDefinition
    #: Its definition without what makes no difference in this database.
    plain: IndexDefinition
    size_bytes: int = 0
    scans: int | None = None
    needed: bool = False
    advised: bool = False

    def answers(self, other: _Index) -> bool:
        """Whether it does for all that the other does."""
        own, theirs = self.plain, other.plain
        return theirs == own or theirs.starts(own) or _backwards(theirs).starts(own)


def _indexes(
    table: Table, schema: Schema, advised: Iterable[IndexDefinition] = ()
) -> Iterator[_Index]:
    for index in table.indexes:
        if index.definition is not None and index.valid:
            yield _Index(
                name=index.name,
                definition=index.definition,
                plain=_plainly(index.definition, table, schema),
                size_bytes=index.size_bytes,
                scans=index.scans,
                needed=bool(index.constraint or index.definition.unique or index.needed_for),
            )
    types = {column.name: column.type for column in table.columns.values()}
    for definition in advised:
        if (definition.table, definition.schema) == (table.name, table.schema):
            # As the catalogue's are spelled.
            spelled = canonical_definition(definition, types, schema.vendor)
            plain = _plainly(spelled, table, schema)
            yield _Index(definition.name, definition, plain, advised=True)


def _redundant(
    table: Table, advised: Collection[IndexDefinition], schema: Schema
) -> Iterator[DroppableIndex]:
    indexes = list(_indexes(table, schema, advised))
    for index in indexes:
        if index.needed or index.advised:
            continue
        covers = [
            other
            for other in indexes
            # Of two that are the same, only one goes.
            if other is not index
            and other.answers(index)
            and (not index.answers(other) or _rank(other) < _rank(index))
        ]
        # What is redundant itself is no reason to drop another.
        lasting = [o for o in covers if not any(c is not o and c.answers(o) for c in covers)]
        if covers:
            yield _as_redundant(index, min(lasting or covers, key=_rank), table, schema)


def _rank(index: _Index) -> tuple[bool, bool, int, int, str]:
    """The one to keep comes first: what must stay, what is there already, what is used, small."""
    return (not index.needed, index.advised, -(index.scans or 0), index.size_bytes, index.name)


def _plainly(definition: IndexDefinition, table: Table, schema: Schema) -> IndexDefinition:
    """The definition without operator classes that make no difference in this database."""
    bytewise = {
        column.name
        for column in table.columns.values()
        if column.collation in ("C", "POSIX") or (schema.c_collation and not column.collation)
    }

    def plainly(key: IndexKey) -> IndexKey:
        if key.opclass not in _PATTERNS:
            return key
        same = not key.expression and key.name in bytewise and not key.collation
        return replace(key, opclass="" if same else "text_pattern_ops")

    return replace(definition, unique=False, keys=tuple(map(plainly, definition.keys)))


def _backwards(index: IndexDefinition) -> IndexDefinition:
    """What a scan from the end sees: a B-tree serves both ways."""
    keys = (
        replace(key, descending=not key.descending, nulls=_FLIPPED_NULLS[key.nulls])
        for key in index.keys
    )
    return replace(index, keys=tuple(keys))


def _as_redundant(index: _Index, cover: _Index, table: Table, schema: Schema) -> DroppableIndex:
    relation = "the same as" if index.answers(cover) else "the beginning of"
    reason = f"{_keys(index.definition)} is {relation} {cover.name} {_keys(cover.definition)}"
    if cover.advised:
        reason += ", once that is there"
    return DroppableIndex(
        name=index.name,
        table=table.name,
        kind="redundant",
        size_bytes=index.size_bytes,
        reason="; ".join([reason, *_deletes(index.definition, table, cover.name)]),
        covered_by=cover.name,
        drop=_drop(index, table, schema),
        definition=index.definition,
    )


def _deletes(definition: IndexDefinition, table: Table, cover: str) -> Iterator[str]:
    """Deleting a row looks for those that point at it, as changing its key does."""
    for key in table.foreign_keys:
        if _finds(definition, key):
            yield f"deletes from {key.table} find their rows by {cover} then"


def _finds(definition: IndexDefinition, key: ForeignKey) -> bool:
    """Whether rows that point at one row can be found by it."""
    leading = tuple(key.name for key in definition.keys[: len(key.columns)])
    return definition.method == "btree" and not definition.condition and leading == key.columns


def _unused(table: Table, schema: Schema, worth_bytes: int) -> Iterator[DroppableIndex]:
    if schema.statistics_days is not None and schema.statistics_days < _FRESH_DAYS:
        return
    for index in _indexes(table, schema):
        if index.needed or index.scans != 0 or index.size_bytes < worth_bytes:
            continue
        yield DroppableIndex(
            name=index.name,
            table=table.name,
            kind="unused",
            size_bytes=index.size_bytes,
            reason=f"{_keys(index.definition)} has not been scanned {_since(schema)}",
            drop=_drop(index, table, schema),
            caveats=tuple(_caveats(index, table, schema)),
            definition=index.definition,
        )


def _since(schema: Schema) -> str:
    days = schema.statistics_days
    if days is None:
        return "since the database began to count"
    return f"in {days:.0f} days" if days >= 2 else f"in {days * 24:.0f} hours"


def _caveats(index: _Index, table: Table, schema: Schema) -> Iterator[str]:
    days = schema.statistics_days
    if days is None:
        yield "How long scans have been counted is not known."
    elif days < SETTLED_DAYS:
        yield f"Scans have been counted for less than {SETTLED_DAYS:.0f} days."
    if schema.replica:
        yield "This server is a replica: scans on the primary are not counted here."
    elif schema.replicas:
        yield f"Scans on replicas ({schema.replicas} connected) are not counted here."
    others = [other.definition for other in _indexes(table, schema) if other.name != index.name]
    for key in table.foreign_keys:
        if _finds(index.definition, key) and not any(_finds(other, key) for other in others):
            yield f"Without it every delete from {key.table} reads all of {table.name}."
    if any(key.opclass in _PATTERNS for key in index.definition.keys):
        yield "It serves startswith and LIKE 'x%' alone; Django made it beside the plain index."


def _drop(index: _Index, table: Table, schema: Schema) -> str:
    # PostgreSQL refuses CONCURRENTLY for an index over partitions.
    concurrently = schema.vendor == "postgresql" and not table.partitioned
    return index.definition.drop_sql(index.name, concurrently=concurrently)


def _keys(definition: IndexDefinition) -> str:
    """Its keys as a person reads them: (project_id, created_at DESC) where ..."""
    keys = ", ".join(f"{key.name}{' DESC' if key.descending else ''}" for key in definition.keys)
    where = f" where {definition.condition}" if definition.condition else ""
    return f"({keys}){where}"
