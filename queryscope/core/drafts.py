"""Candidate indexes for one access: shapes, with conditions and covering columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial

from .access import Access
from .canonical import canonical_sql
from .covering import fits, missing, width
from .documents import others
from .indexes import IndexDefinition, IndexKey
from .partial import Condition, conditions, united_conditions
from .potential import entry_bytes, saved
from .predicates import Term
from .schema import Schema, Table
from .shapes import Key, Shape, shapes
from .wording import reasons

#: Where a whole unique key is compared, there is one row at most.
_ONE_ROW_ROLES = ("equality", "join", "list")


@dataclass(frozen=True, slots=True)
class Draft:
    """A definition for one query. ``gain`` is the weight it could save at best, ``size`` its bytes,
    roughly."""

    definition: IndexDefinition
    digest: str
    gain: float
    size: float
    why: Callable[[], tuple[str, ...]]
    #: Indexes for the other branches of an OR; () where it serves by itself.
    partners: frozenset[IndexDefinition] = frozenset()


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of a table's other queries while one of them is looked at.

    ``popularity``: how much of the workload compares a term by equality. ``united``: rare constants
    of one column over all queries. ``key_tests``: documents that any query asks for their keys.
    """

    schema: Schema
    popularity: dict[str, float]
    united: dict[str, tuple[str, ...]]
    key_tests: frozenset[str]
    max_width: int


def drafts(access: Access, around: Circumstances) -> Iterator[Draft]:
    """All indexes that could serve an access, good and bad."""
    whole = Condition("", 1.0, frozenset(), "")
    narrower = [*conditions(access), *united_conditions(access, around.united)]
    for condition in (whole, *narrower):
        found = shapes(access, around.schema, around.popularity, around.max_width, condition.fixed)
        for shape in found or _narrowest(access, condition):
            if condition.key <= {name for key in shape.keys for name in key.term.columns}:
                yield from _versions(access, shape, condition, around)
    for other in others(access, around.schema, around.key_tests):
        definition = _canonical(other.definition, access.table, around.schema.vendor)
        size = entry_bytes(definition.columns, access, 1.0) * (
            0.001 if definition.method == "brin" else 1.0
        )
        gain = access.weight * max(0.0, 0.95 - other.share)
        yield Draft(definition, access.digest, gain, size, partial(tuple, other.why))


def spelled_conditions(access: Access, around: Circumstances) -> Iterator[str]:
    """Conditions of partial indexes that hold whenever the query runs."""
    for each in (*conditions(access), *united_conditions(access, around.united)):
        index = IndexDefinition(access.table.name, (), condition=each.sql)
        yield _canonical(index, access.table, around.schema.vendor).condition


def _narrowest(access: Access, condition: Condition) -> Iterator[Shape]:
    """A condition that says everything needs some key: the primary one, or a small column."""
    if not condition.fixed:
        return
    table = access.table
    primary = next((i.definition for i in table.indexes if i.constraint == "primary"), None)
    if primary is not None and len(primary.keys) == 1:
        name = primary.keys[0].name
    else:
        name = min(table.columns, key=lambda each: (width(table, each), each))
    yield Shape((Key(_column(name), "filter"),))


def _versions(
    access: Access, shape: Shape, condition: Condition, around: Circumstances
) -> Iterator[Draft]:
    """A shape alone, and with the columns that make it cover the query."""
    table, vendor = access.table, around.schema.vendor
    keys = tuple(key.index_key for key in shape.keys)
    names = tuple(name for key in shape.keys for name in key.term.columns)
    plain = all(not key.term.expression for key in shape.keys)
    lacking = missing(access, names, condition.fixed) if plain else None
    base = IndexDefinition(table.name, keys, condition=condition.sql, schema=table.schema)
    if lacking == () or not _one_row(shape, table):
        yield _draft(access, base, shape, condition, vendor, covering=lacking == ())
    if lacking and fits(table, names, lacking):
        # One column as a key takes no more room than included, and may serve others.
        as_keys = vendor != "postgresql" or (len(lacking) == 1 and len(names) < around.max_width)
        wider = (*keys, *map(IndexKey, lacking))
        wide = replace(base, keys=wider) if as_keys else replace(base, include=lacking)
        yield _draft(access, wide, shape, condition, vendor, covering=True)


def _draft(
    access: Access,
    definition: IndexDefinition,
    shape: Shape,
    condition: Condition,
    vendor: str,
    *,
    covering: bool,
) -> Draft:
    gain = access.weight * saved(access, shape, condition.share, covering=covering)
    size = entry_bytes(definition.columns, access, condition.share)
    why = partial(reasons, shape, condition, definition)
    return Draft(_canonical(definition, access.table, vendor), access.digest, gain, size, why)


def _one_row(shape: Shape, table: Table) -> bool:
    """Whether a unique key answers the shape's comparisons already."""
    compared = {key.term.sql for key in shape.keys if key.role in _ONE_ROW_ROLES}
    return any(unique <= compared for unique in unique_keys(table))


def unique_keys(table: Table) -> Iterator[set[str]]:
    """Columns of each key that no two rows share."""
    for index in table.indexes:
        definition = index.definition
        if definition is None or not (definition.unique or index.constraint == "primary"):
            continue
        if definition.condition or any(key.expression for key in definition.keys):
            continue
        yield {key.name for key in definition.keys}


def reads_one_row(access: Access) -> bool:
    """Whether constants pick one row (or one for each of a list) by a unique key."""
    compared = {
        each.term.sql
        for each in access.asked
        if each.predicate.operator in ("=", "in") and each.predicate.join is None
    }
    return any(unique <= compared for unique in unique_keys(access.table))


def _column(name: str) -> Term:
    return Term(name, (name,))


# --- one spelling ----------------------------------------------------------------------------


def _canonical(definition: IndexDefinition, table: Table, vendor: str) -> IndexDefinition:
    """Expressions and the condition in the spelling that existing indexes are read in."""
    if vendor != "postgresql":
        # SQLite compares the text of a condition with that of the query.
        return definition
    types = tuple((column.name, column.type) for column in table.columns.values())
    keys = tuple(
        replace(key, name=_spelled(key.name, types)) if key.expression else key
        for key in definition.keys
    )
    condition = definition.condition and _spelled(definition.condition, types)
    return replace(definition, keys=keys, condition=condition)


@lru_cache(maxsize=4096)
def _spelled(sql: str, types: tuple[tuple[str, str], ...]) -> str:
    # "MONTH" would be another constant than the query's "month".
    return sql if "DATE_TRUNC" in sql else canonical_sql(sql, dict(types))
