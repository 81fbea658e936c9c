"""What a recording holds: plain, frozen data that serialises to JSON and back.

A :class:`Trace` is everything the database was asked during one request (or one ``record()``
block). Queries are grouped by fingerprint and by the place that caused them, so its size depends
on the code that ran, not on the number of rows.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from .decoding import Unfit, decode
from .sightings import Location, Reading, TemplateLine, Usage, Write

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
#: Operations that load related rows: for a queryset, or for objects that the code has in hand.
PREFETCHES = frozenset({"prefetch", "prefetch_object"})


@dataclass(frozen=True, slots=True)
class Relation:
    """One step from an object to what it is related to.

    ``model`` is the label of the model that owns the attribute ("projects.Task"), ``name`` the
    attribute as written in code (what ``prefetch_related`` takes), ``query_name`` the name that
    ``select_related`` and filters take. ``manager`` is the target's default manager, ``back`` the
    name by which the target's filters reach the owner, for relations to many; ``renamed`` tells
    that ``name`` is the ``to_attr`` of a Prefetch. ``reading`` is how a manager is narrowed, in a
    fix that narrows it the same way, ``annotated`` annotations of the related rows in a fix that
    counts what they have. ``children`` are labels of the models that inherit from the target.
    """

    model: str
    name: str
    query_name: str
    kind: RelationKind
    target: str
    manager: str = "objects"
    back: str = ""
    renamed: bool = False
    children: tuple[str, ...] = ()
    reading: Reading | None = None
    annotated: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return f"{self.model}.{self.name}"


@dataclass(frozen=True, slots=True)
class Source:
    """A queryset whose rows were seen to cause further queries, or may."""

    index: int
    model: str
    manager: str
    location: Location | None
    template: TemplateLine | None
    #: Index in ``Trace.sources`` of the rows it was reached from, by ``relation``; None without.
    parent: int | None = None
    relation: Relation | None = None
    #: At most one row by construction: ``get()``, ``[0]``, a filter on a unique column.
    single: bool = False
    loaded_by: Literal["queryset", "lazy", "prefetch", "select_related"] = "queryset"
    streamed: bool = False
    #: A line of the project evaluated it, not a library for a template or a serializer.
    written: bool = True
    #: ``location`` is the line that built it, or one that only evaluates it.
    built: bool = False
    evaluates: bool = False
    #: The line that takes it from there, where another one was seen building it.
    taken: Location | None = None
    #: A related manager was not narrowed.
    plain: bool = True
    #: One chain of calls evaluated it again and again.
    looped: bool = False
    #: The list of a ModelAdmin, or of one ``inline`` in another.
    changelist: bool = False
    inline: bool = False
    #: Foreign keys among a ModelAdmin's ``list_display``, which Django joins by itself.
    displayed: tuple[str, ...] = ()
    #: It fills a form's field.
    choices: bool = False
    #: Django looked for the rows to delete them.
    collected: bool = False
    raw: bool = False
    combined: bool = False
    #: The query itself bounds its rows.
    limited: bool = False
    #: Its rows are grouped, or joined with many others.
    multiplied: bool = False
    #: Its order by ``Meta.ordering``, which grouping takes away; None where that is no names.
    ordering: tuple[str, ...] | None = ()
    #: Its rows are dicts or tuples: ``values()``, ``values_list()``.
    values: bool = False
    #: ``select_for_update()``: what it joins is locked, too.
    locked: bool = False
    #: Its rows can load what they need for all of them at once (Django 6.1).
    fetch_modes: bool = False
    #: The alias that ``using()`` names.
    using: str = ""
    #: Fields that ``only()`` names, and all that it or ``defer()`` leaves out.
    only: tuple[str, ...] = ()
    deferred: tuple[str, ...] = ()
    #: Lookups that it prefetches, and those that it joins by name.
    prefetched: tuple[str, ...] = ()
    selected: tuple[str, ...] = ()
    #: Labels of the models that inherit from its own: a library may hand out rows of these.
    children: tuple[str, ...] = ()
    reading: Reading | None = None
    evaluations: int = 0
    rows: int = 0
    #: Index of the queries that load it.
    group: int | None = None
    #: None where not all reads of its rows were seen.
    usage: Usage | None = None


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
    calls, which only a loop does, ``varied`` that these had different values. ``plain`` is false
    when a related manager was narrowed (filtered, ordered, sliced), so that a plain prefetch would
    not answer it. ``conditions`` are the fields compared by equality when nothing else is asked,
    ``unique`` tells that the only one of them is the "primary key" or a "unique" column.
    ``several`` is false where all were asked of one object.
    ``offences`` are empty for a query that no row caused; ``strangers`` counts the queries caused
    by an object whose queryset was not seen (unpickled, constructed, older than the recording).
    ``application`` tells that the project's own code caused them, not a library's; ``write`` is
    what a call that writes was given, ``field`` the form's field whose choices it loads.
    ``waits`` is "test" for the condition of a while loop and "while" for a line in one,
    ``asynchronous`` tells that the line is in an ``async def``, ``locked`` that the rows are locked
    (``select_for_update``), ``keys_listed`` that an IN list on a unique column bounds them.
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
    using: str = ""
    relation: Relation | None = None
    plain: bool = True
    reading: Reading | None = None
    direct: bool = True
    conditions: tuple[str, ...] = ()
    unique: str = ""
    looped: bool = False
    varied: bool = False
    several: bool = True
    batched: bool = False
    failures: int = 0
    repeats: dict[int, int] = field(default_factory=dict)
    strangers: int = 0
    offences: tuple[Offence, ...] = ()
    write: Write | None = None
    field: str = ""
    waits: str = ""
    asynchronous: bool = False
    locked: bool = False
    keys_listed: bool = False


class TimelineEntry(NamedTuple):
    """One query in the order it ran: its group's index, start and length in nanoseconds."""

    group: int
    start_ns: int
    duration_ns: int


@dataclass(frozen=True, slots=True)
class Trace:
    """All queries of one request, transaction control left out.

    ``distinct`` is the number of fingerprints. ``truncated`` counts the queries beyond the limit
    of groups: they are in ``queries`` and ``database_ms`` but in no group. ``watched`` tells that
    the reads of loaded rows were watched; see ``Source.usage``. ``rows`` maps the labels of models
    to the most rows that one evaluation brought.
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
    watched: bool = False
    rows: dict[str, int] = field(default_factory=dict)
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
            return decode(cls, data)
        except Unfit as error:
            raise ValueError(f"not a queryscope trace: {error}") from error
