"""What a recording holds: plain, frozen data that serialises to JSON and back.

A :class:`Trace` is everything the database was asked during one request (or one ``record()``
block). Queries are grouped by fingerprint and by the place that caused them, so its size depends
on the code that ran, not on the number of rows.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

TRACE_VERSION = 1

RelationKind = Literal[
    "forward",
    "forward-one-to-one",
    "reverse-one-to-one",
    "reverse-many",
    "many-to-many",
    "generic-foreign-key",
    "generic-relation",
    "deferred-field",
]

#: Relations that hold at most one object; ``select_related`` can follow all but the generic one.
SINGLE_RELATIONS = frozenset({"forward", "forward-one-to-one", "reverse-one-to-one"})
#: Relations that hold many objects, reached through a related manager.
MANY_RELATIONS = frozenset({"reverse-many", "many-to-many", "generic-relation"})
#: Operations that write; what they read on the way is not for the application to ask otherwise.
WRITES = frozenset(
    {"create", "bulk_create", "bulk_update", "update", "delete", "save"}
    | {"add", "set", "remove", "clear", "get_or_create", "update_or_create"}
)


@dataclass(frozen=True, slots=True)
class Location:
    """A line of source code: ``line`` counts from 1, ``code`` is its text without indentation."""

    file: str
    line: int
    function: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """A line of a template; ``line`` counts from 1."""

    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Relation:
    """One step from an object to what it is related to.

    ``model`` is the label of the model that owns the attribute ("projects.Task"), ``name`` the
    attribute as written in code (what ``prefetch_related`` takes), ``query_name`` the name that
    ``select_related`` and filters take. ``manager`` is the target's default manager, ``back`` the
    name by which the target's filters reach the owner, for relations to many; ``renamed`` tells
    that ``name`` is the ``to_attr`` of a Prefetch.
    """

    model: str
    name: str
    query_name: str
    kind: RelationKind
    target: str
    manager: str = "objects"
    back: str = ""
    renamed: bool = False

    @property
    def label(self) -> str:
        return f"{self.model}.{self.name}"


@dataclass(frozen=True, slots=True)
class Source:
    """A queryset whose rows were seen to cause further queries, or may.

    ``parent`` is the index in ``Trace.sources`` of the rows this queryset was reached from, by
    ``relation``; None for a queryset of its own. ``single`` tells that at most one row is possible
    by construction (``get()``, ``first()``, ``[0]``, a filter on a unique column), ``written`` that
    a line of the project evaluated it, not a library for a template or a serializer, ``built`` that
    ``location`` is the line that built it, ``plain`` that a related manager was not narrowed,
    ``looped`` that one chain of calls evaluated it again and again, ``changelist`` that it is the
    list of a ModelAdmin and ``choices`` that it fills a form's field. ``prefetched`` are the
    lookups it has already.
    """

    index: int
    model: str
    manager: str
    location: Location | None
    template: TemplateLine | None
    parent: int | None = None
    relation: Relation | None = None
    single: bool = False
    loaded_by: Literal["queryset", "lazy", "prefetch", "select_related"] = "queryset"
    streamed: bool = False
    written: bool = True
    built: bool = False
    plain: bool = True
    looped: bool = False
    changelist: bool = False
    choices: bool = False
    raw: bool = False
    combined: bool = False
    deferred: tuple[str, ...] = ()
    prefetched: tuple[str, ...] = ()
    evaluations: int = 0
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Offence:
    """How often a group's query was caused by rows of one source.

    ``origin`` is the index of the queryset whose rows multiply the query (the outermost one of
    several rows), ``source`` the index of the rows it was read from, ``most`` the highest count in
    one evaluation of the origin.
    """

    origin: int
    source: int
    count: int
    most: int


@dataclass(frozen=True, slots=True)
class QueryGroup:
    """Queries of one fingerprint from one place.

    ``operation`` is the ORM call that ran them ("get", "count", "queryset", "raw", "save", ...).
    ``repeats`` maps a hash of the exact statement and parameters to its count, for the first few
    hundred of them; ``looped`` tells that two of the queries came through exactly the same chain of
    calls, which only a loop does. ``plain`` is false when a related manager was narrowed (filtered,
    ordered, sliced), so that a plain prefetch would not answer it. ``conditions`` are the fields
    compared by equality when nothing else is asked, ``unique`` tells that the only one of them is
    the "primary key" or a "unique" column. ``offences`` are empty for a query that no row caused;
    ``strangers`` counts the queries caused by an object whose queryset was not seen (unpickled,
    constructed, older than the recording). ``application`` tells that the project's own code caused
    them, not a library's.
    """

    fingerprint: str
    digest: str
    kind: Literal["select", "insert", "update", "delete", "transaction", "other"]
    database: str
    vendor: str
    tables: tuple[str, ...]
    operation: str
    count: int
    duration_ms: float
    slowest_ms: float
    location: Location | None
    template: TemplateLine | None
    application: bool
    model: str | None = None
    manager: str = "objects"
    relation: Relation | None = None
    plain: bool = True
    direct: bool = True
    conditions: tuple[str, ...] = ()
    unique: str = ""
    looped: bool = False
    batched: bool = False
    failures: int = 0
    repeats: dict[int, int] = field(default_factory=dict)
    strangers: int = 0
    offences: tuple[Offence, ...] = ()


class TimelineEntry(NamedTuple):
    """One query in the order it ran: its group's index, start and length in nanoseconds."""

    group: int
    start_ns: int
    duration_ns: int


@dataclass(frozen=True, slots=True)
class Trace:
    """All queries of one request, transaction control left out.

    ``distinct`` is the number of fingerprints. ``truncated`` counts the queries beyond the limit
    of groups: they are in ``queries`` and ``database_ms`` but in no group.
    """

    name: str
    request: str | None
    status: int | None
    duration_ms: float
    queries: int
    distinct: int
    database_ms: float
    groups: tuple[QueryGroup, ...] = ()
    sources: tuple[Source, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    truncated: int = 0
    version: int = TRACE_VERSION

    def as_dict(self) -> dict[str, Any]:
        """The trace as JSON types. It holds no parameters, and literals in SQL are masked."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Trace:
        """Read what :meth:`as_dict` wrote.

        Raises ValueError when the data is of another version or not a trace.
        """
        if not isinstance(data, dict) or data.get("version") != TRACE_VERSION:
            raise ValueError(f"not a queryscope trace of version {TRACE_VERSION}")
        try:
            return cls(
                **{
                    **data,
                    "groups": tuple(_group(g) for g in data["groups"]),
                    "sources": tuple(_source(s) for s in data["sources"]),
                    "timeline": tuple(TimelineEntry(*t) for t in data["timeline"]),
                }
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a queryscope trace: {error!r}") from error


def _group(data: dict[str, Any]) -> QueryGroup:
    return QueryGroup(
        **{
            **data,
            "tables": tuple(data["tables"]),
            "conditions": tuple(data["conditions"]),
            "location": _location(data["location"]),
            "template": _template(data["template"]),
            "relation": _relation(data["relation"]),
            "repeats": {int(k): v for k, v in data["repeats"].items()},
            "offences": tuple(Offence(**o) for o in data["offences"]),
        }
    )


def _source(data: dict[str, Any]) -> Source:
    return Source(
        **{
            **data,
            "location": _location(data["location"]),
            "template": _template(data["template"]),
            "relation": _relation(data["relation"]),
            "deferred": tuple(data["deferred"]),
            "prefetched": tuple(data["prefetched"]),
        }
    )


def _location(data: dict[str, Any] | None) -> Location | None:
    return None if data is None else Location(**data)


def _template(data: dict[str, Any] | None) -> TemplateLine | None:
    return None if data is None else TemplateLine(**data)


def _relation(data: dict[str, Any] | None) -> Relation | None:
    return None if data is None else Relation(**data)
